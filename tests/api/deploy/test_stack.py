"""The stack that `api template` prints: valid, and with no right that the actions do not use."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.api.deploy.permissions import TABLE_ACCESS
from commercive_cli.api.deploy.stack import api_stack
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.tables.cloudformation import table_resources
from commercive_cli.store.items import Item, Key
from commercive_cli.store.port import Page, Query
from commercive_cli.store.schema import TABLES, Table
from commercive_cli.store.writes import Put, Update, Write
from tests.api.test_seed_requests import LEAD, begin, make_link, submit
from tests.api.world import Client, World, services_over

RESOURCES: dict[str, Any] = api_stack("commercive_")["Resources"]
FUNCTION: dict[str, Any] = RESOURCES["ApiFunction"]["Properties"]
IMPORTED = "conversation-of-another-backend"


class Recording(SQLiteStore):
    """Notes which calls are made on which table, in DynamoDB's words."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.reads: dict[str, set[str]] = defaultdict(set)
        self.writes: dict[str, set[str]] = defaultdict(set)
        self.indexes: dict[str, set[str]] = defaultdict(set)

    def get(self, table: Table, key: Key) -> Item | None:
        self.reads[table.name].add("GetItem")
        return super().get(table, key)

    def query(self, query: Query) -> Page:
        if query.index is None:
            self.reads[query.table.name].add("Query")
        else:
            self.indexes[query.table.name].add(query.index)
        return super().query(query)

    def transact(self, *writes: Write) -> None:
        names = {Put: "PutItem", Update: "UpdateItem"}
        for write in writes:
            self.writes[write.table.name].add(names.get(type(write), type(write).__name__))
        super().transact(*writes)


def use_everything(client: Client) -> None:
    """Call every action in every way that reads or writes something else."""
    conversation_id, link_id = begin(client), make_link(client)
    client.post("chat/send", key="k", user_id="user-123", message="hi", conversation_id=conversation_id)
    client.post("chat/send", key="k", user_id="user-123", message="hi", conversation_id=conversation_id)
    client.post("chat/reply", conversation_id=conversation_id, admin_id="a", message="hi", if_last="other")
    client.post("chat/reply", conversation_id=IMPORTED, admin_id="a", message="hi")
    client.post("chat/mark-read", conversation_id=conversation_id, reader_type="admin")
    client.get("chat/messages", f"conversation_id={conversation_id}")
    client.get("chat/conversations", "user_id=user-123")
    client.get("admin/conversations")
    client.post("chat/close", conversation_id=conversation_id)
    make_link(client)
    client.get("affiliate/get-link", "affiliate_id=aff-1")
    client.post("affiliate/submit-lead", link_id="unknown", lead_data=LEAD)
    lead_id = submit(client, link_id)
    client.post("admin/approve-lead", lead_id=IMPORTED, decision="reject")
    client.post("admin/approve-lead", lead_id=lead_id, decision="approve", commission_amount=1)
    client.get("admin/leads")
    client.get("affiliate/stats", "affiliate_id=aff-1")


@pytest.fixture
def used(world: World, tmp_path: Path) -> Iterator[Recording]:
    with closing(Recording(tmp_path / "store.db")) as store:
        world.services = services_over(store, world.clock)
        use_everything(world.open())
        yield store


@pytest.mark.parametrize("calls", TABLE_ACCESS, ids=[calls.table.name for calls in TABLE_ACCESS])
def test_the_role_may_do_what_the_actions_do_and_nothing_else(used: Recording, calls: Any) -> None:
    """A right that no action needs is one that an attacker could use; a missing one is a 503 in production."""
    name = calls.table.name

    assert (used.reads[name], used.writes[name], used.indexes[name]) == (
        set(calls.reads),
        set(calls.writes),
        set(calls.indexes),
    )


