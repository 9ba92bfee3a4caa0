"""The README's pictures are what the program draws today."""

from pathlib import Path

import pytest

from tests.cli.process import ROOT
from tests.cli.render.pictures import pictures


@pytest.mark.parametrize(("file", "svg"), pictures(), ids=lambda value: value.name if isinstance(value, Path) else "")
def test_a_picture_is_as_drawn(file: Path, svg: str) -> None:
    """Whoever looks at the README sees this version's screens; a picture loads nothing from elsewhere."""
    assert svg == file.read_text(encoding="utf-8")
    assert f".github/{file.name}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "url(http" not in svg
