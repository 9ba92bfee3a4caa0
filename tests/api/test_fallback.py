"""Actions of another backend: passed on as they are, nothing of ours with them, and its answers back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from commercive_cli.api.actions import BY_NAME
from commercive_cli.api.fallback import LARGEST_ANSWER, MARK
from commercive_cli.api.http.breaker import FAILURES
from commercive_cli.api.http.outbound import RequestFailed, RequestUnsent, Response
from commercive_cli.settings.fallback import FallbackSettings
from commercive_cli.store.schema import TABLES
from tests.api.world import DASHBOARD, SUPABASE, Client, FakeClock, Issuer, World

URL = "https://crm.example/old"
FALLBACK = FallbackSettings(URL, ("crm/", "preferences/"))
JSON = {"content-type": "application/json"}
GIVEN = Response(200, b'{"payments": []}', {"content-type": "application/json; charset=utf-8"})


@dataclass
class Backend:
    """Stands for the other backend: answers the same to everything, or nothing at all, and keeps what it was sent."""

    answer: Response | None = GIVEN
    unsent: bool = False
    sent: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        self.sent.append((method, url, headers, body))
        if self.unsent:
            raise RequestUnsent("crm.example did not answer: ConnectionRefusedError")
        if self.answer is None:
            raise RequestFailed("crm.example did not answer: TimeoutError")
        return self.answer


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def client(world: World, backend: Backend) -> Client:
    """A client in mode none, at a door that knows the other backend."""
    return world.open(forward=backend, fallback=FALLBACK)


def records(client: Client) -> list[dict[str, Any]]:
    return [json.loads(line) for line in client.log.getvalue().splitlines()]


class TestOnTheWay:
    def test_a_query_is_passed_on_as_it_is(self, client: Client, backend: Backend) -> None:
        """With parameters that our own actions would refuse, in their own spelling."""
        query = "action=crm/payments&id=1&id=2&name=%C3%A9+x&empty="

        client.send("GET", query)

        assert [("GET", f"{URL}?{query}", {MARK: "1"}, b"")] == backend.sent

    @pytest.mark.parametrize(
        "body",
        [
            b'{"action": "crm/import", "rows": [1.50, NaN, 1e400], "a": 1, "a": 2}',
            b'\n{ "action" : "preferences\\/save" }\n',
            b'{"action": "crm/import", "rows": "' + b"x" * 1_000_000 + b'"}',
            b'{"action": "crm/import", "rows": [' + b"9" * 5_000 + b"]}",
        ],
        ids=["not strict", "spelled otherwise", "large", "a long number"],
    )
    def test_a_body_is_passed_on_to_the_byte(self, client: Client, backend: Backend, body: bytes) -> None:
        """Whatever JSON the other backend takes, as text or in base64, with its content type."""
        client.send("POST", "", body.decode(), JSON)
        client.send("POST", "", body, JSON)

        assert [("POST", URL, JSON | {MARK: "1"}, body)] * 2 == backend.sent

    def test_a_body_need_not_be_json_where_the_query_names_the_action(self, client: Client, backend: Backend) -> None:
        """Uploads are passed on as well."""
        client.send("POST", "action=crm/csv", b"\x89\xff", {"content-type": "multipart/form-data; boundary=x"})

        [(_, url, headers, body)] = backend.sent
        assert (f"{URL}?action=crm/csv", "multipart/form-data; boundary=x", b"\x89\xff") == (
            url,
            headers["content-type"],
            body,
        )

    def test_no_token_goes_with_it(self, world: World, issuer: Issuer, backend: Backend) -> None:
        """The caller's token opens our API, so it stays here, as do our secrets, cookies and everything else."""
        token = issuer.token("user-a")
        client = world.open("jwt", backend, fallback=FALLBACK, supabase=SUPABASE, answer_tokens=("t" * 32,)).as_(token)

        client.send("POST", "action=crm/x", "{}", JSON | {"cookie": "a=b", "apikey": "k", "idempotency-key": "k"})

        [(_, _, headers, _)] = backend.sent
        assert {"content-type", MARK} == set(headers)

    def test_nobody_needs_to_sign_in(self, world: World, backend: Backend) -> None:
        """These actions are as open as they are where they are served today."""
        answered = world.open("jwt", backend, fallback=FALLBACK).get("crm/payments")

        assert (200, 1) == (answered.status, len(backend.sent))

    def test_pages_of_other_origins_reach_nothing(self, client: Client, backend: Backend) -> None:
        """The list of origins holds for these actions, too."""
        refused = client.get("crm/payments", origin="https://evil.example")

        assert (403, []) == (refused.status, backend.sent)


