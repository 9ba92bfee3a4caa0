"""The desk on the command line: who works on which conversation."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.port import Query
from commercive_cli.store.schema import CONVERSATIONS
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


@pytest.mark.parametrize(
    "line",
    [
        "search customs -o json",
        "search customs --from admin -o json",
        "export ID",
        "export ID --format json",
        "export ID --format csv",
        "export --redact",
        "list -o json",
        "list --search customs -o json",
        "list --sort waiting -o jsonl",
        "show ID -o ids",
        "history ID -o json",
        "report --since 1d -o json",
        "reply ID Hi --dry-run -o json",
        "reply ID Hi --if-last no-such -o json",
        "close ID -o json",
    ],
)
def test_a_note_comes_out_at_no_other_door(store: Run, conversation: Make, line: str) -> None:
    """Neither as a message nor in what is told of one: `chat show` alone has it, and an export that asks for notes."""
    one = conversation()
    store("--as", "mira", "chat", "note", one, "Stuck in customs")
    ran = store("chat", *[one if word == "ID" else word for word in line.split()])

    assert "customs" not in (ran.out + ran.err).replace("'customs'", "")
    assert "Stuck in customs" in store("chat", "show", one, "-o", "json").out


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


def test_the_next_one_is_claimed_and_shown(store: Run, conversation: Make) -> None:
    """As `chat show` shows it; when nothing waits that nobody holds, an empty thread, and no failure."""
    one = conversation()
    first = store("chat", "next", "-o", "json").json
    nothing = store("chat", "next", "-o", "json")

    assert store("chat", "show", one, "-o", "json").json == first
    assert "admin-1" == first["conversation"]["held_by"]
    assert (0, None, []) == (nothing.code, nothing.json["conversation"], nothing.json["messages"])
    assert 1 == store("chat", "next").out.count("\n")


def test_an_agent_lists_what_they_hold(store: Run, conversation: Make) -> None:
    """--mine, and who holds what in any list."""
    one, two = conversation("u-1"), conversation("u-2")
    store("chat", "claim", one)
    store("--as", "mira", "chat", "claim", two)

    assert [one] == store("chat", "list", "--mine", "-o", "ids").ids
    assert [two] == store("--as", "mira", "chat", "list", "--mine", "--all", "-o", "ids").ids
    listed = store("chat", "list", "-o", "json").json["conversations"]
    assert {one: "admin-1", two: "mira"} == {each["conversation_id"]: each["held_by"] for each in listed}


def test_the_only_one_that_is_held_needs_no_id(store: Run, conversation: Make, home: Path) -> None:
    """In release, snooze, and reply from a file; with none or two that is refused."""
    one, two = conversation("u-1"), conversation("u-2")
    answer = home / "answer.txt"
    answer.write_text("Hi")
    assert 2 == store("chat", "release").code
    store("chat", "claim", one)
    assert 0 == store("chat", "reply", "-F", str(answer)).code
    assert ["Where is it?", "Hi"] == [
        message["message_text"] for message in store("chat", "show", one, "-o", "json").json["messages"]
    ]
    store("chat", "claim", two)
    assert 0 == store("chat", "snooze", "--until", "1d").code
    assert [] == store("chat", "list", "--sort", "waiting", "-o", "ids").ids
    store("chat", "claim", one, two)
    assert 2 == store("chat", "release").code


@pytest.mark.parametrize(("options", "unread"), [(("--if-last",), 0), (("--keep-unread", "--if-last"), 1), ((), 1)])
def test_what_is_answered_counts_as_read(store: Run, conversation: Make, options: tuple[str, ...], unread: int) -> None:
    """Up to the message that the answer names as seen, unless --keep-unread."""
    one = conversation()
    [last] = store("chat", "show", one, "-o", "ids").ids
    assert 0 == store("chat", "reply", one, "Hi", *options, *([last] if options else [])).code

    assert unread == store("chat", "show", one, "-o", "json").json["conversation"]["unread_admin"]


def test_an_answer_is_sent_though_nothing_can_be_marked_read(store: Run, conversation: Make, home: Path) -> None:
    """Then a warning says so, and the exit code is that of the reply."""
    one = conversation()
    [last] = store("chat", "show", one, "-o", "ids").ids
    with closing(SQLiteStore(home / "store.db")) as raw:
        [item] = raw.query(Query(CONVERSATIONS, one)).items
        raw.batch_put(CONVERSATIONS, [{**item, "unread_admin": "one"}])
    ran = store("chat", "reply", one, "Hi", "--if-last", last)

    assert 0 == ran.code
    assert "the answer is sent; the messages before it stay unread" in ran.err
    assert 2 == len(store("chat", "show", one, "-o", "ids").ids)


def test_a_rehearsed_answer_marks_nothing_read(store: Run, conversation: Make) -> None:
    """--dry-run writes nothing, and shows the reply alone."""
    one = conversation()
    [last] = store("chat", "show", one, "-o", "ids").ids
    assert 0 == store("chat", "reply", one, "Hi", "--if-last", last, "--dry-run").code

    assert 1 == store("chat", "show", one, "-o", "json").json["conversation"]["unread_admin"]


def test_a_reply_goes_on_with_the_next_one(store: Run, conversation: Make) -> None:
    """--next claims and shows it; one document cannot hold both answers, so there it is refused before anything."""
    one, two = conversation("u-1"), conversation("u-2", "And mine?")
    assert 2 == store("chat", "reply", one, "Hi", "--next", "-o", "json").code
    assert 1 == len(store("chat", "show", one, "-o", "ids").ids)
    ran = store("chat", "reply", one, "Hi", "--next")

    assert 0 == ran.code
    assert "And mine?" in ran.out
    assert [two] == store("chat", "list", "--mine", "-o", "ids").ids


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("next --for 2d", 2),
        ("snooze ID --until yesterday", 2),
        ("snooze ID --until 2020-01-01", 2),
        ("snooze ID --until 2020-01-01 --key k", 2),
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
        ("reply -F no-such-file", 2),
    ],
)
def test_what_makes_no_sense_is_refused(store: Run, conversation: Make, line: str, code: int) -> None:
    """Nothing is written."""
    one = conversation()

    assert code == store("chat", *[one if word == "ID" else word for word in line.split()]).code
    assert [] == events(store, one)
