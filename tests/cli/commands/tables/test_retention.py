"""`commercive tables archive` and `retention`, as operators use them."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run

ARCHIVE = ("tables", "archive", "--older-than", "1d")


@pytest.fixture
def seeded(run: Run) -> Run:
    """Run one command line over the demo data, in which three conversations were closed a day ago or before."""
    assert run("tables", "create", "--seed").code == 0
    return run


def conversations(run: Run) -> list[str]:
    """Return the ids of all conversations."""
    return sorted(run("chat", "list", "--all", "-o", "ids").out.split())


def test_what_was_closed_long_ago_moves_into_files_and_back(seeded: Run, home: Path) -> None:
    """The answer counts it and the note says how to bring it back; then the list is as before, the audit clean."""
    before, directory = conversations(seeded), str(home / "archive")
    rehearsed = seeded(*ARCHIVE, directory, "--dry-run", "-o", "json")
    untouched = conversations(seeded)
    archived = seeded(*ARCHIVE, directory, "--yes", "-o", "json")
    left = conversations(seeded)
    audited = seeded("tables", "audit", "-o", "json")
    restored = seeded("tables", "import", directory, "-o", "json")

    assert (0, 0, 0, 0) == (rehearsed.code, archived.code, audited.code, restored.code)
    assert before == untouched
    assert rehearsed.json["conversations"] == archived.json["conversations"] == len(before) - len(left) == 3
    assert (rehearsed.json["messages"], directory) == (archived.json["messages"], archived.json["directory"])
    assert f"to bring them back: commercive tables import {directory}" in archived.err
    assert [] == audited.json["findings"]
    assert before == conversations(seeded)


def test_deleting_is_asked_for_when_the_export_is_done(seeded: Run, at_terminal: Run, home: Path) -> None:
    """The question names numbers, time, store and files; no deletes nothing, and the same command asks again."""
    before, directory = conversations(seeded), home / "archive"
    refused = at_terminal(*ARCHIVE, str(directory), typed="n\n")
    exported = (directory / "manifest.json").exists()
    untouched = conversations(seeded)
    agreed = at_terminal(*ARCHIVE, str(directory), typed="y\n")
    asked = " ".join(refused.out.split())

    assert (2, True) == (refused.code, exported)
    assert "Delete 3 conversations with 15 messages and 0 notes, closed before 20" in asked
    assert "cancelled; nothing was deleted" in asked
    assert before == untouched
    assert 0 == agreed.code
    assert len(before) - 3 == len(conversations(seeded))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--older-than", "0d", "DIR", "--yes"), "--older-than takes 1d to 36500d"),
        (("--older-than", "-5d", "DIR", "--yes"), "--older-than '-5d' is not a duration"),
        (("--older-than", "23h", "DIR", "--yes"), "--older-than takes 1d to 36500d"),
        (("--older-than", "99999d", "--dry-run"), "--older-than takes 1d to 36500d"),
        (("--older-than", "a year", "DIR", "--yes"), "--older-than 'a year' is not a duration"),
        (("--older-than", "1d", "--yes"), "pass the directory DIR, or --dry-run"),
        (("--older-than", "1d", "DIR"), "pass --yes to go on"),
        (("--older-than", "1d", "HOME", "--yes"), "belongs to the store"),
        (("--older-than", "1d", "HOME", "--dry-run"), "belongs to the store"),
        (("--older-than", "1d", "HOME/config.toml", "--yes"), "is not an empty directory"),
        (("--older-than", "1d", "HOME/config.toml/x", "--yes"), "choose another path"),
        (("--older-than", "1d", "/proc/archive", "--yes"), "choose another path"),
        (("DIR", "--yes"), "missing option '--older-than'"),
    ],
)
def test_bad_input_is_refused_by_name(arguments: tuple[str, ...], words: str, seeded: Run, home: Path) -> None:
    """Exit 2, nothing is made, nothing is deleted."""
    (home / "config.toml").touch()
    before = conversations(seeded)
    line = [each.replace("HOME", str(home)).replace("DIR", str(home / "archive")) for each in arguments]
    ran = seeded("tables", "archive", *line)

    assert (2, True) == (ran.code, words in ran.err), ran.err
    assert before == conversations(seeded)
    assert not (home / "archive").exists()


def test_a_finished_archive_is_a_conflict(seeded: Run, home: Path) -> None:
    """Exit 6: who archives each night names another directory each night; none is made where nothing is due."""
    seeded(*ARCHIVE, str(home / "one"), "--yes")
    again = seeded(*ARCHIVE, str(home / "one"), "--yes")
    empty = seeded(*ARCHIVE, str(home / "two"), "--yes", "-o", "json")

    assert (6, True) == (again.code, "holds a finished archive; choose another directory" in again.err)
    assert (0, 0) == (empty.code, empty.json["conversations"])
    assert not (home / "two").exists()


def test_a_read_only_profile_archives_nothing(seeded: Run, home: Path) -> None:
    """Exit 4 before anything is exported; a preview is allowed."""
    (home / "config.toml").write_text("[profiles.look]\nread_only = true\n", encoding="utf-8")
    refused = seeded("--profile", "look", *ARCHIVE, str(home / "archive"), "--yes")

    assert (4, False) == (refused.code, (home / "archive").exists())
    assert 0 == seeded("--profile", "look", *ARCHIVE, "--dry-run").code


def test_retention_says_what_the_policy_would_take(seeded: Run, home: Path) -> None:
    """Exit 3 with the command while something is due, 0 when nothing is, and without a policy."""
    none = seeded("tables", "retention", "-o", "json")
    assert 0 == seeded("config", "set", "retention.closed_conversations", "1d").code
    due = seeded("tables", "retention", "-o", "json")
    seeded(*ARCHIVE, str(home / "archive"), "--yes")
    done = seeded("tables", "retention", "-o", "json")

    assert (0, None, 0) == (none.code, none.json["policy"], none.json["conversations"])
    assert "config set retention.closed_conversations 365d" in none.err
    assert (3, "1d", 3) == (due.code, due.json["policy"], due.json["conversations"])
    assert "commercive tables archive --older-than 1d DIR" == due.json["command"]
    assert f"to archive them: {due.json['command']}" in due.err
    assert (0, 0, None) == (done.code, done.json["conversations"], done.json["command"])


def test_the_policy_is_a_setting_like_others(seeded: Run, home: Path) -> None:
    """It is set, read, shown, removed and checked by its key; a wrong one is refused, and found in the file."""
    key = "retention.closed_conversations"
    wrong = seeded("config", "set", key, "0d")
    assert 0 == seeded("config", "set", key, "365d").code
    shown = seeded("config", "show").out

    assert (2, True) == (wrong.code, "is no time to keep; write 365d, of 1d to 36500d" in wrong.err)
    assert "365d\n" == seeded("config", "get", key).out
    assert key in shown
    assert 2 == seeded("config", "set", "retention.closed", "1d").code
    assert 0 == seeded("config", "unset", "retention").code
    assert 5 == seeded("config", "get", key).code
    (home / "config.toml").write_text("[retention]\nclosed_conversations = '1y'\n", encoding="utf-8")
    checked = seeded("config", "check")
    assert (3, True) == (checked.code, f"{key} '1y' is no time to keep" in checked.out)
    assert (78, True) == ((refused := seeded("tables", "retention")).code, "'1y'" in refused.err)
