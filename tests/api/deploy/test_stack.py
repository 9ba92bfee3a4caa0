"""The stack that `api template` prints is valid, complete and restrictive."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.api.deploy.stack import api_stack
from commercive_cli.services.tables.cloudformation import table_resources
from commercive_cli.settings.api import load_api
from commercive_cli.settings.resolve import load
from commercive_cli.store.schema import TABLES
from tests.api.http.test_cors import PREFLIGHT as PREFLIGHT_HEADERS
from tests.api.world import Client

RESOURCES: dict[str, Any] = api_stack("commercive_")["Resources"]
FUNCTION: dict[str, Any] = RESOURCES["ApiFunction"]["Properties"]


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
    secrets = ("JwtSecret", "SupabaseKey", "AnswerToken")
    assert [True] * 3 == [parameters[name]["NoEcho"] for name in secrets]
    assert "resolve:secretsmanager" in json.dumps(variables["COMMERCIVE_ADDRESS_KEY"])


class Environment(Mapping[str, str]):
    """Records which variables are read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.given = values
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


def test_every_variable_of_the_function_is_one_that_it_reads(tmp_path: Path) -> None:
    """A variable that is spelled otherwise in the stack would leave its setting at the default."""
    environ = Environment(
        {
            "COMMERCIVE_ADDRESS_KEY": "k" * 32,
            "COMMERCIVE_CONFIG": str(tmp_path / "config.toml"),
            "COMMERCIVE_SUPABASE_URL": "https://project.supabase.co",
        }
    )

    load_api(environ)
    load(environ)

    assert set() == set(FUNCTION["Environment"]["Variables"]) - environ.read


def test_the_url_and_the_function_know_the_same_origins() -> None:
    """The URL alone sends CORS headers, the function refuses other origins; the list is a parameter."""
    cors = RESOURCES["ApiUrl"]["Properties"]["Cors"]
    variables = FUNCTION["Environment"]["Variables"]

    assert {"Ref": "AllowedOrigins"} == cors["AllowOrigins"]
    assert {"Fn::Join": [",", {"Ref": "AllowedOrigins"}]} == variables["COMMERCIVE_CORS_ORIGINS"]
    assert "url" == variables["COMMERCIVE_CORS_HEADERS"]
    assert "https://dashboard.commercive.co" == api_stack("p_")["Parameters"]["AllowedOrigins"]["Default"]


def test_the_url_and_the_function_permit_the_same_headers(guarded: Client) -> None:
    """Where the URL answers preflights, a parameter holds what pages send beyond the usual."""
    [separator, choice] = RESOURCES["ApiUrl"]["Properties"]["Cors"]["AllowHeaders"]["Fn::Split"]
    [condition, further, usual] = choice["Fn::If"]

    permitted = guarded.send("OPTIONS", "", None, PREFLIGHT_HEADERS).headers["access-control-allow-headers"].split(", ")
    assert permitted == usual.split(separator)
    assert ("HasExtraCorsHeaders", {"Fn::Sub": f"{usual},${{ExtraCorsHeaders}}"}) == (condition, further)


@pytest.mark.parametrize(
    ("parameter", "value", "accepted"),
    [
        ("ExtraCorsHeaders", "", True),
        ("ExtraCorsHeaders", "x-trace,X-Client_2", True),
        ("ExtraCorsHeaders", "*", False),
        ("ExtraCorsHeaders", "x-trace,", False),
        ("ExtraCorsHeaders", "x-trace, x-b", False),
        ("FallbackUrl", "", True),
        ("FallbackUrl", "https://crm.example/old", True),
        ("FallbackUrl", "http://crm.example", False),
        ("FallbackUrl", "https://crm.example/?key=1", False),
        ("SupabaseUrl", "https://project.supabase.co", True),
        ("SupabaseUrl", "https://project.supabase.co/auth/v1", False),
        ("SupabaseUrl", '"https://project.supabase.co"', False),
        ("SupabaseUrl", "https://Project.supabase.co", False),
        ("JwtSecret", "", True),
        ("JwtSecret", "s" * 40, True),
        ("JwtSecret", "s" * 40 + " ", False),
        ("JwtSecret", '"' + "s" * 40 + '"', False),
        ("SupabaseKey", "sb_secret_abc", True),
        ("SupabaseKey", "'sb_secret_abc'", False),
        ("ApprovalCeiling", "", True),
        ("ApprovalCeiling", "0", True),
        ("ApprovalCeiling", "500.5", True),
        ("ApprovalCeiling", "999999.99", True),
        ("ApprovalCeiling", "1000000.00", True),
        ("ApprovalCeiling", "1000000.01", False),
        ("ApprovalCeiling", "-1", False),
        ("ApprovalCeiling", "10.005", False),
        ("ApprovalCeiling", "1,000", False),
        ("AnswerToken", "", True),
        ("AnswerToken", "t" * 32, True),
        ("AnswerToken", "t" * 31, False),
        ("AnswerToken", "t" * 32 + " ", False),
    ],
)
def test_the_stack_takes_the_settings_that_the_function_takes(parameter: str, value: str, accepted: bool) -> None:
    """A mistake is refused before anything is deployed, not by a function that does not start."""
    pattern = api_stack("p_")["Parameters"][parameter]["AllowedPattern"]

    assert accepted == bool(re.search(pattern, value))


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