class TestWhatIsTooMuchToLookInto:
    DENSE = b'{"action": "crm/x", "rows": [' + b"[]," * 20_000 + b"[]]}"

    def test_a_body_of_little_but_lists_must_not_be_read_for_its_action(self, client: Client, backend: Backend) -> None:
        """The query string names the action of such a body; otherwise it is refused like any body of ours."""
        refused = client.send("POST", "", self.DENSE, JSON)
        passed = client.send("POST", "action=crm/x", self.DENSE, JSON)

        assert (400, 200, [self.DENSE]) == (refused.status, passed.status, [sent[3] for sent in backend.sent])

    def test_rows_are_read_however_many_there_are(self, client: Client, backend: Backend) -> None:
        """One list or object in 16 bytes is more than data has."""
        client.send("POST", "", json.dumps({"action": "crm/x", "rows": [{"id": n, "a": 1.5} for n in range(50_000)]}))

        assert 1 == len(backend.sent)


class TestTheAnswer:
    @pytest.mark.parametrize(
        ("given", "content_type"),
        [
            (GIVEN, "application/json; charset=utf-8"),
            (Response(200, b"\x00\xff\xfe", {"content-type": "application/pdf"}), "application/pdf"),
            (Response(404, b"no such payment", {"content-type": "text/plain"}), "text/plain"),
            (Response(500, b""), "application/octet-stream"),
            (Response(201, "grüße".encode("latin-1"), {"content-type": "a/b;\r\n c=d"}), "a/b; c=d"),
        ],
        ids=["JSON", "binary", "an error", "empty", "latin-1"],
    )
    def test_status_type_and_bytes_come_back(
        self, client: Client, backend: Backend, given: Response, content_type: str
    ) -> None:
        """And nothing is changed in them."""
        backend.answer = given

        answered = client.get("crm/payments")

        assert (given.status, given.body, content_type) == (
            answered.status,
            answered.raw,
            answered.headers["content-type"],
        )

    def test_pages_may_read_it(self, client: Client) -> None:
        """CORS is ours to answer, whatever the other backend says of it."""
        answered = client.get("crm/payments", origin=DASHBOARD)

        assert DASHBOARD == answered.headers["access-control-allow-origin"]

    def test_what_is_too_large_for_lambda_is_refused(self, client: Client, backend: Backend) -> None:
        """Half an answer would be worse than none."""
        backend.answer = Response(200, b"x" * LARGEST_ANSWER)
        assert (200, LARGEST_ANSWER) == ((answered := client.get("crm/all")).status, len(answered.raw))

        backend.answer = Response(200, b"x" * (LARGEST_ANSWER + 1))
        assert (413, "too_large") == ((refused := client.get("crm/all")).status, refused.code)


class TestWhatIsOurs:
    @pytest.mark.parametrize("name", BY_NAME)
    def test_an_action_that_there_is_is_never_passed_on(self, world: World, backend: Backend, name: str) -> None:
        """Even where the configured beginnings fit it."""
        prefixes = ("chat/", "admin/", "leads/", "affiliate/", "health")
        client = world.open(forward=backend, fallback=FallbackSettings(URL, prefixes))

        client.get(name)
        client.post(name)

        assert [] == backend.sent

    @pytest.mark.parametrize(
        "query",
        [
            "action=chat/nope",
            "action=crm",
            "action=CRM/x",
            "action=xcrm/x",
            "action=crm/%C3%A9",
            "action=crm/x%20y",
            "action=crm/" + "x" * 61,
            "action=crm/x&action=crm/x",
        ],
    )
    def test_what_does_not_begin_so_is_unknown(self, client: Client, backend: Backend, query: str) -> None:
        """And a name that could not be logged is none, so that nobody writes anything into the log."""
        assert client.send("GET", query).status in (400, 404)
        assert [] == backend.sent

    @pytest.mark.parametrize(
        "body",
        [
            "[]",
            "5",
            "null",
            '{"action": 5}',
            '{"action": ["crm/x"]}',
            "{",
            "[" * 100_000,
            '{"deeper and deeper":' * 9_000,
        ],
    )
    def test_a_body_that_names_nothing_is_ours_to_refuse(self, client: Client, backend: Backend, body: str) -> None:
        """In JSON, as ever."""
        assert client.send("POST", "", body).status in (400, 404)
        assert [] == backend.sent

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
    def test_other_methods_are_not_passed_on(self, client: Client, backend: Backend, method: str) -> None:
        """Pages may send GET and POST."""
        assert (405, []) == (client.send(method, "action=crm/x").status, backend.sent)

    def test_without_a_fallback_it_is_unknown(self, world: World) -> None:
        """404 with a code of its own, by which a client tells it from a thing that is not there."""
        answers = [world.open().get("crm/payments"), world.open().post("preferences/save")]

        assert [(404, "unknown_action")] * 2 == [(answer.status, answer.code) for answer in answers]

    def test_what_was_passed_on_is_not_passed_on_again(self, client: Client, backend: Backend) -> None:
        """A fallback URL that leads back to this API would go round for ever."""
        answered = client.get("crm/payments", **{MARK: "1"})

        assert (404, "unknown_action", []) == (answered.status, answered.code, backend.sent)

    @pytest.mark.parametrize(
        ("query", "headers"),
        [
            ("action=crm/x&a=\xe9", {}),
            ("action=crm/x&a=b c", {}),
            ("action=crm/x", {"content-type": "a/b; c=é"}),
            ("action=crm/x", {"content-type": "a/b\r\nx: y"}),
        ],
    )
    def test_what_http_cannot_carry_is_refused(
        self, client: Client, backend: Backend, query: str, headers: dict[str, str]
    ) -> None:
        """400, and the other backend is not blamed for it."""
        answers = [client.send("GET", query, None, headers) for _ in range(FAILURES)]

        assert [(400, "invalid_input")] * FAILURES == [(answer.status, answer.code) for answer in answers]
        assert (200, 1) == (client.get("crm/payments").status, len(backend.sent))


