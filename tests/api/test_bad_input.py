"""Every invalid request gets its documented status and JSON, and nothing is written."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from commercive_cli.store.schema import TABLES
from tests.api.test_seed_requests import LEAD, begin, make_link, submit
from tests.api.world import Client, World

LINK = {"action": "affiliate/create-link", "affiliate_id": "u", "affiliate_email": "a@example.com"}
FORM = {"action": "affiliate/submit-lead", "link_id": "AAAA0000"}
SEND = {"action": "chat/send", "user_id": "u", "message": "hi", "store_url": ""}
BODY_BYTES = 256 * 1024


def send_body(**changes: object) -> str:
    return json.dumps({**SEND, **changes})


def body_of(size: int) -> str:
    start = json.dumps({**SEND, "padding": ""})[:-2]
    return start + "x" * (size - len(start) - 2) + '"}'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "nonsense",
        "[]",
        '"text"',
        "null",
        '{"action": "chat/send", "user_id": "u", "user_id": "v", "message": "hi"}',
        '{"action": "chat/send", "action": "chat/send", "user_id": "u", "message": "hi"}',
        '{"action": "chat/send", "action": "approve", "lead_id": "x"}',
        '{"action": "chat/send", "user_id": "u", "message": "hi", "x": {"a": 1, "a": 2}}',
        '{"action": "chat/send", "user_id": "u", "message": "hi", '
        '"x": {"action": "admin/approve-lead", "action": "approve"}}',
        '{"action": "chat/send", "user_id": "u", "message": "hi", "x": NaN}',
        '{"action": "chat/send", "user_id": "u", "message": "hi", "x": -Infinity}',
        '{"action": "chat/send", "user_id": "u", "message": "hi", "x": 1e99999999999999999999}',
        '{"action": "chat/send", "user_id": "u", "message": "hi", "x": ' + "1" * 5000 + "}",
        "[" * 10_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        '{"action": "chat/send", "user_id": "u", "message": "hi", "x": ' + "[" * 500 + "]" * 500 + "}",
        send_body(message=5),
        send_body(message=["hi"]),
        send_body(message={"text": "hi"}),
        send_body(message=True),
        send_body(user_id=1),
        send_body(user_id=None),
        send_body(user_id="   "),
        send_body(user_id="u" * 129),
        send_body(message=""),
        send_body(message=" \n "),
        send_body(message="x" * 10_001),
        send_body(message="a\0b"),
        send_body(message="half \ud83d of a pair"),
        send_body(user_id="\udfff"),
        send_body(conversation_id=7),
        send_body(store_url="s" * 256),
        send_body(store_url="javascript:alert(1)"),
        send_body(store_url="https://ann:secret@shop.example"),
        json.dumps(LINK | {"store_url": "javascript:alert(1)"}),
        json.dumps(LINK | {"store_url": "shop\u202e.example"}),
        json.dumps(
            LEAD | {"lead_data": {"name": "A", "email": "a@example.com", "product_link": "javascript:alert(1)"}}
        ),
        send_body(client_message_id=["k"]),
        send_body(client_message_id="k" * 129),
    ],
)
def test_a_body_that_is_not_as_it_should_be_is_refused(world: World, client: Client, body: str) -> None:
    """400 with the reason, success false, and not a single item in any table."""
    answer = client.send("POST", "", body)

    assert (400, False, "invalid_input") == (answer.status, answer.body["success"], answer.code)
    assert [0] * len(TABLES) == [world.count(table) for table in TABLES]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_mistake(world: World, client: Client, encoding: str) -> None:
    """What a Windows program wrote to a file and sends is read, as the command line reads it; lines end with LF."""
    body = json.dumps({**SEND, "message": "\ufeffgrüße\r\nzwei"}, ensure_ascii=False, indent=1).replace("\n", "\r\n")
    answer = client.send("POST", "", body.encode(encoding))
    shown = world.services.chat.messages(answer.body["conversation_id"])

    assert ["grüße\nzwei"] == [message.message_text for message in shown.messages]


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b'{"action": "chat/send", "user_id": "\xe4", "message": "hi"}', b"\xed\xa0\x80"]
)
def test_a_body_that_is_not_utf8_is_refused(client: Client, body: bytes) -> None:
    """Guessing an encoding would store something else than was written."""
    assert 400 == client.send("POST", "", body).status


@pytest.mark.parametrize("body", ["!!!", "e30", "e30=\n", "é", "e3_-"])
def test_a_body_that_is_not_base64_is_refused(client: Client, body: str) -> None:
    """A body that is marked as base64 must be base64, and is refused as what is none."""
    refused = client.send("POST", "", body, encoded=True)

    assert (400, "the body is not base64") == (refused.status, refused.body["error"])


def test_a_base64_body_is_read(client: Client) -> None:
    """Browsers that send no content type reach Lambda as base64."""
    answer = client.send("POST", "", send_body(message="grüße").encode())

    assert 200 == answer.status


class TestSize:
    def test_the_largest_body_is_taken(self, client: Client) -> None:
        """256 KB exactly."""
        assert 200 == client.send("POST", "", body_of(BODY_BYTES)).status
        assert 200 == client.send("POST", "", body_of(BODY_BYTES).encode()).status

    @pytest.mark.parametrize("size", [BODY_BYTES + 1, BODY_BYTES + 2, 5_000_000])
    def test_one_byte_more_is_too_large(self, client: Client, size: int) -> None:
        """413, as text and as base64."""
        answers = [client.send("POST", "", body_of(size)), client.send("POST", "", body_of(size).encode())]

        assert [(413, "too_large")] * 2 == [(answer.status, answer.code) for answer in answers]

    def test_bytes_count_not_characters(self, client: Client) -> None:
        """A body of half as many characters of two bytes is as large."""
        assert 413 == client.send("POST", "", send_body(padding="x").replace("x", "é" * (BODY_BYTES // 2))).status

    def test_what_is_too_large_is_not_even_decoded(self, client: Client) -> None:
        """The size is checked before base64 is decoded."""
        assert 413 == client.send("POST", "", "!" * 400_000, encoded=True).status


class TestRouting:
    @pytest.mark.parametrize("query", ["action=chat/delete", "action=CHAT/SEND", "action=%00", "action=1"])
    def test_an_unknown_action_is_answered_with_those_that_exist(self, client: Client, query: str) -> None:
        """404 that names all of them, so that a typing mistake is found at once; its code tells it from other 404s."""
        answer = client.send("GET", query)

        assert (404, "unknown_action") == (answer.status, answer.code)
        assert all(name in answer.body["error"] for name in ("chat/send", "admin/approve-lead", "health"))

    @pytest.mark.parametrize("action", [5, ["chat/send"], {}, True])
    def test_an_action_that_is_no_text_is_unknown(self, client: Client, action: object) -> None:
        """An action that is not text is refused, whatever its type."""
        assert client.send("POST", "", send_body(action=action)).status in (400, 404)

    def test_no_action_at_all_is_invalid(self, client: Client) -> None:
        """400, in either method."""
        assert (400, 400) == (client.send("GET").status, client.send("POST", "", "{}").status)

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "TRACE"])
    def test_other_methods_are_told_which_are_allowed(self, client: Client, method: str) -> None:
        """405 with Allow (RFC 9110, section 15.5.6)."""
        answer = client.send(method, "action=health")

        assert (405, "GET, POST, OPTIONS") == (answer.status, answer.headers["allow"])

    def test_an_action_has_one_method(self, client: Client) -> None:
        """405 names the one that this action takes."""
        got = client.get("chat/send", "user_id=u&message=hi")
        posted = client.post("chat/conversations", user_id="u")

        assert [(405, "POST, OPTIONS"), (405, "GET, OPTIONS")] == [
            (a.status, a.headers["allow"]) for a in (got, posted)
        ]

    def test_query_and_body_must_not_name_two_actions(self, world: World, client: Client) -> None:
        """Neither is done."""
        answer = client.send("POST", "action=chat/close", send_body())

        assert (400, 0) == (answer.status, world.count(TABLES[0]))

    def test_query_and_body_may_spell_one_action_differently(self, client: Client) -> None:
        """An alias is the same action."""
        body = {"action": "affiliate/submit-lead", "link_id": make_link(client), "lead_data": LEAD}

        assert 200 == client.send("POST", "action=leads/submit", json.dumps(body)).status


class TestQuery:
    @pytest.mark.parametrize(
        "query",
        [
            *(
                f"limit={value}"
                for value in ("0", "-1", "1,2", "501", "1.0", "1e2", "x", "%D9%A1", "9" * 30, "+5", " 5")
            ),
            "limit=1&limit=2",
            "limit=5&limit=5",
            "status=half-open",
            "cursor=nonsense",
            "cursor=%ff",
            "status=%ff%fe",
            "&".join(f"a{n}=1" for n in range(200)),
        ],
    )
    def test_parameters_that_are_not_as_they_should_be_are_refused(self, client: Client, query: str) -> None:
        """400 with the field's name or the reason."""
        answer = client.get("admin/conversations", query)

        assert (400, "invalid_input") == (answer.status, answer.code)

    @pytest.mark.parametrize("since", ["-1", "1.5", "now", "9" * 30, str(2**60)])
    def test_since_is_a_time_in_milliseconds(self, client: Client, since: str) -> None:
        """Impossible numbers are refused."""
        answer = client.get("chat/messages", f"conversation_id={begin(client)}&since={since}")

        assert 400 == answer.status

    @pytest.mark.parametrize(
        ("action", "query", "complaint"),
        [
            ("admin/leads", "limit=-1", "limit must be 1 or more"),
            ("chat/messages", "conversation_id=c&since=-1", "since must be 0 or more"),
        ],
    )
    def test_a_number_that_is_too_small_is_told_the_smallest(
        self, client: Client, action: str, query: str, complaint: str
    ) -> None:
        """-1 is a whole number; what is wrong with it is its size."""
        assert complaint == client.get(action, query).body["error"]

    def test_a_cursor_of_another_listing_is_refused(self, client: Client) -> None:
        """A foreign cursor would silently skip items."""
        begin(client, "one")
        begin(client, "two")
        cursor = client.get("admin/conversations", "limit=1").body["next_cursor"]

        foreign = [
            client.get("admin/conversations", f"status=open&cursor={cursor}"),
            client.get("admin/leads", f"cursor={cursor}"),
            client.get("chat/conversations", f"user_id=user-123&cursor={cursor}"),
            client.get("chat/messages", f"conversation_id=x&cursor={cursor}"),
        ]

        assert [400] * 4 == [answer.status for answer in foreign]

    def test_blank_parameters_count_as_absent(self, client: Client) -> None:
        """`status=&limit=&cursor=` is what a form sends whose fields are empty."""
        begin(client)

        answer = client.get("admin/conversations", "status=&limit=&cursor=")

        assert (200, 1) == (answer.status, len(answer.body["conversations"]))


