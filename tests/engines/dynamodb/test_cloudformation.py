"""The CloudFormation template and `tables create` make the same tables: compared field by field, deployed neither."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.services.tables.cloudformation import logical_id, tables_stack
from commercive_cli.store.schema import TABLES, Table
from tests.engines.dynamodb.doubles import Request, serving, store_at, success

PREFIX = "shop_"


def created(table: Table) -> dict[str, Any]:
    """Return every field that `create` sends for a table, under the names that CloudFormation has for them."""
    with serving(lambda _: success(Table={"TableStatus": "ACTIVE"})) as server:
        with closing(store_at(server.url, prefix=PREFIX)) as store:
            store.create_table(table)
        sent = {request.operation: fields(request) for request in server.requests}
    sent.pop("DescribeTable")
    sse = sent["CreateTable"].pop("SSESpecification", {"Enabled": False})
    return {
        **sent.pop("CreateTable"),
        "SSESpecification": {"SSEEnabled": sse["Enabled"]},
        **{name: value for more in sent.values() for name, value in more.items()},
    }


def fields(request: Request) -> dict[str, Any]:
    return {name: value for name, value in request.parameters.items() if name != "ClientRequestToken"}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_template_and_create_agree(table: Table) -> None:
    """Every field that one declares the other does too, with the same value: stacks and `create` do not drift."""
    resource = tables_stack(PREFIX)["Resources"][logical_id(table)]

    assert created(table) == resource["Properties"]
    assert ("AWS::DynamoDB::Table", "Retain") == (resource["Type"], resource["DeletionPolicy"])


def test_the_template_holds_the_tables_alone() -> None:
    """Six resources, for who deploys the API otherwise."""
    assert {logical_id(table) for table in TABLES} == set(tables_stack(PREFIX)["Resources"])


def test_cfn_lint_has_nothing_to_say(tmp_path: Path) -> None:
    """Neither errors nor warnings."""
    path = tmp_path / "tables.json"
    path.write_text(json.dumps(tables_stack(PREFIX)))
    linted = subprocess.run(  # noqa: S603 - the linter of this environment
        [sys.executable, "-c", "from cfnlint.runner import main; main()", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (linted.returncode, linted.stdout)
