"""`commercive chat`, as support staff use it."""

import sys
from pathlib import Path

import pytest

from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run


def test_a_conversation_is_sent_listed_and_shown(store: Run, conversation: Make) -> None:
    """What a user sends is in the list and in the thread."""
    one = conversation("u-1", "Where is it?")

    assert [one] == store("chat", "list", "-o", "ids").ids
    thread = store("chat", "show", one, "-o", "json").json
    assert [message["message_text"] for message in thread["messages"]] == ["Where is it?"]
    assert tuple(thread["conversation"][name] for name in ("user_id", "store_url", "status")) == (
        "u-1",
        "shop.example.com",
        "open",
    )


def test_lists_are_filtered(store: Run, conversation: Make) -> None:
    """Status, user, shop and unread narrow the list, alone or together."""
    first, second = conversation("u-1", shop="a.com"), conversation("u-2", shop="b.com")
    store("chat", "close", first)
    store("chat", "mark-read", second)

    def listed(*options: str) -> list[str]:
        return store("chat", "list", "-o", "ids", *options).ids

    assert [first] == listed("--status", "closed")
    assert [second] == listed("--user", "u-2")
    assert [first] == listed("--store-url", "a.com")
    assert [first] == listed("--unread")
    assert listed("--status", "open", "--user", "u-1") == []


def test_waiting_lists_the_longest_unanswered_first(store: Run, conversation: Make) -> None:
    """--sort waiting is the queue to work through."""
    first, second, third = conversation("u-1"), conversation("u-2"), conversation("u-3")
    store("chat", "reply", second, "Here it is")

    assert [first, third] == store("chat", "list", "--sort", "waiting", "-o", "ids").ids


def test_lists_stop_at_the_limit_and_say_so(store: Run, conversation: Make) -> None:
    """When there is more, stderr names the cursor of the next page; --all lists everything."""
    ids = [conversation(f"u-{number}") for number in range(3)][::-1]
    page = store("chat", "list", "--limit", "2", "-o", "json")
    cursor = page.json["next_cursor"]

    assert ids[:2] == [each["conversation_id"] for each in page.json["conversations"]]
    assert f"commercive: more: add --cursor {cursor}, or --all\n" == page.err
    assert ids[2:] == store("chat", "list", "--cursor", cursor, "-o", "ids").ids
    assert ids == store("chat", "list", "--all", "-o", "ids").ids
    assert ids[2:] == store("chat", "list", "--all", "--cursor", cursor, "-o", "ids").ids
    assert store("chat", "list", "--all", "--limit", "2").code == 2


def test_a_reply_is_written_by_the_actor(store: Run, conversation: Make) -> None:
    """--as says who replies; the profile or the environment otherwise."""
    one = conversation()
    store("chat", "reply", one, "from the environment")
    store("--as", "admin-7", "chat", "reply", one, "from the option")
    messages = store("chat", "show", one, "-o", "json").json["messages"]

    assert [(message["sender_type"], message["sender_id"]) for message in messages] == [
        ("user", "u-1"),
        ("admin", "admin-1"),
        ("admin", "admin-7"),
    ]


def test_reply_closes_and_reopens(store: Run, conversation: Make) -> None:
    """--close closes with the reply, a closed conversation refuses replies, --reopen opens it again."""
    one = conversation()
    assert store("chat", "reply", one, "Done", "--close").code == 0

    refused = store("chat", "reply", one, "More")
    assert refused.code == 6
    assert "is closed" in refused.err
    assert store("chat", "reply", one, "More", "--reopen").code == 0
    assert [one] == store("chat", "list", "--status", "open", "-o", "ids").ids


def test_if_last_refuses_when_somebody_wrote_since(store: Run, conversation: Make) -> None:
    """A reply with an outdated --if-last is not sent, and the newer messages are shown in one line."""
    one = conversation()
    (last,) = store("chat", "show", one, "-o", "ids").ids
    store("chat", "send", "--user", "u-1", "--conversation", one, "Never mind\nfound it")
    refused = store("chat", "reply", one, "It has shipped", "--if-last", last)

    assert refused.code == 6
    assert r"Never mind\nfound it" in refused.err
    assert refused.err.count("\n") == 1
    newest = store("chat", "show", one, "--tail", "1", "-o", "ids").ids[0]
    assert f"reply with --if-last {newest}" in refused.err
    assert store("chat", "reply", one, "Good", "--if-last", newest).code == 0


def test_a_key_makes_a_repeat_harmless(store: Run, conversation: Make) -> None:
    """The same command again gets the first answer and stores nothing."""
    one = conversation()
    first = store("chat", "reply", one, "Hello", "--key", "k1", "-o", "json")
    again = store("chat", "reply", one, "Hello", "--key", "k1", "-o", "json")

    assert first.json == again.json
    assert len(store("chat", "show", one, "-o", "ids").ids) == 2