class TestMoney:
    @pytest.mark.parametrize(
        "amount",
        [
            "-0.01",
            "1000000.01",
            "10.005",
            "1" * 39,
            "1e400",
            "1E-400",
            '"NaN"',
            '"1e5"',
            '"12,50"',
            '""',
            "true",
            "[1]",
            "{}",
        ],
    )
    def test_an_amount_that_is_none_decides_nothing(self, client: Client, amount: str) -> None:
        """400, and the lead stays pending."""
        lead_id = submit(client, make_link(client))

        answer = client.send(
            "POST", "", f'{{"lead_id": "{lead_id}", "action": "approve", "commission_amount": {amount}}}'
        )

        pending = client.get("admin/leads", "status=pending").body["leads"]
        assert (400, 1) == (answer.status, len(pending))

    @pytest.mark.parametrize("amount", [True, {}, [1]])
    def test_what_is_no_amount_is_told_to_be_one(self, client: Client, amount: object) -> None:
        """Whichever type stands in its place."""
        answer = client.post("admin/approve-lead", lead_id="x", decision="approve", commission_amount=amount)

        assert (400, "commission_amount must be an amount such as 25.50") == (answer.status, answer.body["error"])

    def test_cents_survive_exactly(self, client: Client) -> None:
        """0.1 + 0.2 is 0.3: no float takes part in sums."""
        for amount in ("0.1", "0.2"):
            lead_id = submit(client, make_link(client))
            client.send("POST", "", f'{{"lead_id": "{lead_id}", "action": "approve", "commission_amount": {amount}}}')

        stats = client.get("affiliate/stats", "affiliate_id=aff-1").body["stats"]

        assert 0.3 == stats["total_commission"]


