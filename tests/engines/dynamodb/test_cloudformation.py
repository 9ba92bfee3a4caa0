"""The CloudFormation template and `tables create` declare the same tables; compared without deploying either."""

import json
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.services.tables.cloudformation import logical_id, tables_stack
from commercive_cli.store.schema import TABLES, Table
from tests.engines.dynamodb.doubles import Request, serving, store_at, success

PREFIX = "shop_"
DEPLOYED = Path(__file__).with_name("deployed_indexes.json")


def created(table: Table) -> dict[str, Any]:
    """Return every field that `create` sends for a table, under CloudFormation's names."""
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
    """Template and `tables create` declare the same fields with the same values, so that they do not drift apart."""
    resource = tables_stack(PREFIX)["Resources"][logical_id(table)]

    assert created(table) == resource["Properties"]
    assert ("AWS::DynamoDB::Table", "Retain") == (resource["Type"], resource["DeletionPolicy"])


def test_the_template_holds_only_the_tables() -> None:
    """The template has the six tables and no other resource, for those who deploy the API in another way."""
    assert {logical_id(table) for table in TABLES} == set(tables_stack(PREFIX)["Resources"])


def indexes_of(template: dict[str, Any]) -> dict[str, Any]:
    """Return key and projection of each index of each table, as an update of a stack compares them."""
    return {
        name: {each["IndexName"]: in_words(each) for each in resource["Properties"].get("GlobalSecondaryIndexes", [])}
        for name, resource in template["Resources"].items()
    }


def in_words(index: dict[str, Any]) -> str:
    return ", ".join([*(key["AttributeName"] for key in index["KeySchema"]), index["Projection"]["ProjectionType"]])


def test_an_update_of_a_stack_makes_one_index_for_each_table() -> None:
    """DynamoDB makes or drops one index of a table in an update, and a stack that wants two is rolled back.

    DEPLOYED has the indexes of all templates so far, oldest first. Add the one that you made, one index at a time.
    """
    templates = json.loads(DEPLOYED.read_text())

    assert indexes_of(tables_stack(PREFIX)) == templates[-1]
    for before, after in pairwise(templates):
        assert before.keys() == after.keys()
        for name, indexes in after.items():
            changed = {each for each in {**before[name], **indexes} if before[name].get(each) != indexes.get(each)}
            assert len(changed) <= 1, f"{name}: {changed} at once"
            assert changed.isdisjoint(before[name].keys() & indexes.keys()), f"{name}: {changed} cannot be changed"


def test_cfn_lint_accepts_the_template(tmp_path: Path) -> None:
    """cfn-lint finds no errors and no warnings in the template."""
    path = tmp_path / "tables.json"
    path.write_text(json.dumps(tables_stack(PREFIX)))
    linted = subprocess.run(  # noqa: S603 - the linter of this environment
        [sys.executable, "-c", "from cfnlint.runner import main; main()", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (linted.returncode, linted.stdout)
