"""The stack that `api template` prints is valid, complete and restrictive."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.api.deploy.runtimes import Architecture, runtime_of
from commercive_cli.api.deploy.stack import api_stack
from commercive_cli.api.http.local_events import http_event
from commercive_cli.services.tables.cloudformation import table_resources
from commercive_cli.settings.api import load_api
from commercive_cli.settings.fallback import FallbackSettings
from commercive_cli.settings.resolve import load
from commercive_cli.settings.secret_values import SECRETS, with_secrets
from commercive_cli.store.schema import TABLES
from tests.api.deploy.evaluation import deployed
from tests.api.http.test_cors import PREFLIGHT as PREFLIGHT_HEADERS
from tests.api.world import Client, Issuer, World

PSEUDO_ARN = "arn:aws:made:eu-west-1:123456789012:"
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


def test_the_function_checks_tokens_and_is_told_no_secret() -> None:
    """Mode jwt; no parameter and no variable is a secret: whoever may look at the function sees none."""
    stack = deployed(api_stack("p_"))
    variables = stack.resources["ApiFunction"]["Properties"]["Environment"]["Variables"]

    assert "jwt" == variables["COMMERCIVE_API_AUTH"]
    assert set() == set(SECRETS) & variables.keys()
    assert variables["COMMERCIVE_SECRETS"] == stack.outputs["Secrets"] == PSEUDO_ARN + "ApiSecrets"
    assert [] == [name for name, each in api_stack("p_")["Parameters"].items() if "NoEcho" in each]


def test_the_secret_that_nobody_else_has_to_know_is_made_once() -> None:
    """In the document from which the function starts; AWS generates it anew when one of these words changes."""
    generated = RESOURCES["ApiSecrets"]["Properties"]["GenerateSecretString"]

    assert {
        "SecretStringTemplate": "{}",
        "GenerateStringKey": "COMMERCIVE_ADDRESS_KEY",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    } == generated


def test_a_new_account_can_deploy_it() -> None:
    """Nothing is reserved of a concurrency that may be ten in all; whoever sets a number gets it."""
    plain = deployed(api_stack("p_")).resources["ApiFunction"]["Properties"]
    reserved = deployed(api_stack("p_"), ReservedConcurrency="50").resources["ApiFunction"]["Properties"]

    assert (None, "50") == tuple(each.get("ReservedConcurrentExecutions") for each in (plain, reserved))


@pytest.mark.parametrize("own", ["true", "false"])
def test_the_function_comes_after_its_tables(own: str) -> None:
    """It never runs without them; where they were made before, it waits for none."""
    stack = deployed(api_stack("p_"), CreateTables=own)

    assert (set(table_resources("p_")) if own == "true" else set()) == {
        name for name in stack.first("ApiFunction") if name.endswith("Table")
    }


def test_the_template_fits_into_a_request() -> None:
    """As it is printed, for tables with a long prefix: AWS takes 51,200 bytes without a bucket (CloudFormation quotas).

    The policies within a role may have 10,240 characters (IAM quotas).
    """
    prefix = "p" * 64
    stack = deployed(api_stack(prefix), EncryptionKey="new")
    policies = stack.resources["ApiRole"]["Properties"]["Policies"]

    assert len(json.dumps(api_stack(prefix), indent=1)) < 51_200
    assert sum(len(json.dumps(each["PolicyDocument"])) for each in policies) < 10_240


CUSTOMERS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(("key", "arn"), [("new", PSEUDO_ARN + "DataKey.Arn"), (CUSTOMERS_KEY, CUSTOMERS_KEY)])
def test_one_key_encrypts_all_that_is_kept(key: str, arn: str) -> None:
    """Tables, log, variables and secrets; the role may use it through the services that it needs, and not directly."""
    resources = deployed(api_stack("p_"), EncryptionKey=key).resources
    properties = {name: each["Properties"] for name, each in resources.items()}
    tables = [properties[name]["SSESpecification"] for name in table_resources("p_")]
    [statements] = [
        each["PolicyDocument"]["Statement"] for each in properties["ApiRole"]["Policies"] if each["PolicyName"] == "key"
    ]
    through = {
        one: each["Action"] for each in statements for one in each["Condition"]["StringEquals"]["kms:ViaService"]
    }

    assert [{"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": arn}] * 6 == tables
    assert [arn] * 3 == [
        properties["ApiLog"]["KmsKeyId"],
        properties["ApiFunction"]["KmsKeyArn"],
        properties["ApiSecrets"]["KmsKeyId"],
    ]
    assert [[arn]] * 2 == [each["Resource"] for each in statements]
    services = {f"{name}.eu-west-1.amazonaws.com" for name in ("dynamodb", "lambda", "secretsmanager")}
    assert services == through.keys()
    assert all("kms:Decrypt" in actions for actions in through.values())
    assert ("DataKey" in resources) == (key == "new")


def test_the_new_key_outlives_the_stack_and_serves_the_logs_of_this_account() -> None:
    """Without it nothing in the tables, which stay, could be read; only logs need a word in its policy."""
    key = deployed(api_stack("p_"), EncryptionKey="new").resources["DataKey"]
    owner, logs = key["Properties"]["KeyPolicy"]["Statement"]

    assert ("Retain", "Retain", True) == (
        key["DeletionPolicy"],
        key["UpdateReplacePolicy"],
        key["Properties"]["EnableKeyRotation"],
    )
    assert {"AWS": "arn:aws:iam::123456789012:root"} == owner["Principal"]
    assert {"Service": "logs.eu-west-1.amazonaws.com"} == logs["Principal"]
    context = {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:123456789012:*"}
    assert {"ArnLike": context} == logs["Condition"]


def test_without_a_key_everything_is_as_aws_has_it() -> None:
    """No property names one, and the role may use none."""
    resources = deployed(api_stack("p_")).resources

    assert "kms" not in json.dumps(resources).lower()
    assert [{"SSEEnabled": False}] * 6 == [
        resources[name]["Properties"]["SSESpecification"] for name in table_resources("p_")
    ]


@pytest.mark.parametrize("secret", ["COMMERCIVE_ORIGIN_SECRET", "COMMERCIVE_ORIGIN_SECRET_2"])
def test_cloudfront_reaches_the_function_with_its_secret(secret: str) -> None:
    """At the URL's own name, by TLS, with either value of the secret; errors are not kept, nor is anything else."""
    stack = deployed(api_stack("p_"), CloudFrontSecret=secret)
    config = stack.resources["ApiDistribution"]["Properties"]["DistributionConfig"]
    [origin] = config["Origins"]
    [header] = origin["OriginCustomHeaders"]
    cache = stack.resources["ApiCachePolicy"]["Properties"]["CachePolicyConfig"]

    assert ("abc123.lambda-url.eu-west-1.on.aws", "https-only") == (
        origin["DomainName"],
        origin["CustomOriginConfig"]["OriginProtocolPolicy"],
    )
    assert "x-commercive-origin" == header["HeaderName"]
    assert f"{{{{resolve:secretsmanager:{PSEUDO_ARN}ApiSecrets:SecretString:{secret}}}}}" == header["HeaderValue"]
    assert {"https-only"} == {config["DefaultCacheBehavior"]["ViewerProtocolPolicy"]}
    assert {0} == {each["ErrorCachingMinTTL"] for each in config["CustomErrorResponses"]}
    assert (0, 0) == (cache["MinTTL"], cache["DefaultTTL"])
    assert stack.outputs["CloudFrontUrl"].startswith("https://")