@pytest.mark.parametrize(
    "lead",
    [
        [],
        "text",
        5,
        {},
        LEAD | {"email": "nobody"},
        LEAD | {"order_volume": "lots"},
        LEAD | {"product_link": "javascript:alert(1)"},
        LEAD | {"phone": "1" * 41},
        LEAD | {"pending_orders": [3]},
        LEAD | {"name": {"first": "Ann"}},
    ],
)
def test_a_form_that_is_not_as_it_should_be_is_no_lead(client: Client, lead: object) -> None:
    """400 naming the field; the affiliate's counts stay."""
    answer = client.post("affiliate/submit-lead", link_id=make_link(client), lead_data=lead)

    stats = client.get("affiliate/stats", "affiliate_id=aff-1").body["stats"]
    assert (400, 0) == (answer.status, stats["total_leads"])


@pytest.mark.parametrize(("number", "stored"), [("1.5", "1.5"), ("20", "20"), ('"about 20"', "about 20")])
def test_pending_orders_may_be_any_number(client: Client, number: str, stored: str) -> None:
    """It is kept as the text that was sent."""
    body = {"action": "leads/submit", "link_id": make_link(client), "lead": LEAD | {"pending_orders": "NUMBER"}}

    client.send("POST", "", json.dumps(body).replace('"NUMBER"', number))

    [lead] = client.get("admin/leads").body["leads"]
    assert stored == lead["pending_orders"]