def test_messages_come_from_files_and_stdin(store: Run, conversation: Make, home: Path) -> None:
    """-F reads a file, -F - reads stdin, byte order marks and last line breaks aside."""
    one = conversation()
    draft = home / "draft.txt"
    draft.write_text("\ufeffFrom a file\n", encoding="utf-8")
    store("chat", "reply", one, "-F", str(draft))
    store("chat", "reply", one, "-F", "-", stdin="From a pipe\n")
    texts = [message["message_text"] for message in store("chat", "show", one, "-o", "json").json["messages"]]

    assert texts[1:] == ["From a file", "From a pipe"]


def test_a_file_without_end_is_no_message(store: Run, conversation: Make, home: Path) -> None:
    """Neither as a file nor as a canned reply: it is refused by its name before it fills the memory."""
    one = conversation()
    (home / "templates").mkdir()
    (home / "templates" / "zero.txt").symlink_to("/dev/zero")
    for source in (("-F", "/dev/zero"), ("--template", "zero")):
        ran = store("chat", "reply", one, *source)

        assert (2, "") == (ran.code, ran.out)
        assert "is not read: it is larger than 1,000,000 bytes" in ran.err


def test_messages_come_from_the_editor(
    store: Run, conversation: Make, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--editor opens $VISUAL or $EDITOR; a failing editor or an empty message sends nothing."""
    one = conversation()
    script = home / "my editor.py"
    script.write_text("import sys; f = open(sys.argv[-1], 'r+'); t = f.read(); f.seek(0); f.write(sys.argv[1] + t)")
    monkeypatch.setenv("EDITOR", f"'{sys.executable}' '{script}' 'From the editor'")
    assert store("chat", "reply", one, "--editor").code == 0
    monkeypatch.setenv("EDITOR", "true")
    assert "the message is empty" in store("chat", "reply", one, "--editor").err
    monkeypatch.setenv("EDITOR", "false")

    assert "failed with exit code 1" in store("chat", "reply", one, "--editor").err
    assert len(store("chat", "show", one, "-o", "ids").ids) == 2


@pytest.mark.parametrize("sources", [(), ("text", "-F", "-"), ("text", "--editor"), ("-F", "-", "--editor")])
def test_a_message_has_one_source(store: Run, conversation: Make, sources: tuple[str, ...]) -> None:
    """Two sources, or none, are refused before anything is read or sent."""
    ran = store("chat", "reply", conversation(), *sources)

    assert (ran.code, "exactly one of TEXT" in ran.err) == (2, True)


def test_bytes_that_are_no_text_are_refused(store: Run, conversation: Make, home: Path) -> None:
    """A message is UTF-8; a missing file is named."""
    one = conversation()

    assert "stdin is not UTF-8 text" in store("chat", "reply", one, "-F", "-", stdin=b"caf\xe9").err
    assert "cannot be read: No such file" in store("chat", "reply", one, "-F", str(home / "none")).err


def test_show_tells_a_tail_and_since(store: Run, conversation: Make) -> None:
    """--tail N is the end of the thread; --since T begins at that very time."""
    one = conversation()
    store("chat", "reply", one, "second")
    times = [message["created_at"] for message in store("chat", "show", one, "-o", "json").json["messages"]]

    def texts(*options: str) -> list[str]:
        messages = store("chat", "show", one, "-o", "json", *options).json["messages"]
        return [message["message_text"] for message in messages]

    assert texts("--tail", "1") == ["second"]
    assert texts("--since", str(times[1])) == ["second"]
    assert texts("--since", "1h") == ["Where is it?", "second"]


def test_show_can_mark_read(store: Run, conversation: Make) -> None:
    """--mark-read shows the thread as it was and marks the user's messages read."""
    one = conversation()
    ran = store("chat", "show", one, "--mark-read", "-o", "json")

    assert (ran.json["conversation"]["unread_admin"], ran.err) == (1, "commercive: 1 marked read\n")
    assert store("chat", "show", one, "-o", "json").json["conversation"]["unread_admin"] == 0


def test_show_asks_nothing_without_mark_read(store: Run, conversation: Make) -> None:
    """--yes without a write is refused, not ignored."""
    ran = store("chat", "show", conversation(), "--yes")

    assert (2, True) == (ran.code, "--yes goes with --mark-read" in ran.err)


def test_mark_read_counts(store: Run, conversation: Make) -> None:
    """Marking twice changes nothing the second time; --reader user reads the admins' messages."""
    one = conversation()
    store("chat", "reply", one, "a")

    def marked(*options: str) -> int:
        return int(store("chat", "mark-read", one, "-o", "json", *options).json["marked"])

    assert [marked(), marked(), marked("--reader", "user")] == [1, 0, 1]


def test_many_are_closed_from_stdin(store: Run, conversation: Make) -> None:
    """Ids on stdin are worked on in order, once each, blank lines aside; some failed: exit 7."""
    ids = [conversation(f"u-{number}") for number in range(3)]
    ran = store("chat", "close", "-", "-o", "json", stdin=f"{ids[0]}\n\nnope\r\n{ids[1]}\n{ids[0]}\n")

    assert ran.code == 7
    assert [ids[0], "nope", ids[1]] == [each["id"] for each in ran.json["results"]]
    assert [each["result"]["success"] for each in ran.json["results"]] == [True, False, True]
    assert ran.err == "commercive: nope: there is no conversation nope\n"


def test_one_id_answers_for_itself(store: Run, conversation: Make) -> None:
    """One id gives the API's own answer, and its error is the command's error."""
    one = conversation()

    assert {"success": True, "conversation_id": one, "status": "closed", "changed": True} == store(
        "chat", "close", one, "-o", "json"
    ).json
    assert (store("chat", "close", "nope").code, store("chat", "close", "nope").out) == (5, "")


def test_closing_and_reopening_again_is_harmless(store: Run, conversation: Make) -> None:
    """A rerun of the same line changes nothing and succeeds."""
    ids = [conversation("u-1"), conversation("u-2")]
    lines = [store("chat", action, *ids).out for action in ("close", "close", "reopen", "reopen")]

    assert [text.splitlines()[1].split("\t")[1] for text in lines] == [
        "closed",
        "already closed",
        "open",
        "already open",
    ]


def test_idle_conversations_are_closed_by_rule(store: Run, conversation: Make) -> None:
    """--idle selects by the age of the last message, --last-from by its side."""
    answered, waiting = conversation("u-1"), conversation("u-2")
    store("chat", "reply", answered, "a")

    assert store("chat", "close", "--idle", "1h", "-o", "json").json["results"] == []
    ran = store("chat", "close", "--idle", "0s", "--last-from", "admin", "-o", "json")
    assert [answered] == [each["id"] for each in ran.json["results"]]
    assert [waiting] == store("chat", "list", "--status", "open", "-o", "ids").ids


@pytest.mark.parametrize("arguments", [(), ("x", "--idle", "7d"), ("x", "--last-from", "admin"), ("--idle", "week")])
def test_a_selection_must_be_clear(store: Run, arguments: tuple[str, ...]) -> None:
    """Ids or a rule, never both or neither, and no option without an effect."""
    assert store("chat", "close", *arguments).code == 2


def test_history_tells_who_closed_it(store: Run, conversation: Make) -> None:
    """Every change of state has a row: who, what, from which state to which."""
    one = conversation()
    store("chat", "close", one)
    store("--as", "admin-2", "chat", "reopen", one)
    rows = store("chat", "history", one, "-o", "json").json["history"]

    assert [(row["actor"], row["event"], row["after"]["status"]) for row in rows] == [
        ("admin-1", "close", "closed"),
        ("admin-2", "reopen", "open"),
    ]


def test_a_dry_run_shows_the_changes_and_makes_none(store: Run, conversation: Make) -> None:
    """--dry-run prints what would change, item by item, and writes nothing."""
    one = conversation()
    ran = store("chat", "close", one, "--dry-run", "-o", "json")
    (change,) = [each for each in ran.json["changes"] if each["table"] == "commercive_conversations"]

    assert (ran.code, ran.json["dry_run"]) == (0, True)
    assert change["attributes"]["status"] == {"before": "open", "after": "closed"}
    assert one == change["key"]["conversation_id"]
    assert [one] == store("chat", "list", "--status", "open", "-o", "ids").ids


def test_a_dry_run_refuses_what_would_be_refused(store: Run, conversation: Make) -> None:
    """A dry run gives the same errors, and reports each id of a bulk command."""
    one = conversation()
    ran = store("chat", "close", one, "nope", "--dry-run", "-o", "ids")

    assert store("chat", "close", "nope", "--dry-run").code == 5
    assert ran.code == 7
    assert "nope: there is no conversation nope" in ran.err
    assert any(line.startswith(one) for line in ran.out.splitlines())


def test_a_conversation_keeps_its_shop(conversation: Make, store: Run) -> None:
    """Naming another shop for a conversation that exists is refused; it would be lost."""
    ran = store("chat", "send", "--user", "u-1", "--conversation", conversation(), "--store-url", "x.com", "Hi")

    assert (2, True) == (ran.code, "--store-url is for a new conversation" in ran.err)
