"""Text from bytes: whatever saved it, the same text comes out."""

import pytest

from commercive_cli.domain import text as rules
from commercive_cli.domain.encodings import decoded
from commercive_cli.domain.errors import Invalid

TEXT = "Grüße 📦\nzwei\n\nvier"
SAVED = {
    "as is": TEXT.encode(),
    "with a byte order mark": TEXT.encode("utf-8-sig"),
    "UTF-16, little end first": b"\xff\xfe" + TEXT.encode("utf-16-le"),
    "UTF-16, big end first": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "on Windows": TEXT.replace("\n", "\r\n").encode("utf-16"),
    "on an old Macintosh": TEXT.replace("\n", "\r").encode(),
}


@pytest.mark.parametrize("raw", SAVED.values(), ids=SAVED)
def test_the_same_text_comes_out(raw: bytes) -> None:
    """Byte order marks go, lines end with LF, UTF-16 is read where its mark says so."""
    assert TEXT == decoded(raw, "a.txt")


@pytest.mark.parametrize("raw", [b"caf\xe9", b"\xff\xfea", b"\xff\xfe\x00\xd8"])
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    """Latin-1, and UTF-16 that ends early or is torn, are refused with the name of the file and what to do."""
    with pytest.raises(Invalid, match=r"a\.txt is not UTF-8 text; convert it to UTF-8"):
        decoded(raw, "a.txt")


@pytest.mark.parametrize("typed", ["a\nb", "a\r\nb", "a\rb", "\ufeffa\r\nb\r\n", "\r\na\nb"])
def test_stored_texts_end_their_lines_with_lf(typed: str) -> None:
    """Whoever sends it, the API's clients included: lines of a stored text end with LF, and it has no mark."""
    assert "a\nb" == rules.message_text(typed)
    assert "a\nb" == rules.text(typed, "admin_notes", rules.NOTES_LENGTH)


def test_ids_stay_as_they_are() -> None:
    """Ids are opaque, so that those of others are found: nothing within them is changed."""
    assert "a\r\nb" == rules.identifier("a\r\nb", "user_id")


def test_a_line_end_counts_once() -> None:
    """The limit is one of what is stored: CRLF is one character."""
    assert rules.MESSAGE_LENGTH == len(rules.message_text("x\r\n" * (rules.MESSAGE_LENGTH // 2 - 1) + "xx"))
