"""`chat search` and `chat list --search` from the command line."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.domain.ids import uuid7
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES
from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run
from tests.cli.process import run_on_terminal


def test_every_format_has_whole_ids_and_texts(store: Run, conversation: Make) -> None:
    """The sentence about what is read is on stderr, so that pipes get hits alone."""
    name = conversation(text="Stuck in CUSTOMS\nsince Monday")
    store("chat", "reply", name, "Customs takes three days")
    found = store("chat", "search", "customs", "-o", "json")
    lines = store("chat", "search", "customs", "-o", "jsonl").out.splitlines()
    cells = store("chat", "search", "customs", "-o", "csv").out

    assert ("Stuck in CUSTOMS\nsince Monday", 1, 2) == tuple(
        found.json["hits"][0][name] for name in ("message_text", "turn", "turns")
    )
    assert "commercive: Reads about 2 messages of 1 conversation, about 1 s\n" == found.err
    assert found.json["hits"] == [json.loads(line) for line in lines]
    assert '"Stuck in CUSTOMS\nsince Monday"' in cells
    assert '"conversation_id","message_id","created_at","turn","turns","sender_type"' in cells


def test_ids_are_those_of_conversations_each_once(store: Run, conversation: Make) -> None:
    """`chat search TEXT -o ids | commercive chat close -` takes each once."""
    name = conversation(text="tea")
    store("chat", "reply", name, "more tea")
    conversation(user="u-2", text="coffee")

    assert [name] == store("chat", "search", "tea", "-o", "ids").ids


def test_a_limit_ends_the_search(store: Run, conversation: Make) -> None:
    """After so many hits."""
    conversation(text="tea")
    conversation(user="u-2", text="tea")

    assert 1 == len(store("chat", "search", "tea", "--limit", "1", "-o", "json").json["hits"])


def test_the_text_may_come_from_stdin(store: Run, conversation: Make) -> None:
    """`-` is stdin, as everywhere."""
    name = conversation(text="tea")

    assert [name] == store("chat", "search", "-", "-o", "ids", stdin="TEA\n").ids


@pytest.mark.parametrize(
    "wrong",
    [("",), ("x", "--since", "soon"), ("x", "--from", "ai"), ("x", "--status", "opn"), ("x", "--limit", "0"), ()],
)
def test_what_means_nothing_is_refused(store: Run, wrong: tuple[str, ...]) -> None:
    """Exit code 2, before anything is read."""
    ran = store("chat", "search", *wrong)

    assert (2, "") == (ran.code, ran.out)


@pytest.fixture
def many(store: Run, home: Path) -> Run:
    """A store with 100,001 messages, in one conversation."""
    name = uuid7(1_790_000_000_000, 1)
    at = 1_790_000_000_000
    with closing(SQLiteStore(home / "store.db")) as opened:
        item = {"conversation_id": name, "created_at": at, "updated_at": at, "status": "open", "user_id": "u"}
        opened.batch_put(CONVERSATIONS, [item])
        texts = ({"conversation_id": name, "message_id": uuid7(at, n), "message_text": "tea"} for n in range(100_001))
        opened.batch_put(MESSAGES, texts)
    return store


def test_much_wants_a_yes(many: Run) -> None:
    """Without a terminal, exit code 2 before a message is read; --yes goes on, and a terminal is asked."""
    refused, agreed = many("chat", "search", "tea"), many("chat", "search", "coffee", "--yes", "-o", "json")
    asked = run_on_terminal(["chat", "search", "tea", "--no-color"], "n\n")

    assert (2, "") == (refused.code, refused.out)
    assert "--yes" in refused.err
    assert (0, []) == (agreed.code, agreed.json["hits"])
    assert 2 == asked.code
    assert "Reads about 100,001 messages of 1 conversation, about" in asked.screen
    assert "Read it? [y/N]" in asked.screen


def test_a_terminal_shows_a_line_a_hit(store: Run, conversation: Make) -> None:
    """What is read stands first, then the hits; what an answer shows can be typed by its short id."""
    name = conversation(text="tea")
    seen = run_on_terminal(["chat", "search", "tea", "--no-color"])
    lines = seen.screen.replace("\r", "").splitlines()

    assert "Reads about 1 message" in lines[0].replace("messages", "message")
    assert lines[3].startswith(f"{name[-8:]}  shop.example")
    assert lines[3].endswith("1 of 1  user          tea")
    assert 0 == store("chat", "close", name[-8:]).code


def test_a_list_is_narrowed_by_text_and_time(store: Run, conversation: Make) -> None:
    """Shop, user id and last message are looked into, in any case; the sentence says what was asked for."""
    tea = conversation(user="u-17", text="Where is the TEA?", shop="bergrad.example")
    conversation(user="u-2", text="Coffee", shop="kobe.example")

    for words in ("tea", "BERGRAD", "U-17"):
        assert [tea] == store("chat", "list", "--search", words, "-o", "ids").ids
        assert [tea] == store("chat", "list", "--search", words, "--sort", "waiting", "-o", "ids").ids
    assert [] == store("chat", "list", "--until", "2020-01-01", "-o", "ids").ids
    assert [] == store("chat", "list", "--until", "2020-01-01", "--sort", "waiting", "-o", "ids").ids
    assert 2 == len(store("chat", "list", "--since", "1h", "-o", "ids").ids)
    assert (
        "1 conversation with tea since 1h"
        in run_on_terminal(["chat", "list", "--search", "tea", "--since", "1h"]).screen
    )


@pytest.mark.parametrize("command", ["chat list", "leads list", "chat report"])
def test_a_time_that_ends_before_it_begins_is_refused(store: Run, command: str) -> None:
    """Nothing lies in it, and whoever asks has swapped two options."""
    ran = store(*command.split(), "--since", "2026-11-02", "--until", "2026-11-01")

    assert (2, "") == (ran.code, ran.out)
    assert "until comes before since" in ran.err


def test_notes_are_found_when_that_is_asked_for(store: Run, conversation: Make) -> None:
    """As what they are; beside --from they make no sense."""
    one = conversation()
    store("--as", "mira", "chat", "note", one, "Stuck in customs")
    ran = store("chat", "search", "customs", "--notes", "-o", "json")
    [hit] = ran.json["hits"]

    assert "of 1 conversation and their notes, about" in ran.err
    assert (one, "note", "mira", "Stuck in customs") == tuple(
        hit[name] for name in ("conversation_id", "sender_type", "sender_id", "message_text")
    )
    assert [] == store("chat", "search", "customs", "-o", "json").json["hits"]
    assert 2 == store("chat", "search", "customs", "--notes", "--from", "user").code
