"""The log of a request: caller, action, outcome and latency, but no content."""

import io
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from commercive_cli.api.http.outbound import Response
from commercive_cli.api.telemetry import Telemetry, Trace
from commercive_cli.bootstrap import open_store
from commercive_cli.domain.clock import StoreTime
from commercive_cli.domain.errors import Denied, Misconfigured, NotPermitted, NotTaken, Unauthenticated, Unavailable
from commercive_cli.domain.secrets import remember_secrets
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.services.tables.polling_costs import METRICS_LOG_BYTES, REQUEST_LOG_BYTES
from commercive_cli.settings.store_url import StoreURL
from commercive_cli.store.port import Page, Query
from tests.api.world import SUPABASE, Client, Issuer, World, services_over
from tests.engines.dynamodb.credential_sources import role
from tests.services.fakes import Intervening

MARK = "Zz9Private"
NAMES = ("Requests", "Latency", "ClientErrors", "ServerErrors")


def records(client: Client) -> list[dict[str, Any]]:
    return [json.loads(line) for line in client.log.getvalue().splitlines()]


def test_a_request_leaves_one_record_and_one_set_of_metrics(world: World, issuer: Issuer) -> None:
    """Action, caller, latency, outcome and request id; metrics by action in CloudWatch's embedded format."""
    client = world.open("jwt").as_(issuer.token("user-a"))

    client.get("chat/messages", "conversation_id=unknown")

    record, metrics = records(client)
    expected = {
        "message": "request",
        "action": "chat/messages",
        "caller": "user-a",
        "outcome": "not_found",
        "status": 404,
        "request_id": "request-0",
    }
    assert expected == {name: record[name] for name in expected}
    assert record["latency_ms"] > 0
    [directive] = metrics["_aws"]["CloudWatchMetrics"]
    assert ("Commercive", ["action", "service"]) == (directive["Namespace"], directive["Dimensions"][0])
    assert (set(NAMES), [1.0]) == ({m["Name"] for m in directive["Metrics"]}, metrics["ClientErrors"])


def test_mode_none_says_so_when_it_starts(world: World) -> None:
    """Mode none is logged as a warning."""
    client = world.open("none")

    assert ["WARNING"] == [record.get("level") for record in records(client)]
    assert [] == records(world.open("jwt"))


