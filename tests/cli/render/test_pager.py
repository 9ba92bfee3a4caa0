"""The pager of what is longer than the screen."""

from pathlib import Path

import pytest

from commercive_cli.cli.render.pager import Opens, pager_command


@pytest.mark.parametrize("wanted", [None, "less"])
@pytest.mark.parametrize(
    ("opens", "words"), [("at the beginning", ("less", "-R")), ("at the end", ("less", "-R", "+G"))]
)
def test_less_opens_where_reading_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str | None, opens: Opens, words: tuple[str, ...]
) -> None:
    """A report is read from its first line, a thread from its newest turn."""
    (tmp_path / "less").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert words == pager_command(wanted, opens)


def test_another_pager_is_called_as_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its options are the user's own."""
    (tmp_path / "more").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert ("more", "-s") == pager_command("more -s", "at the end")
