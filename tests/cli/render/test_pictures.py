"""The README's pictures are what the program draws today."""

import pytest

from tests.cli.process import ROOT
from tests.cli.render.pictures import PICTURES, picture


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_drawn(name: str) -> None:
    """Whoever looks at the README sees this version's screens; a picture loads nothing from elsewhere."""
    svg = picture(name)

    assert svg == (ROOT / ".github" / f"{name}.svg").read_text(encoding="utf-8")
    assert f".github/{name}.svg" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "url(http" not in svg
