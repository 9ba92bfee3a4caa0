"""What goes over the wire, and what is made of the replies: as botocore's own client would do it."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.configprovider import ConstantProvider
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.session import Session

from commercive_cli.domain.clock import StoreTime
from commercive_cli.domain.errors import CommerciveError, Misconfigured
from commercive_cli.engines.dynamodb.destination import Destination, description_loader
from commercive_cli.engines.dynamodb.failure_kinds import reasons_of, status_of
from commercive_cli.engines.dynamodb.replies import read_reply
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.engines.dynamodb.wire import Wire
from commercive_cli.store.items import OtherValue, encode_item
from commercive_cli.store.schema import AFFILIATE_STATS, CONVERSATIONS
from tests.engines.dynamodb.doubles import (
    NAMESPACE,
    Reply,
    cancelled,
    isolated_session,
    refusal,
    script,
    serving,
    session_without_credentials,
    store_at,
    success,
)

ROOT = Path(__file__).parents[3]
ACCOUNT = "123456789012"
KEY = {"affiliate_id": "ann", "marketplace": "shop"}
MODES = ("preferred", "disabled", "required")
OF_PARTITIONS = ("eu-west-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1")
OLDER_LIST = ("eu-isoe-west-1", "us-isof-east-1", "us-isof-south-1")
"""Where botocore's older list of endpoints knows no dual stack, and the rules, by which it sends, do."""

Sent = tuple[str, str]
"""The URL of a request, and region and service of its signature."""


class _Body:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]


class Bench:
    """A session that sends nothing, by botocore's client and by ours, and the requests that it would have sent."""

    def __init__(self, reply: Reply = success(), **variables: str) -> None:  # noqa: B008 - it is never changed
        self.session = isolated_session(**variables)
        self.requests: list[Any] = []
        self._reply = reply
        loader = description_loader(self.session.get_config_variable("data_path"))
        self.session.register_component("data_loader", loader)
        note: Any = self._note
        self.session.register("before-send.dynamodb", note)
        self.session.set_credentials("A", "S")

    def _note(self, **event: Any) -> Any:
        reply: Any = self._reply
        self.requests.append(event["request"])
        return AWSResponse(event["request"].url, reply.status, reply.headers, _Body(reply.body))

    def by_botocore(self, region: str, url: str | None = None, operation: str = "list_tables", **asked: Any) -> Any:
        client: Any = self.session.create_client("dynamodb", region, endpoint_url=url, config=ONCE)
        getattr(client, operation)(**asked)
        return client

    def by_us(self, region: str, url: str | None = None, operation: str = "ListTables", **asked: Any) -> Any:
        wire = Wire(self.session, Destination(self.session, region, url), (1.0, 2.0), StoreTime().local)
        response = wire.send(operation, asked)
        read_reply(operation, response.status_code, response.headers, response.content)
        return wire

    def aim(self, region: str) -> Sent | str:
        """Return where a request of ours goes, as `where` does, without connections."""
        try:
            target = Destination(self.session, region, None).target()
        except BotoCoreError:
            return "nowhere"
        return f"{target.url}/", f"{target.region}/dynamodb"

    def where(self, send: Callable[..., Any], region: str, url: str | None = None) -> Sent | str:
        """Return where a request goes that is sent by `send`, "nowhere" when it is refused."""
        self.requests.clear()
        try:
            send(region, url)
        except (BotoCoreError, ValueError):
            return "nowhere"
        scope = _text(self.requests[-1].headers["Authorization"]).partition("Credential=")[2].partition(",")[0]
        return self.requests[-1].url, "/".join(scope.split("/")[2:4])


ONCE = Config(
    connect_timeout=1.0,
    read_timeout=2.0,
    max_pool_connections=50,
    parameter_validation=False,
    retries={"mode": "standard", "total_max_attempts": 1},
)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def regions() -> list[str]:
    """Return all regions that botocore knows, those that are none, and some that nobody knows yet."""
    session = Session()
    known = [
        each
        for partition in session.get_available_partitions()
        for each in session.get_available_regions("dynamodb", partition, allow_non_regional=True)
    ]
    return [*known, "eu-west-99", "fips-eu-west-1", "nowhere", "-no-"]


def test_requests_go_where_botocore_sends_them_in_every_region() -> None:
    """Also to FIPS and dual-stack endpoints; what botocore would not send is not sent."""
    bench = Bench()
    found: dict[tuple[str, bool, bool], tuple[Sent | str, Sent | str]] = {}
    for fips, dual in product((False, True), repeat=2):
        bench.session.set_config_variable("use_fips_endpoint", fips)
        bench.session.set_config_variable("use_dualstack_endpoint", dual)
        for region in regions():
            found[region, fips, dual] = bench.where(bench.by_botocore, region), bench.aim(region)
    different = {case for case, (theirs, ours) in found.items() if ours != theirs}

    assert {(region, fips, True) for region in OLDER_LIST for fips in (False, True)} == different
    assert {"nowhere"} == {found[case][0] for case in different}
    assert len({theirs for theirs, _ in found.values()}) > 120


