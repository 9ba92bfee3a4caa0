"""The file of ids that were shown here: it helps and never harms."""

import stat
from pathlib import Path

import pytest

from commercive_cli.cli.known_ids import KEPT, LABEL_LENGTH, Known, KnownIds

ONE = {"id-1": Known("conversation", "kobe-tea, open")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a file may be, in a directory that does not exist yet."""
    return tmp_path / "cache" / "ids.json"


def test_what_was_shown_is_known(path: Path) -> None:
    """The next command knows the ids, of what kind they are, and a few words about each; the file is private."""
    KnownIds(path).remember(ONE)
    KnownIds(path).remember({"id-2": Known("lead", "x" * 200)})

    assert ONE | {"id-2": Known("lead", "x" * LABEL_LENGTH)} == KnownIds(path).read()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_the_latest_are_kept(path: Path) -> None:
    """The file does not grow without bound; what was shown again counts as shown now."""
    KnownIds(path).remember(ONE)
    KnownIds(path).remember({f"other-{number}": Known("lead", "") for number in range(KEPT - 1)})
    KnownIds(path).remember(ONE)
    KnownIds(path).remember({"new": Known("lead", "")})

    known = KnownIds(path).read()
    assert (KEPT, True, False) == (len(known), "id-1" in known, "other-0" in known)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"a": 1}', b'{"a": ["x"]}', b"\xff\xfe", b'{"a": null}', b"7", b"[" * 100_000]
)
def test_a_damaged_file_is_an_empty_one(path: Path, content: bytes) -> None:
    """Whatever stands in it, the ids are unknown and the next command writes it anew."""
    path.parent.mkdir()
    path.write_bytes(content)

    assert {} == KnownIds(path).read()
    KnownIds(path).remember(ONE)
    assert ONE == KnownIds(path).read()


def test_a_place_that_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    """No command fails because its ids cannot be remembered, and nothing is left behind."""
    (tmp_path / "file").write_text("")
    known = KnownIds(tmp_path / "file" / "ids.json")
    known.remember(ONE)

    assert {} == known.read()
    directory = KnownIds(tmp_path / "directory")
    (tmp_path / "directory").mkdir()
    directory.remember(ONE)
    assert ["directory", "file"] == sorted(each.name for each in tmp_path.iterdir())


def test_it_can_be_forgotten(path: Path) -> None:
    """After an erasure no words about the person are left in it."""
    KnownIds(path).remember(ONE)
    KnownIds(path).forget()
    KnownIds(path).forget()

    assert not path.exists()
