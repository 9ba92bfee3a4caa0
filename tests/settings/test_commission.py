"""The table `[commission]`: limits that nothing lifts, and named amounts."""

from decimal import Decimal
from pathlib import Path

import pytest

from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.settings.config_edit import set_value, unset_value
from commercive_cli.settings.config_get import value_of
from commercive_cli.settings.config_keys import setting_keys, stored_keys
from commercive_cli.settings.overview import overview
from commercive_cli.settings.resolve import load

FILE = """[commission]
min = 5
max = "500"
standard = 25.5
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return {"COMMERCIVE_CONFIG": str(path)}


def limits(environ: dict[str, str]) -> list[tuple[str, str]]:
    settings = load(environ)
    return [(str(bound.amount), bound.source) for bound in (settings.least, settings.most) if bound]


def test_limits_and_names_are_read(environ: dict[str, str]) -> None:
    """`min` and `max` limit; every other key names an amount."""
    settings = load(environ)

    assert [("5.00", "config.toml:2"), ("500.00", "config.toml:3")] == limits(environ)
    assert {"standard": Decimal("25.50")} == settings.amounts.amounts
    assert [settings.least, settings.most] == list(settings.bounds)
    assert () == load({"COMMERCIVE_CONFIG": environ["COMMERCIVE_CONFIG"] + "-none"}).bounds


@pytest.mark.parametrize(
    ("least", "most", "limited"),
    [
        ("4", "501", [("5.00", "config.toml:2"), ("500.00", "config.toml:3")]),
        ("6", "499", [("6.00", "COMMERCIVE_COMMISSION_MIN"), ("499.00", "COMMERCIVE_COMMISSION_MAX")]),
        ("", "", [("5.00", "config.toml:2"), ("500.00", "config.toml:3")]),
    ],
)
def test_the_stricter_limit_counts(
    environ: dict[str, str], least: str, most: str, limited: list[tuple[str, str]]
) -> None:
    """Environment and file limit approvals, each for itself: neither lifts the limit of the other."""
    variables = {"COMMERCIVE_COMMISSION_MIN": least, "COMMERCIVE_COMMISSION_MAX": most}

    assert limited == limits(environ | variables)


@pytest.mark.parametrize("variable", ["COMMERCIVE_COMMISSION_MIN", "COMMERCIVE_COMMISSION_MAX"])
@pytest.mark.parametrize("amount", ["-1", "1e3", "10.005", "many", "standard"])
def test_a_limit_is_an_amount(environ: dict[str, str], variable: str, amount: str) -> None:
    """A limit that is none would let everything through, so it is refused by name."""
    with pytest.raises(Misconfigured, match=variable):
        load(environ | {variable: amount})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[commission]\nstandard = 'much'", "line 2: commission.standard must be an amount in USD"),
        ("[commission]\nmin = true", "line 2: commission.min must be an amount in USD"),
        ("commission = 5", "line 1: commission must be a table"),
    ],
)
def test_a_mistake_in_the_table_is_told_with_its_line(environ: dict[str, str], text: str, says: str) -> None:
    """No command goes on with limits that cannot be read."""
    Path(environ["COMMERCIVE_CONFIG"]).write_text(text)

    with pytest.raises(Misconfigured, match=says):
        load(environ)


def test_everything_is_shown_with_where_it_is_from(environ: dict[str, str]) -> None:
    """`config show` has limits and names; a name that looks like a number, and a `max` below `min`, are mistakes."""
    shown = {each.setting: each for each in overview(environ, {})}
    assert ("25.50", "config.toml:4") == (shown["commission.standard"].value, shown["commission.standard"].source)
    assert ("5.00", "config.toml:2") == (shown["commission.min"].value, shown["commission.min"].source)

    Path(environ["COMMERCIVE_CONFIG"]).write_text("[commission]\nmin = 5\nmax = 4\n25 = 3\n")
    wrong = {each.setting: str(each.problem) for each in overview(environ, {}) if each.problem}

    assert {"commission.max": "commission.max 4.00 is below commission.min 5.00"} == {
        name: problem for name, problem in wrong.items() if name == "commission.max"
    }
    assert "'25' is no name of an amount" in wrong["commission.25"]


def test_keys_are_set_read_and_removed(environ: dict[str, str]) -> None:
    """`config set|get|unset` take `commission.NAME`; what would make the file wrong is refused and changes nothing."""
    path = Path(environ["COMMERCIVE_CONFIG"])
    set_value(path, setting_keys("commission.big", None), "100")
    assert "100.00" == value_of(environ, {}, "commission.big")
    assert "500.00" == value_of(environ, {}, "commission.max")
    before = path.read_text()
    for key, value in (("commission.max", "4"), ("commission.big", "1,000")):
        with pytest.raises(Invalid):
            set_value(path, setting_keys(key, None), value)
    for key in ("commission.1st", "commission.a.b", "commission"):
        with pytest.raises(Invalid):
            setting_keys(key, None)
    assert before == path.read_text()

    unset_value(path, stored_keys("commission.big", None))
    assert FILE == path.read_text()
    unset_value(path, stored_keys("commission", None))
    assert "" == path.read_text()