def test_every_write_is_bound_to_transactions() -> None:
    """A plain UpdateItem that adds would count twice after a lost reply, so the role refuses it."""
    [tables, _] = RESOURCES["ApiRole"]["Properties"]["Policies"]
    writes = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}

    unbound = [
        statement
        for statement in tables["PolicyDocument"]["Statement"]
        if writes & set(statement["Action"])
        and statement.get("Condition") != {"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}}
    ]

    assert [] == unbound


def test_cfn_lint_finds_nothing(tmp_path: Path) -> None:
    """Neither errors nor warnings."""
    path = tmp_path / "stack.json"
    path.write_text(json.dumps(api_stack("commercive_")))

    linted = subprocess.run(  # noqa: S603 - the linter of this environment
        [sys.executable, "-c", "from cfnlint.runner import main; main()", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (linted.returncode, linted.stdout)


def test_the_stack_has_the_tables_as_declared() -> None:
    """Six tables that outlive the stack, encrypted, recoverable and protected from deletion."""
    tables = {name: each for name, each in RESOURCES.items() if each["Type"] == "AWS::DynamoDB::Table"}

    assert set(table_resources("commercive_")) == set(tables)
    assert sorted("commercive_" + table.name for table in TABLES) == sorted(
        each["Properties"]["TableName"] for each in tables.values()
    )
    for each in tables.values():
        properties = each["Properties"]
        assert ("Retain", "Retain") == (each["DeletionPolicy"], each["UpdateReplacePolicy"])
        assert properties["DeletionProtectionEnabled"]
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert "SSESpecification" in properties
        assert "PAY_PER_REQUEST" == properties["BillingMode"]


def test_the_operations_table_forgets() -> None:
    """Its time to live is on, in seconds."""
    specification = RESOURCES["OpsTable"]["Properties"]["TimeToLiveSpecification"]

    assert {"AttributeName": "expires_at", "Enabled": True} == specification


def test_the_function_checks_tokens_and_holds_no_secret_in_the_template() -> None:
    """Mode jwt; secrets are parameters without echo, or made within the stack."""
    variables = FUNCTION["Environment"]["Variables"]
    parameters = api_stack("p_")["Parameters"]

    assert "jwt" == variables["COMMERCIVE_API_AUTH"]
    assert [True, True] == [parameters[name]["NoEcho"] for name in ("JwtSecret", "SupabaseKey")]
    assert "resolve:secretsmanager" in json.dumps(variables["COMMERCIVE_ADDRESS_KEY"])


def test_the_url_and_the_function_know_the_same_origins() -> None:
    """The URL alone sends headers, the function refuses what the URL lets through; the list is a parameter."""
    cors = RESOURCES["ApiUrl"]["Properties"]["Cors"]
    variables = FUNCTION["Environment"]["Variables"]

    assert {"Ref": "AllowedOrigins"} == cors["AllowOrigins"]
    assert {"Fn::Join": [",", {"Ref": "AllowedOrigins"}]} == variables["COMMERCIVE_CORS_ORIGINS"]
    assert "url" == variables["COMMERCIVE_CORS_HEADERS"]
    assert "https://dashboard.commercive.co" == api_stack("p_")["Parameters"]["AllowedOrigins"]["Default"]


@pytest.mark.parametrize(
    ("origin", "accepted"),
    [
        ("https://dashboard.commercive.co", True),
        ("http://localhost:3000", True),
        ("*", False),
        ("https://*.commercive.co", False),
        ("https://dashboard.commercive.co/", False),
        ("https://Dashboard.commercive.co", False),
        ("null", False),
        ("", False),
    ],
)
def test_the_stack_takes_the_origins_that_the_function_takes(origin: str, accepted: bool) -> None:
    """A wildcard would let every page call; CloudFormation refuses it before anything is deployed."""
    pattern = api_stack("p_")["Parameters"]["AllowedOrigins"]["AllowedPattern"]

    assert accepted == bool(re.search(pattern, origin))


def test_operators_hear_of_errors_latency_and_throttles() -> None:
    """And nobody can spend more than the reserved concurrency."""
    alarms = [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::CloudWatch::Alarm"]

    assert {"Errors", "Url5xxCount", "Throttles", "Duration"} == {alarm["MetricName"] for alarm in alarms}
    assert {"Ref": "ReservedConcurrency"} == FUNCTION["ReservedConcurrentExecutions"]


def test_the_handler_of_the_template_is_there() -> None:
    """The name in the template is importable."""
    module, _, name = str(FUNCTION["Handler"]).rpartition(".")
    handler: Callable[..., Any] = getattr(__import__(module, fromlist=[name]), name)

    assert callable(handler)
