"""What makes no sense at the desk is refused on either store: exit 2 or 6, and nothing is written."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Program

REFUSED = [
    ("reply OPEN --template no-such", 2, "there is no template 'no-such'"),
    ("reply OPEN --template shipped", 2, "needs a value for order"),
    ("reply OPEN --template shipped --var order=1 --var other=2", 2, "has no variable 'other'"),
    ("reply OPEN --template shipped --var order", 2, "is not of the form NAME=VALUE"),
    ("templates render no-such", 2, "there is no template 'no-such'"),
    ("list --since 2026-11-20 --until 2026-11-10", 2, "until comes before since"),
    ("list --sort waiting --since 2026-11-20 --until 2026-11-10", 2, "until comes before since"),
    ("list --mine --since 2026-11-20 --until 2026-11-10", 2, "until comes before since"),
    ("report --since 2026-11-20 --until 2026-11-10", 2, "until comes before since"),
    ("snooze OPEN --until yesterday", 2, "has passed"),
    ("snooze OPEN --until 2020-01-01", 2, "has passed"),
    ("snooze OPEN --until 0d", 2, "has passed"),
    ("snooze CLOSED --until 3d", 6, "it is closed"),
    ("claim CLOSED", 6, "is closed"),
    ("claim CLOSED --steal", 6, "is closed"),
]


def tables_of(program: Program, directory: Path) -> dict[str, bytes]:
    """Return every item of the store, as an export writes it."""
    assert 0 == program("tables", "export", str(directory)).code
    files = [file for file in directory.rglob("*.jsonl*") if file.is_file()]
    assert files
    return {str(file.relative_to(directory)): file.read_bytes() for file in files}


@pytest.fixture
def conversations(program: Program, tmp_path: Path) -> dict[str, str]:
    """An open conversation and a closed one, and a canned reply."""
    assert 0 == program("tables", "create").code
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "shipped.txt").write_text("Hi {{store_url}}, {{order}} has shipped")
    ids: dict[str, str] = {}
    for name in ("OPEN", "CLOSED"):
        sent = program("chat", "send", "--user", name, "--store-url", "a.example", "Hi", "-o", "json").json
        ids[name] = sent["conversation_id"]
    assert 0 == program("chat", "close", ids["CLOSED"]).code
    return ids


def test_what_makes_no_sense_is_refused(program: Program, conversations: dict[str, str], tmp_path: Path) -> None:
    """Unknown templates and variables, times in the wrong order or past, and claims of what is closed."""
    before = tables_of(program, tmp_path / "before")
    for line, code, words in REFUSED:
        ran = program("chat", *(conversations.get(word, word) for word in line.split()))
        assert (code, True, "") == (ran.code, words in ran.err, ran.out), (line, ran.err)

    assert before == tables_of(program, tmp_path / "after")