def test_accounts_have_endpoints_of_their_own() -> None:
    """Where the credentials say which account they are of, and the mode allows it."""
    bench = Bench()
    found: list[tuple[Sent | str, Sent | str]] = []
    for account, mode, fips, dual in product((None, ACCOUNT), MODES, (False, True), (False, True)):
        bench.session.set_credentials("A", "S", account_id=account)
        for name, value in {
            "account_id_endpoint_mode": mode,
            "use_fips_endpoint": fips,
            "use_dualstack_endpoint": dual,
        }.items():
            bench.session.set_config_variable(name, value)
        found += [(bench.where(bench.by_botocore, each), bench.where(bench.by_us, each)) for each in OF_PARTITIONS]

    assert [theirs for theirs, _ in found] == [ours for _, ours in found]
    assert (f"https://{ACCOUNT}.ddb.eu-west-1.amazonaws.com/", "eu-west-1/dynamodb") in [ours for _, ours in found]


URLS: dict[str, tuple[dict[str, object], str | None, str]] = {
    "nothing": ({}, None, "dynamodb.eu-west-1.amazonaws.com"),
    "dual stack": ({"use_dualstack_endpoint": True}, None, "dynamodb.eu-west-1.api.aws"),
    "FIPS": ({"use_fips_endpoint": True}, None, "dynamodb-fips.eu-west-1.amazonaws.com"),
    "an account": ({}, ACCOUNT, f"{ACCOUNT}.ddb.eu-west-1.amazonaws.com"),
    "an account, not named": ({"account_id_endpoint_mode": "disabled"}, ACCOUNT, "dynamodb.eu-west-1.amazonaws.com"),
}


@pytest.mark.parametrize("case", URLS)
def test_each_setting_of_endpoints_is_heeded(case: str) -> None:
    """FIPS, dual stack, and whether the URL names the account that the credentials are of."""
    settings, account, host = URLS[case]
    session = Bench().session
    for name, value in settings.items():
        session.set_config_variable(name, value)

    assert (f"https://{host}", "eu-west-1") == Destination(session, "eu-west-1", None).target(account)


def test_an_account_that_is_required_need_not_be_known_to_show_the_endpoint() -> None:
    """What is shown to people names no account; requests without one are refused, as botocore refuses them."""
    session = Bench().session
    session.set_config_variable("account_id_endpoint_mode", "required")
    to = Destination(session, "eu-west-1", None)

    assert "https://dynamodb.eu-west-1.amazonaws.com" == to.url
    with pytest.raises(BotoCoreError, match="AccountId"):
        to.target()


ONE_OF_A_FEW = {
    "account_id_endpoint_mode": "REQUIRED",
    "request_checksum_calculation": "WHEN_REQUIRED",
    "response_checksum_validation": "when_required",
    "sts_regional_endpoints": "Legacy",
}


@pytest.mark.parametrize("name", ONE_OF_A_FEW)
def test_a_setting_that_botocore_would_refuse_is_refused(name: str) -> None:
    """The message has the words that it may be; in capitals they are well, and so is a botocore that knows none."""
    session = Bench().session
    store: Any = session.get_component("config_store")
    for well in (None, ONE_OF_A_FEW[name]):
        store.set_config_provider(name, ConstantProvider(well))
        assert Destination(session, "eu-west-1", "http://h.test").url
    store.set_config_provider(name, ConstantProvider("nonsense"))

    with pytest.raises(Misconfigured, match=f"{name} is 'nonsense'; it must be .* or "):
        Destination(session, "eu-west-1", "http://h.test")


PLACES = """
[profile global]
endpoint_url = http://global.test:1
[profile service]
endpoint_url = http://global.test:1
services = places
[profile ignoring]
endpoint_url = http://global.test:1
ignore_configured_endpoint_urls = true
[profile lost]
services = nowhere
[profile wrong]
endpoint_url = no URL
[profile fips]
use_fips_endpoint = true
endpoint_url = http://global.test:1/a/b
[services places]
dynamodb =
  endpoint_url = http://service.test:2
"""