def test_cloudfront_has_a_firewall_where_one_is_named() -> None:
    """By its ARN; otherwise none."""
    firewall = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/1234"
    named = deployed(api_stack("p_"), CloudFrontSecret="COMMERCIVE_ORIGIN_SECRET", WebAclArn=firewall)
    plain = deployed(api_stack("p_"), CloudFrontSecret="COMMERCIVE_ORIGIN_SECRET")
    configs = [each.resources["ApiDistribution"]["Properties"]["DistributionConfig"] for each in (named, plain)]

    assert [firewall, None] == [config.get("WebACLId") for config in configs]


def test_cloudfront_passes_on_every_header_that_is_read(world: World, issuer: Issuer) -> None:
    """One that stays behind would be missed in production and nowhere else; it takes ten at most."""
    stack = deployed(api_stack("p_"), CloudFrontSecret="COMMERCIVE_ORIGIN_SECRET")
    cache = stack.resources["ApiCachePolicy"]["Properties"]["CachePolicyConfig"]
    [cached] = cache["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"]["Headers"]
    policy = stack.resources["ApiOriginPolicy"]["Properties"]["OriginRequestPolicyConfig"]
    forwarded = [name.lower() for name in policy["HeadersConfig"]["Headers"]]
    read = Environment({"x-commercive-origin": "o" * 40, "authorization": f"Bearer {issuer.token('user-a')}"})
    fallback = FallbackSettings("https://crm.example", ("crm/",))
    client = world.open("jwt", origin_secrets=("o" * 40,), only_cloudfront=True, fallback=fallback)
    for query, body in (("action=crm/x", None), ("", '{"action": "chat/send", "user_id": "user-a", "message": "Hi"}')):
        event = http_event("POST" if body else "GET", "/", query, {}, (body or "").encode(), "192.0.2.1")
        client.handle(event | {"headers": read, "isBase64Encoded": False, "body": body})

    assert {"idempotency-key", "origin", "content-type"} <= read.read
    assert set() == read.read - {cached.lower(), *forwarded, "x-commercive-origin"}
    assert len(forwarded) <= 10
    assert ("authorization", False) == (cached.lower(), "authorization" in forwarded)  # which no such policy may name


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
    stack = deployed(api_stack("p_"), CloudFrontSecret="COMMERCIVE_ORIGIN_SECRET", OnlyCloudFront="true")
    variables = stack.resources["ApiFunction"]["Properties"]["Environment"]["Variables"]
    document = {"COMMERCIVE_ADDRESS_KEY": "k" * 64, "COMMERCIVE_ORIGIN_SECRET": "o" * 40}
    environ = Environment(
        with_secrets({**variables, "COMMERCIVE_CONFIG": str(tmp_path / "config.toml")}, json.dumps(document))
    )

    settings = load_api(environ)
    load(environ)

    assert ("jwt", ("o" * 40,), True) == (settings.auth, settings.origin_secrets, settings.only_cloudfront)
    read_elsewhere = {"COMMERCIVE_SECRETS", "POWERTOOLS_LOG_LEVEL", "SECRETS_MANAGER_TTL"}  # by handler and libraries
    assert read_elsewhere == variables.keys() - environ.read


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
        ("ApprovalCeiling", "", True),
        ("ApprovalCeiling", "0", True),
        ("ApprovalCeiling", "500.5", True),
        ("ApprovalCeiling", "999999.99", True),
        ("ApprovalCeiling", "1000000.00", True),
        ("ApprovalCeiling", "1000000.01", False),
        ("ApprovalCeiling", "-1", False),
        ("ApprovalCeiling", "10.005", False),
        ("ApprovalCeiling", "1,000", False),
        ("ReservedConcurrency", "", True),
        ("ReservedConcurrency", "50", True),
        ("ReservedConcurrency", "0", False),
        ("ReservedConcurrency", "ten", False),
        ("EncryptionKey", "", True),
        ("EncryptionKey", "new", True),
        ("EncryptionKey", CUSTOMERS_KEY, True),
        ("EncryptionKey", "alias/commercive", False),
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
    """The topic that they tell is a parameter."""
    alarms = [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::CloudWatch::Alarm"]

    assert {"Errors", "Url5xxCount", "Throttles", "Duration"} == {alarm["MetricName"] for alarm in alarms}
    topic = "arn:aws:sns:eu-west-1:123456789012:alarms"
    told = deployed(api_stack("p_"), AlarmTopic=topic).resources
    assert {"ErrorsAlarm", "ServerErrorsAlarm", "ThrottlesAlarm", "LatencyAlarm"} == {
        name for name, each in told.items() if each["Properties"].get("AlarmActions") == [topic]
    }


def test_the_handler_of_the_template_is_there() -> None:
    """The name in the template is importable."""
    module, _, name = str(FUNCTION["Handler"]).rpartition(".")
    handler: Callable[..., Any] = getattr(__import__(module, fromlist=[name]), name)

    assert callable(handler)


@pytest.mark.parametrize(("architecture", "layer"), [("x86_64", "/x86/"), ("arm64", "/arm64/")])
def test_the_function_is_of_the_packages_runtime(architecture: Architecture, layer: str) -> None:
    """With the layer of that architecture; no parameter can say otherwise."""
    stack = api_stack("p_", runtime_of("3.14", architecture))
    function = stack["Resources"]["ApiFunction"]["Properties"]

    assert ("python3.14", [architecture]) == (function["Runtime"], function["Architectures"])
    assert [True] == [layer in each for each in function["Layers"]]
    assert "Runtime" not in stack["Parameters"]