def test_unknown_fields_are_ignored(client: Client) -> None:
    """Unknown parameters, as of a newer dashboard, are ignored."""
    assert 200 == client.send("POST", "", send_body(colour="red", nested={"a": [1, 2.5, None]})).status


@pytest.mark.parametrize("odd", [{"action": "chat/send"}, ["x"], 5, True, "x", None, {}, [], 0], ids=repr)
def test_no_event_is_a_bug(client: Client, odd: Any) -> None:
    """Whoever may call the function can make an event of any JSON: it is refused in our words, whatever it holds."""
    http = {"method": "POST"}
    whole = {"rawQueryString": "", "headers": {}, "requestContext": {"requestId": "r", "http": http}, "body": "{}"}
    events: list[Any] = [odd, *({**whole, name: odd} for name in whole), {**whole, "requestContext": {"http": odd}}]
    codes = {json.loads(client.handle(event)["body"])["code"] for event in events}

    assert codes <= {"invalid_input", "wrong_method", "unknown_action"}


@pytest.mark.parametrize("odd", ["\ud800", "a\r\nset-cookie: x=1", "caf\u00e9", "x" * 129, {"a": 1}, 5, None], ids=repr)
def test_an_id_that_no_header_carries_is_left_out(client: Client, odd: Any) -> None:
    """Lambda's own comes back with the answer; another one could keep the answer from being sent, or be a header."""
    reply = client.handle({"requestContext": {"requestId": odd, "http": {"method": "GET"}}})

    assert "" == reply["headers"]["x-request-id"]


def test_a_body_that_is_an_object_is_told_to_be_a_text(client: Client) -> None:
    """It is what one types into the console of Lambda; the answer says how a Function URL would send it."""
    reply = client.handle({"requestContext": {"http": {"method": "POST"}}, "body": {"action": "chat/send"}})

    assert 400 == reply["statusCode"]
    assert "the event's body must be a text" in reply["body"]