@pytest.mark.parametrize("url", [None, "https://h.test/a/b?c=d", "http://[::1]:8000"])
@pytest.mark.parametrize("profile", ["global", "service", "ignoring", "lost", "wrong", "fips"])
@pytest.mark.parametrize("variable", [None, "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
def test_a_configured_endpoint_is_found(
    url: str | None, profile: str, variable: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the store's URL, the environment, and AWS's files, in this order; or the files say to look at neither."""
    (tmp_path / "config").write_text(PLACES)
    if variable is not None:
        monkeypatch.setenv(variable, "https://environment.test")
    bench = Bench(config_file=str(tmp_path / "config"), profile=profile)

    assert bench.where(bench.by_botocore, "eu-west-1", url) == bench.where(bench.by_us, "eu-west-1", url)


def test_a_list_of_endpoints_of_ones_own_is_heeded(tmp_path: Path) -> None:
    """As botocore does that finds one in AWS's folder of models."""
    rule = {
        "regions": {"eu-west-1": {}},
        "services": {"dynamodb": {"endpoints": {"eu-west-1": {"hostname": "own.test"}}}},
    }
    rule |= {"partition": "aws", "partitionName": "A", "dnsSuffix": "amazonaws.com", "regionRegex": ".*"}
    rule["defaults"] = {
        "protocols": ["https"],
        "signatureVersions": ["v4"],
        "hostname": "{service}.{region}.{dnsSuffix}",
    }
    (tmp_path / "endpoints.json").write_text(json.dumps({"version": 3, "partitions": [rule]}))
    bench = Bench(data_path=str(tmp_path))
    found = bench.where(bench.by_us, "eu-west-1")

    assert bench.where(bench.by_botocore, "eu-west-1") == found == ("https://own.test/", "eu-west-1/dynamodb")


def test_an_unusual_endpoint_is_shown() -> None:
    """A region says the usual one; what AWS's configuration makes of it is said, and a local one is known as such."""
    sessions = [Bench().session for _ in range(3)]
    sessions[1].set_config_variable("use_fips_endpoint", True)
    stores = [
        DynamoDBStore(region, prefix="p_", session=session)
        for region, session in zip(("eu-west-1", "us-east-1", "local"), sessions, strict=True)
    ]

    assert [
        "dynamodb eu-west-1 prefix p_",
        "dynamodb us-east-1 at https://dynamodb-fips.us-east-1.amazonaws.com prefix p_",
        "dynamodb local at http://localhost:8000 prefix p_",
    ] == [store.target for store in stores]
    assert [False, False, True] == [store.local for store in stores]


CONNECTED: list[dict[str, str]] = [
    {},
    {"HTTPS_PROXY": "http://user:word@proxy.test:3128", "http_proxy": "proxy.test:1"},
    {"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": ".amazonaws.com"},
    {"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": "dynamodb.test"},
    {"AWS_CA_BUNDLE": "/there/is/one.pem", "REQUESTS_CA_BUNDLE": "/other.pem"},
    {"REQUESTS_CA_BUNDLE": "/other.pem"},
]


@pytest.mark.parametrize("environment", CONNECTED, ids=lambda each: " ".join(each))
@pytest.mark.parametrize("url", [None, "https://dynamodb.test", "http://127.0.0.1:8000"])
@pytest.mark.parametrize("keepalive", [False, True])
def test_connections_are_set_up_as_botocores(
    environment: dict[str, str], url: str | None, keepalive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same proxies, trusted certificates, time limits and socket options."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    bench = Bench()
    bench.session.set_config_variable("tcp_keepalive", keepalive)
    theirs = bench.by_botocore("eu-west-1", url)._endpoint.http_session
    ours = bench.by_us("eu-west-1", url)._http

    assert _settings(theirs) == _settings(ours)


def _settings(http: Any) -> list[object]:
    timeout = http._timeout
    return [
        type(http),
        http._verify,
        http._proxy_config._proxies,
        http._proxy_config.settings,
        (timeout.connect_timeout, timeout.read_timeout),
        http._max_pool_connections,
        http._socket_options,
        http._cert_file,
    ]


def test_a_request_is_the_one_that_botocore_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same operation, parameters and token, also of values that JSON does not have; and it says who sends it."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2;Sampled=1")
    bench = Bench()
    bench.session.set_credentials("A", "S", "the-token")
    values = {"text": "\ud800 \u2028 é 😀", "binary": OtherValue("B", (b"\xff\xfe\xfb?",))}
    item = encode_item({**KEY, **values, "many": OtherValue("BS", (b"", b"\xfb\xff")), "more": [1, {"a": None}]})
    bench.by_botocore("eu-west-1", None, "put_item", TableName="t", Item=item)
    bench.by_us("eu-west-1", None, "PutItem", TableName="t", Item=item)
    theirs, ours = bench.requests
    names = ("X-Amz-Target", "Content-Type", "X-Amz-Security-Token", "X-Amzn-Trace-Id")

    assert json.loads(theirs.body) == json.loads(ours.body)
    assert (theirs.method, theirs.url) == (ours.method, ours.url)
    assert [_text(theirs.headers[name]) for name in names] == [ours.headers[name] for name in names]
    assert (
        ours.headers["User-Agent"].endswith(_text(theirs.headers["User-Agent"]).partition("md/")[2].split()[0]) is False
    )


def test_nothing_is_sent_unsigned() -> None:
    """Whoever has no credentials hears that, and no server hears of it."""
    session = session_without_credentials()
    wire = Wire(session, Destination(session, "eu-west-1", "http://h.test"), (1.0, 2.0), StoreTime().local)

    with pytest.raises(NoCredentialsError):
        wire.send("ListTables", {})


def test_a_server_gets_what_it_needs() -> None:
    """A reply whose checksum can be checked, which no compression may change; and who asks."""
    with serving(script(success())) as server, closing(store_at(server.url)) as store:
        store.get(AFFILIATE_STATS, KEY)
    [request] = server.requests
    headers = {name.lower(): value for name, value in request.headers.items()}

    assert "identity" == headers["accept-encoding"]
    assert str(len(request.raw)) == headers["content-length"]
    assert headers["user-agent"].startswith("commercive/")
    assert "Botocore" in headers["user-agent"]
    assert "x-amz-security-token" not in headers


READ = """
import sys
opened = []
sys.addaudithook(lambda event, told: opened.append(str(told[0])) if event == "open" else None)
from botocore.awsrequest import AWSResponse
from botocore.session import Session
from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.store.schema import AFFILIATE_STATS

class Body:
    def stream(self):
        return [b"{}"]

session = Session()
session.set_credentials("A", "S")
session.register("before-send.dynamodb", lambda request, **_: AWSResponse(request.url, 200, {}, Body()))
store = DynamoDBStore("eu-west-1", session=session)
store.get(AFFILIATE_STATS, {"affiliate_id": "ann", "marketplace": "shop"})
print(*sorted({each.rpartition("/")[2] for each in opened if ".json" in each}), *({"boto3"} & sys.modules.keys()))
"""


def test_no_description_of_a_service_is_read() -> None:
    """A process starts without what botocore's client reads first; it reads where the regions' endpoints are."""
    ran = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603 - our own script

    assert "endpoint-rule-set-1.json.gz partitions.json\n" == ran.stdout


REFUSALS = [
    refusal("ResourceNotFoundException", "no such table"),
    cancelled("None", "ConditionalCheckFailed", old=KEY),
    cancelled("TransactionConflict", "ThrottlingError"),
    refusal("ThrottlingException", status=500),
    Reply(json.dumps({"__type": "UnrecognizedClientException", "Message": "bad"}).encode(), 400),
    Reply(json.dumps({"__type": f"{NAMESPACE}Some:http://more", "message": "m"}).encode(), 400),
    Reply(b"{}", 400),
    Reply(b"", 404),
    Reply(b"no JSON", 403),
    Reply(b"<html>Bad</html>", 400),
]


@pytest.mark.parametrize("reply", REFUSALS, ids=lambda each: f"{each.status} {each.body[:70]!r}")
def test_a_refusal_is_read_as_botocore_reads_it(reply: Reply) -> None:
    """Its code, its words, its status, and the reasons of a cancelled transaction."""
    bench = Bench(reply)
    with pytest.raises(ClientError) as theirs:
        bench.by_botocore("eu-west-1")
    with pytest.raises(ClientError) as ours:
        bench.by_us("eu-west-1")
    errors = [each.value for each in (theirs, ours)]

    assert errors[0].response["Error"] == errors[1].response["Error"]
    assert status_of(errors[0]) == status_of(errors[1])
    assert reasons_of(errors[0]) == reasons_of(errors[1])


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"__type": 5, "message": {"a": 1}}',
        b'{"__type": null, "message": null}',
        b'{"__type": "TransactionCanceledException", "CancellationReasons": "many"}',
        b'{"__type": "TransactionCanceledException", "CancellationReasons": [null, 7, ["Code"]]}',
        b'{"__type": "ValidationException", "Error": "no", "ResponseMetadata": 1}',
    ],
)
def test_a_refusal_of_any_form_is_an_error_of_ours(body: bytes) -> None:
    """Whoever answers in place of DynamoDB, nothing is internal."""
    with (
        serving(script(Reply(body, 400))) as server,
        closing(store_at(server.url)) as store,
        pytest.raises(CommerciveError, match=r"DynamoDB|does not say why"),
    ):
        store.get(CONVERSATIONS, {"conversation_id": "c", "created_at": 1})