class TestTrouble:
    def test_what_was_never_sent_is_not_in_doubt(self, client: Client, backend: Backend) -> None:
        """503, and that nothing was done, when there was no connection."""
        backend.unsent = True

        answered = client.get("crm/payments")

        assert (503, "unavailable") == (answered.status, answered.code)
        assert "cannot be reached; nothing was done" in answered.body["error"]

    def test_silence_is_said(self, client: Client, backend: Backend) -> None:
        """503, and the truth: what was asked may have been done."""
        backend.answer = None

        answered = client.get("crm/payments")

        assert (503, "unavailable", "1") == (answered.status, answered.code, answered.headers["retry-after"])
        assert "did not answer in time; whether it did what was asked is not known" in answered.body["error"]

    @pytest.mark.parametrize("given", [None, Response(502), Response(503), Response(504), "unsent"])
    def test_after_five_failures_it_is_left_alone(
        self, clock: FakeClock, client: Client, backend: Backend, given: Response | str | None
    ) -> None:
        """For thirty seconds everybody hears so at once; then one call tries, and its answer opens the way again."""
        backend.unsent, backend.answer = given == "unsent", None if isinstance(given, str) else given
        for _ in range(FAILURES):
            client.get("crm/payments")

        refused = client.get("crm/payments")
        assert (503, "unavailable", FAILURES) == (refused.status, refused.code, len(backend.sent))
        assert "nothing was done" in refused.body["error"]

        clock.advance(31)
        backend.unsent, backend.answer = False, GIVEN
        assert [200, 200] == [client.get("crm/payments").status for _ in range(2)]

    @pytest.mark.parametrize("status", [400, 404, 429, 500])
    def test_an_answer_is_no_failure(self, client: Client, backend: Backend, status: int) -> None:
        """One action that does not work closes none of the others."""
        backend.answer = Response(status)

        assert [status] * 10 == [client.get("crm/broken").status for _ in range(10)]

    def test_our_own_actions_go_on(self, world: World, client: Client, backend: Backend) -> None:
        """Whatever becomes of the other backend."""
        backend.answer = None
        for _ in range(FAILURES + 1):
            client.get("crm/payments")

        assert 200 == client.get("admin/leads").status
        assert [0] * len(TABLES) == [world.count(table) for table in TABLES]


class TestTheLog:
    def test_action_status_and_latency_are_logged_and_nothing_else(self, client: Client) -> None:
        """Neither query nor body nor answer."""
        client.send("POST", "action=crm/save&name=Zz9Private", '{"note": "Zz9Private"}', JSON)

        _, record, _ = records(client)
        expected = {"action": "crm/save", "status": 200, "outcome": "forwarded", "caller": "public"}
        assert expected == {name: record[name] for name in expected}
        assert record["latency_ms"] > 0
        assert "Zz9Private" not in client.log.getvalue()
        assert "payments" not in client.log.getvalue()

    def test_metrics_are_by_what_is_configured(self, client: Client, backend: Backend) -> None:
        """Names without number would be metrics without number, each with its price."""
        backend.answer = None
        for name in ("crm/a", "crm/b", "preferences/c"):
            client.get(name)

        measured = [record["action"] for record in records(client) if "_aws" in record]
        assert ["crm/", "crm/", "preferences/"] == measured