def test_an_event_without_anything_gets_an_answer(client: Client) -> None:
    """An event without any HTTP fields gets a JSON error, too."""
    reply = client.handle({})

    assert (400, False) == (reply["statusCode"], json.loads(reply["body"])["success"])


@pytest.mark.parametrize(
    ("action", "values", "names"),
    [
        (
            "affiliate/create-link",
            {"affiliate_id": "a", "affiliate_email": "a@b.c", "email": "x@b.c"},
            "affiliate_email and email",
        ),
        (
            "affiliate/submit-lead",
            {"link_id": "A", "affiliate_link_id": "B", "lead_data": {}},
            "link_id and affiliate_link_id",
        ),
        ("affiliate/submit-lead", {"link_id": "A", "lead_data": {"name": "x"}, "lead": {}}, "lead_data and lead"),
        (
            "admin/approve-lead",
            {"lead_id": "x", "decision": "reject", "admin_notes": "a", "notes": "b"},
            "admin_notes and notes",
        ),
    ],
)
def test_one_parameter_under_two_names_says_one_thing(
    client: Client, action: str, values: dict[str, Any], names: str
) -> None:
    """Where the two contradict each other, one would be lost, so the request is refused."""
    answer = client.post(action, **values)

    assert (400, f"{names} contradict each other; send one of them") == (answer.status, answer.body["error"])


def test_one_parameter_twice_alike_is_fine(client: Client) -> None:
    """Clients that send every spelling are understood."""
    new = {"affiliate_id": "a", "affiliate_email": "a@b.c", "email": "a@b.c"}

    assert 200 == client.post("affiliate/create-link", **new).status


def test_what_cannot_be_encoded_is_answered_all_the_same(client: Client) -> None:
    """An error may quote half a surrogate pair; its JSON is valid UTF-8 nevertheless."""
    answer = client.post("chat/mark-read", conversation_id=begin(client), reader_type="\ud800")

    assert 400 == answer.status
    answer.body["error"].encode()


def with_messages(client: Client, character: str, count: int) -> str:
    """Return a conversation with so many more messages of the longest kind."""
    conversation_id = begin(client)
    for _ in range(count):
        client.post("chat/send", user_id="user-123", conversation_id=conversation_id, message=character * 10_000)
    return conversation_id


@pytest.mark.parametrize(("character", "count"), [("\u0436", 115), ('"', 200)])
def test_an_answer_that_lambda_can_carry_comes_whole(client: Client, character: str, count: int) -> None:
    """In whatever alphabet, as its runtime counts it: 6 MB of JSON in which all beyond ASCII may be escaped."""
    replies: list[Mapping[str, Any]] = []

    def handle(event: Mapping[str, Any]) -> Mapping[str, Any]:
        replies.append(client.handle(event))
        return replies[-1]

    conversation_id = with_messages(client, character, count)
    answer = replace(client, handle=handle).get("chat/messages", f"conversation_id={conversation_id}")

    assert 200 == answer.status
    assert [character * 10_000] * count == [message["message_text"] for message in answer.body["messages"][1:]]
    assert len(json.dumps(replies[0])) <= 6 * 1024 * 1024


@pytest.mark.parametrize(("character", "count"), [("\U0001f600", 125), ('"', 250)])
def test_an_answer_that_lambda_cannot_carry_says_how_to_get_it(client: Client, character: str, count: int) -> None:
    """More than 6 MB: the client is told to ask for pages, and pages work."""
    conversation_id = with_messages(client, character, count)

    whole = client.get("chat/messages", f"conversation_id={conversation_id}")
    page = client.get("chat/messages", f"conversation_id={conversation_id}&limit=100")

    assert (413, "too_large") == (whole.status, whole.code)
    assert (200, 100) == (page.status, len(page.body["messages"]))


def test_base64_of_the_cap_is_what_the_cap_allows() -> None:
    """The bound on characters admits every body of 256 KB."""
    assert len(base64.b64encode(b"x" * BODY_BYTES)) == (BODY_BYTES + 2) // 3 * 4
