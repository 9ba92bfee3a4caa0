"""The desk on the command line: who works on which conversation."""

import json

import pytest

from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run


def events(store: Run, conversation: str) -> list[str]:
    return [row["event"] for row in store("chat", "history", conversation, "-o", "json").json["history"]]


def test_a_claimed_conversation_is_answered_by_its_holder(store: Run, conversation: Make) -> None:
    """Others are refused with exit code 6 and told who has it; --steal answers all the same, and ends the claim."""
    one = conversation()
    claimed = store("--as", "mira", "chat", "claim", one, "--for", "10m", "-o", "json").json
    refused = store("--as", "jonas", "chat", "reply", one, "Hi")

    assert (one, "mira") == (claimed["conversation_id"], claimed["holder"])
    assert 6 == refused.code
    assert "is held by mira for 10 more minutes; to answer all the same, reply with --steal" in refused.err
    assert 0 == store("--as", "jonas", "chat", "reply", one, "Hi", "--steal").code
    assert 0 == store("--as", "jonas", "chat", "claim", one).code


def test_a_dry_run_is_refused_as_the_reply_would_be(store: Run, conversation: Make) -> None:
    """So that nobody is told that something would be sent which would not."""
    one = conversation()
    store("--as", "mira", "chat", "claim", one)

    assert 6 == store("--as", "jonas", "chat", "reply", one, "Hi", "--dry-run").code
    assert 0 == store("--as", "mira", "chat", "reply", one, "Hi", "--dry-run").code


def test_a_claim_is_given_back_or_taken_over(store: Run, conversation: Make) -> None:
    """Only its holder gives it back; the history tells all of it."""
    one = conversation()
    store("--as", "mira", "chat", "claim", one)

    assert 6 == store("--as", "jonas", "chat", "claim", one).code
    assert 6 == store("--as", "jonas", "chat", "release", one).code
    assert 0 == store("--as", "jonas", "chat", "claim", one, "--steal").code
    assert 0 == store("--as", "jonas", "chat", "release", one).code
    assert ["claim", "claim", "release"] == events(store, one)


def test_many_are_claimed_and_released_at_once(store: Run, conversation: Make) -> None:
    """Each stands alone: one that is closed fails, exit code 7, and the others are claimed."""
    ids = [conversation() for _ in range(3)]
    store("chat", "close", ids[1])
    ran = store("chat", "claim", "-", stdin="\n".join(ids))

    assert 7 == ran.code
    assert "is closed" in ran.err
    assert [["claim"], ["close"], ["claim"]] == [events(store, each) for each in ids]
    assert ["released", "held by nobody"] == [
        line.split("\t")[1] for line in store("chat", "release", ids[0], ids[1]).out.splitlines()[1:]
    ]


def test_a_note_is_for_the_staff_alone(store: Run, conversation: Make) -> None:
    """It is in the thread that the staff reads, marked as what it is, and in no list of messages."""
    one = conversation()
    assert 0 == store("--as", "mira", "chat", "note", one, "-", stdin="Stuck in customs\n").code
    thread = store("chat", "show", one, "-o", "json").json

    assert [("mira", "Stuck in customs")] == [(note["author"], note["text"]) for note in thread["notes"]]
    assert ["Where is it?"] == [message["message_text"] for message in thread["messages"]]
    assert [("user", "Where is it?"), ("note", "Stuck in customs")] == [
        (turn["sender_type"], turn["message_text"])
        for turn in map(json.loads, store("chat", "show", one, "-o", "jsonl").out.splitlines())
    ]
    assert 1 == len(store("chat", "show", one, "-o", "ids").ids)
    assert 1 == len(store("api", "call", "chat/messages", f"conversation_id={one}").json["messages"])
    assert 1 == len(store("api", "call", "chat/notes", f"conversation_id={one}").json["notes"])


def test_a_thread_tells_who_holds_it(store: Run, conversation: Make) -> None:
    """In JSON by attributes of the conversation, which are not there while nobody does."""
    one = conversation()
    assert "held_by" not in store("chat", "show", one, "-o", "json").json["conversation"]
    until = store("--as", "mira", "chat", "claim", one, "-o", "json").json["until"]
    shown = store("chat", "show", one, "-o", "json").json["conversation"]

    assert ("mira", until) == (shown["held_by"], shown["held_until"])


def test_what_is_put_off_leaves_the_queue(store: Run, conversation: Make) -> None:
    """Until its user writes; the line can be repeated with its key."""
    one, two = conversation("u-1"), conversation("u-2")
    line = ("chat", "snooze", one, "--until", "3d", "--key", "k", "-o", "json")
    first = store(*line)
    assert 0 == first.code

    assert [two] == store("chat", "list", "--sort", "waiting", "-o", "ids").ids
    assert first.json == store(*line).json
    store("chat", "send", "--user", "u-1", "--conversation", one, "well?")
    assert [one, two] == store("chat", "list", "--sort", "waiting", "-o", "ids").ids


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("snooze ID --until yesterday", 2),
        ("snooze ID --until 2020-01-01", 2),
        ("snooze ID --until 400d", 2),
        ("snooze ID --until soon", 2),
        ("snooze ID", 2),
        ("snooze no-such --until 3d", 5),
        ("note ID", 2),
        ("note no-such x", 5),
        ("claim ID --for soon", 2),
        ("claim ID --for 59s", 2),
        ("claim ID --for 2d", 2),
        ("claim no-such", 5),
        ("release no-such", 5),
        ("claim", 2),
    ],
)
def test_what_makes_no_sense_is_refused(store: Run, conversation: Make, line: str, code: int) -> None:
    """Nothing is written."""
    one = conversation()

    assert code == store("chat", *[one if word == "ID" else word for word in line.split()]).code
    assert [] == events(store, one)
