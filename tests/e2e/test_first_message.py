"""The seed document's section 12, a user's first message and what follows, as a script of commands."""

import re

from tests.e2e.conftest import Program

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TIME = re.compile(r"(?<=_at\": )[0-9]{13}|(?<=_since\": )[0-9]{13}")


def first_message(program: Program) -> list[str]:
    """Run the script; return what each command prints, ids and times made equal."""
    assert program("tables", "create").code == 0
    sent = program(
        "chat", "send", "--user", "user-123", "--store-url", "mystore.myshopify.com", "Hello, I need help", "-o", "json"
    )
    conversation = sent.json["conversation_id"]
    steps = [
        sent,
        program("chat", "list", "--status", "open", "-o", "json"),
        program("chat", "reply", conversation, "Hi! How can I help you?", "-o", "json"),
        program("chat", "show", conversation, "-o", "json"),
        program("chat", "mark-read", conversation, "--reader", "user", "-o", "json"),
        program("chat", "list", "--user", "user-123", "-o", "json"),
        program("chat", "show", conversation, "-o", "json"),
        program("tables", "audit", "-o", "json"),
    ]
    assert [0] * len(steps) == [step.code for step in steps]
    return [_TIME.sub("TIME", _ID.sub("ID", step.out)) for step in steps]


def test_both_stores_tell_the_same_story(embedded: Program, real: Program) -> None:
    """The seed's twelve steps print the same on SQLite and on DynamoDB, but for ids and times."""
    on_sqlite = first_message(embedded)

    assert on_sqlite == first_message(real)


def test_the_counters_follow_the_story(embedded: Program) -> None:
    """The admin sees one unread message; the user sees one after the reply, and none after reading it."""
    embedded("tables", "create")
    sent = embedded("chat", "send", "--user", "u", "--store-url", "s.com", "Hello", "-o", "json").json
    listed = embedded("chat", "list", "--status", "open", "-o", "json").json["conversations"]
    embedded("chat", "reply", sent["conversation_id"], "Hi!")
    answered = embedded("chat", "show", sent["conversation_id"], "-o", "json").json["conversation"]
    marked = embedded("chat", "mark-read", sent["conversation_id"], "--reader", "user", "-o", "json").json
    read = embedded("chat", "show", sent["conversation_id"], "-o", "json").json

    assert [("Hello", 1, 0)] == [(c["last_message"], c["unread_admin"], c["unread_user"]) for c in listed]
    assert ("Hi!", 1) == (answered["last_message"], answered["unread_user"])
    assert 1 == marked["marked"]
    assert (1, 0) == (read["conversation"]["unread_admin"], read["conversation"]["unread_user"])
    assert [False, True] == [message["is_read"] for message in read["messages"]]