def test_credentials_that_do_not_come_are_no_fault_of_the_store(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients hear within the wait that something is not set up; the log has the source to blame, and the mend."""
    with role(tmp_path, "silent") as source:
        for variable, value in source.variables.items():
            monkeypatch.setenv(variable, value)
        url = StoreURL("dynamodb", region="eu-west-1", endpoint="http://127.0.0.1:9")
        store = open_store(replace(world.services.settings, store=url, credentials_wait=0.3), StoreTime())
        client = replace(world, services=services_over(store)).open()
        answer = client.get("chat/conversations", "user_id=u")
        store.close()

    [failed] = [record for record in records(client) if record.get("level") == "ERROR"]
    assert (503, "misconfigured") == (answer.status, answer.code)
    assert f"no AWS credentials from {source.blamed}: no answer within 0.3 s; " in failed["detail"]
    assert "dynamodb" not in failed["detail"]


class Broken(SQLiteStore):
    """A store that fails with an error that quotes private data."""

    def __init__(self, error: Exception) -> None:
        super().__init__(Path("unused"))
        self.error = error

    def query(self, _query: Query) -> Page:
        raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unavailable("the reply was lost"), "the outcome is unknown; retry with the same Idempotency-Key"),
        (NotTaken("commercive_messages is throttled"), "did not take this request; try again"),
    ],
)
def test_only_what_may_have_been_done_is_called_unknown(world: World, error: Exception, said: str) -> None:
    """A request that never reached the store, or that the store refused for now, is not said to be in doubt."""
    answer = replace(world, services=services_over(Broken(error))).open().get("chat/conversations", "user_id=u")

    assert (503, "unavailable") == (answer.status, answer.code)
    assert said in answer.body["error"]
    assert ("unknown" in said) == ("unknown" in answer.body["error"])


@pytest.mark.parametrize("error", [NotTaken("throttled"), Unauthenticated("expired"), Misconfigured("no such table")])
def test_nobody_hears_that_nothing_was_done_when_a_part_was(world: World, error: Exception) -> None:
    """Of two transactions the second fails: the client is told so, and the log how far it got."""
    busy = Intervening(world.services.store)
    client = replace(world, services=services_over(busy, world.clock)).open()
    sent = client.post("chat/send", user_id="user-1", message="Hello").body["conversation_id"]
    for _ in range(100):
        client.post("chat/reply", conversation_id=sent, admin_id="ann", message="Hi")
    busy.before("transact", lambda: None)
    busy.before("transact", partial(raised, error))
    answer = client.post("chat/mark-read", key="k", conversation_id=sent, reader_type="user")

    assert (503, "1") == (answer.status, answer.headers["retry-after"])
    assert "took a part of this request" in answer.body["error"]
    assert "nothing" not in answer.body["error"]
    assert "messages marked read: 98" in client.log.getvalue()
    assert 2 == client.post("chat/mark-read", key="k", conversation_id=sent, reader_type="user").body["marked"]


def raised(error: Exception) -> None:
    raise error


def test_the_log_holds_no_secret(world: World) -> None:
    """Neither one that this process was given, nor what looks like one."""
    remember_secrets(["given-to-this-process"])
    error = Unavailable("given-to-this-process and AKIAIOSFODNN7EXAMPLE failed")
    client = replace(world, services=services_over(Broken(error))).open()
    client.get("chat/conversations", "user_id=u")

    [failure] = [record for record in records(client) if record.get("level") == "ERROR"]
    assert "(secret) and (secret) failed" == failure["detail"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError(MARK), 500, "internal"),
        (Unavailable("commercive_messages is throttled"), 503, "unavailable"),
        (Denied("access denied for dynamodb:Query"), 503, "misconfigured"),
        (Unauthenticated("no AWS credentials"), 503, "misconfigured"),
        (NotPermitted("access denied for AWS's dynamodb:Query"), 503, "misconfigured"),
        (Misconfigured("commercive_leads is not our table"), 503, "misconfigured"),
    ],
)
def test_our_own_failures_are_told_to_the_log_not_to_the_client(
    world: World, error: Exception, status: int, code: str
) -> None:
    """The client sees neither tracebacks nor table names nor that our credentials are wrong; the log says where."""
    client = replace(world, services=services_over(Broken(error))).open()

    answer = client.get("chat/conversations", "user_id=u")

    failures = [record for record in records(client) if record.get("level") == "ERROR"]
    assert (status, code) == (answer.status, answer.code)
    assert not {"Traceback", "commercive_", "AWS", MARK} & set(answer.body["error"].split())
    assert 1 == len(failures)
    assert MARK not in client.log.getvalue()
    assert type(error).__name__ in failures[0]["error"]


def personal(number: int) -> dict[str, str]:
    return {
        "message": f"{MARK} text {number}",
        "name": f"{MARK} Name",
        "email": f"{MARK}@example.com",
        "phone": f"+49 {MARK}",
        "product_link": f"https://{MARK}.example",
        "notes": f"{MARK} notes",
    }


def send_any(client: Client, choice: random.Random, number: int) -> None:
    """Send one random request with marked personal data in every field."""
    said = personal(number)
    lead = {name: said[name] for name in ("name", "email", "phone", "product_link")}
    query = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in said.items())
    headers = {"authorization": f"Bearer {MARK}.{MARK}.{MARK}", "cookie": MARK, "user-agent": MARK}
    match choice.randrange(10):
        case 0:
            client.post("chat/send", user_id="user-a", message=said["message"], store_url=MARK)
        case 1:
            client.post("chat/reply", conversation_id="c", admin_id="boss", message=said["message"])
        case 2:
            client.from_(f"10.1.{number // 200 % 200}.{number % 200}").post(
                "affiliate/submit-lead", link_id=choice.choice([MARK, "LINK2345"]), lead_data=lead
            )
        case 3:
            client.post("affiliate/create-link", affiliate_id="user-a", affiliate_email=said["email"], store_url=MARK)
        case 4:
            client.post("admin/approve-lead", lead_id="x", decision=MARK, admin_notes=said["notes"])
        case 5:
            client.send("GET", f"action=chat/conversations&user_id=user-a&limit={MARK}&{query}", None, headers)
        case 6:
            client.send("POST", query, json.dumps({"action": MARK, **said}), headers)
        case 7:
            client.send("POST", "", f'{{"{MARK}": "{MARK}", "{MARK}": 1}}', headers)
        case 8:
            client.send("GET", "action=admin/leads&status=" + MARK, None, headers)
        case 9:
            client.get("affiliate/stats", f"affiliate_id=user-a&email={said['email']}")


@pytest.mark.parametrize(
    "requests", [1_000, pytest.param(10_000, marks=pytest.mark.benchmark)], ids=["1,000", "10,000"]
)
def test_logs_hold_nothing_personal(world: World, issuer: Issuer, requests: int) -> None:
    """Requests of every kind, good and bad, from users, admins and nobody, with marked data in every field."""
    world.outside.answers["https://project.supabase.co/rest"] = Response(500, MARK.encode())
    client = world.open("jwt", supabase=SUPABASE)
    people = [
        client.as_(issuer.token("user-a", email=f"{MARK}@example.com", user_metadata={"name": MARK})),
        client.as_(issuer.token("boss", admin=True)),
        client,
    ]
    choice = random.Random(7)

    for number in range(requests):
        send_any(choice.choice(people), choice, number)

    log = client.log.getvalue()
    assert requests == sum(record.get("message") == "request" for record in records(client))
    assert {"ok", "invalid_input", "not_found", "unauthenticated", "denied"} <= {
        record["outcome"] for record in records(client) if "outcome" in record
    }
    assert MARK.lower() not in log.lower()


def unlogged(world: World, issuer: Issuer, share: float, now: Callable[[], float] = lambda: 0.0) -> Client:
    """Return a client of an API that logs a share of the successful reads; chance is always a half."""
    client = world.open("jwt", telemetry={"chance": lambda: 0.5, "now": now}, reads_logged=share)
    return client.as_(issuer.token("user-a"))


def counted(client: Client) -> Counter[str]:
    """Return how many requests of each action the metrics tell of."""
    told = [each for each in records(client) if "_aws" in each]
    return sum((Counter({each["action"]: int(sum(each["Requests"]))}) for each in told), Counter())


def test_of_successful_reads_a_share_is_logged(world: World, issuer: Issuer) -> None:
    """What went wrong, and what writes, is always logged; the metrics tell of every request."""
    seconds = [0.0]
    client = unlogged(world, issuer, 0.5, lambda: seconds[0])
    name = client.post("chat/send", user_id="user-a", message="Hi").body["conversation_id"]
    for _ in range(100):
        client.get("chat/messages", f"conversation_id={name}")
    client.get("chat/messages", "conversation_id=unknown")
    logged = [(each["action"], each["status"]) for each in records(client) if each.get("message") == "request"]
    before = counted(client)
    seconds[0] = 61.0
    client.get("chat/messages", f"conversation_id={name}")

    assert [("chat/send", 200), ("chat/messages", 404)] == logged
    assert Counter({"chat/send": 1, "chat/messages": 91}) == before
    assert Counter({"chat/send": 1, "chat/messages": 102}) == counted(client)


def test_what_admins_read_is_in_the_access_log_all_the_same(world: World, issuer: Issuer) -> None:
    """Sampling leaves out the record of the request, never that of the access."""
    client = unlogged(world, issuer, 0.0).as_(issuer.token("root", admin=True))
    client.get("admin/leads", "status=all")

    assert ["access"] == [each["message"] for each in records(client) if "message" in each]


def test_metrics_that_wait_are_written_in_the_end() -> None:
    """A server that stops loses none."""
    log = io.StringIO()
    telemetry = Telemetry(log, service="closed", chance=lambda: 0.5)
    for _ in range(3):
        telemetry.done(Trace(action="health", status=200, reads=True), 0.0)
    before = log.getvalue()
    telemetry.close()
    telemetry.close()

    assert "" == before
    [line] = log.getvalue().splitlines()
    assert [1.0, 1.0, 1.0] == json.loads(line)["Requests"]


def test_the_share_of_a_half_is_a_half(world: World, issuer: Issuer) -> None:
    """At a chance below the share a read is logged, with its metrics, as if nothing were left out."""
    client = unlogged(world, issuer, 0.6)
    client.get("chat/conversations", "user_id=user-a")

    assert ["request", None] == [each.get("message") for each in records(client)]


def test_lines_are_as_long_as_their_price_says(world: World, issuer: Issuer) -> None:
    """The estimate of costs counts the bytes of a record and of its metrics, with what CloudWatch adds to a line."""
    client = world.open("jwt").as_(issuer.token(str(UUID(int=1))))
    client.get("chat/messages", f"conversation_id={UUID(int=2)}")
    [record, metrics] = client.log.getvalue().splitlines()

    assert REQUEST_LOG_BYTES == pytest.approx(len(record) + 26, rel=0.2)
    assert METRICS_LOG_BYTES == pytest.approx(len(metrics) + 26, rel=0.2)
