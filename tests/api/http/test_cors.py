"""Pages on the list of origins may call and read every answer; other pages may not."""

import json

import pytest

from commercive_cli.store.schema import MESSAGES
from tests.api.world import DASHBOARD, Client, World

PREFLIGHT = {
    "origin": DASHBOARD,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,idempotency-key",
}
FOREIGN = [
    "https://evil.example",
    "http://dashboard.commercive.co",
    "https://dashboard.commercive.co.evil.example",
    "https://dashboard.commercive.co:444",
    "https://DASHBOARD.commercive.co",
    "https://dashboard.commercive.co/",
    "null",
    "*",
    "",
]


def test_a_preflight_from_the_list_is_permitted(guarded: Client) -> None:
    """Without a token: browsers send none with a preflight."""
    answer = guarded.send("OPTIONS", "", None, PREFLIGHT)

    assert (204, DASHBOARD, "GET, POST") == (
        answer.status,
        answer.headers["access-control-allow-origin"],
        answer.headers["access-control-allow-methods"],
    )
    assert [
        "authorization",
        "content-type",
        "idempotency-key",
        "sentry-trace",
        "baggage",
        "traceparent",
        "tracestate",
    ] == answer.headers["access-control-allow-headers"].split(", ")


def test_further_headers_are_permitted_where_they_are_configured(world: World) -> None:
    """A page that sends another header than ours would be stopped by its browser otherwise."""
    client = world.open(extra_headers=("x-trace", "x-client-version"))

    permitted = client.send("OPTIONS", "", None, PREFLIGHT).headers["access-control-allow-headers"].split(", ")

    assert ["tracestate", "x-trace", "x-client-version"] == permitted[-3:]


@pytest.mark.parametrize(
    "query", ["action=health", "action=chat/conversations&user_id=u", "action=nope", "limit=1&limit=2"]
)
def test_answers_and_refusals_can_be_read(guarded: Client, query: str) -> None:
    """Errors have the CORS headers, too, so that a page can read a 401 and ask its user to sign in."""
    answer = guarded.send("GET", query, None, {"origin": DASHBOARD})

    assert (DASHBOARD, "Origin") == (answer.headers["access-control-allow-origin"], answer.headers["vary"])


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 204), ("GET", 403)])
def test_other_origins_get_no_permission(client: Client, method: str, status: int, origin: str) -> None:
    """Exact comparison: another scheme, port, case or suffix is another origin."""
    answer = client.send(method, "action=health", None, {**PREFLIGHT, "origin": origin})

    assert [] == [name for name in answer.headers if name.startswith("access-control-")]
    assert (status, "Origin") == (answer.status, answer.headers["vary"])


def test_other_origins_write_nothing(world: World) -> None:
    """A POST without content type, which browsers send without a preflight, is refused and changes nothing."""
    body = json.dumps({"action": "chat/send", "user_id": "u", "message": "hi"})

    answers = [
        world.open(origins=origins).send("POST", "", body, {"origin": "https://evil.example"})
        for origins in ((DASHBOARD,), ())
    ]

    assert [(403, "denied")] * 2 == [(answer.status, answer.code) for answer in answers]
    assert 0 == world.count(MESSAGES)


def test_who_is_no_page_needs_no_origin(client: Client) -> None:
    """Servers and scripts send none."""
    assert 200 == client.get("health").status


def test_as_deployed_the_url_sends_the_headers_and_the_function_refuses(world: World) -> None:
    """The Function URL sends the headers, so the application does not; it refuses other pages all the same."""
    client = world.open(cors_headers="url")

    permitted = client.send("OPTIONS", "", None, PREFLIGHT)
    answered = client.send("GET", "action=health", None, PREFLIGHT)
    refused = client.send("GET", "action=health", None, {"origin": "https://evil.example"})

    assert (204, 200, 403) == (permitted.status, answered.status, refused.status)
    assert [] == [
        name
        for name in {**permitted.headers, **answered.headers, **refused.headers}
        if name.startswith("access-control-")
    ]


def test_without_a_list_the_door_neither_permits_nor_refuses(world: World) -> None:
    """Without a list of origins, CORS is left to a proxy."""
    client = world.open(origins=None)

    permitted = client.send("OPTIONS", "", None, PREFLIGHT)
    answered = client.send("GET", "action=health", None, PREFLIGHT)

    assert (204, 200) == (permitted.status, answered.status)
    assert "access-control-allow-origin" not in {**permitted.headers, **answered.headers}


def test_answers_are_not_kept_by_caches(client: Client) -> None:
    """Chats and leads are personal."""
    assert "no-store" == client.get("health").headers["cache-control"]
