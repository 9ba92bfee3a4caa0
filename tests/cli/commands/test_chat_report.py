"""`chat report` from the command line, over the made-up week whose figures `tests/services/chat` computes."""

import csv
import io
import re
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from tests.cli.conftest import Run
from tests.services.chat import week

SPAN = ("--since", "2026-11-16", "--until", "2026-11-22")
HOURS = '[business_hours]\nzone = "Europe/Berlin"\n'


@pytest.fixture
def report(store: Run, home: Path) -> Run:
    """A store with the week, and business hours in the config file."""
    with closing(SQLiteStore(home / "store.db")) as opened:
        week.fill(opened)
    (home / "config.toml").write_text(HOURS, encoding="utf-8")
    return lambda *arguments, **more: store("chat", "report", *SPAN, *arguments, **more)


def test_json_has_exact_durations(report: Run) -> None:
    """Milliseconds, and the days of the business hours' zone, whatever this machine's is."""
    shown = report("-o", "json").json

    assert (5_400_000, 36_000_000) == (shown["agents"][0]["first_answer_p90_ms"], shown["total"]["resolved_p90_ms"])
    assert "Mon to Fri 09:00 to 17:00 Europe/Berlin" == shown["business_hours"]
    assert ["2026-11-16", "2026-11-22"] == [shown["days"][0]["day"], shown["days"][-1]["day"]]


def test_csv_has_a_row_for_each_agent_age_day_and_hour(report: Run) -> None:
    """Whatever the screen shows is in one table, whose `section` says what a row is about."""
    rows = list(csv.DictReader(io.StringIO(report("-o", "csv").out)))
    sections = [row["section"] for row in rows]

    assert {"total": 1, "agent": 2, "waiting": 4, "day": 7, "hour": 24} == {
        name: sections.count(name) for name in sections
    }
    assert ("11", "8", "10") == tuple(rows[0][name] for name in ("messages", "conversations", "answers"))
    assert ("jonas", "6", "300000") == tuple(rows[1][name] for name in ("name", "answers", "first_answer_p50_ms"))


def test_ids_are_the_agents(report: Run) -> None:
    """`-o ids` names who answered."""
    assert ["jonas", "mira"] == report("-o", "ids").ids


def test_the_screen_says_in_words_what_bars_repeat(report: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence first; hours never become days; the figure stands beside its bar."""
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "80")
    lines = report("--no-color").out.splitlines()

    assert "16 Nov to 22 Nov 2026: 11 messages by users in 8 conversations." == lines[0]
    assert "Durations are business hours, Mon to Fri 09:00 to 17:00 Europe/Berlin." == lines[1]
    assert "mira         4               30m     40m        9h 00m   9h 00m" in lines
    assert "messages by day: most on Mon 16 Nov (3), fewest on Sun 22 Nov (0)" in lines
    assert "2 automatic answers are not counted: commercive chat report -h" == lines[-1]
    assert 24 >= len(lines)
    assert 80 >= max(map(len, lines))


def test_who_is_put_off_is_counted_apart(report: Run, store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the screen and in rows; the same as `chat list --sort waiting` leaves out."""
    before = report("-o", "json").json
    sent = store("chat", "send", "--user", "u-1", "--store-url", "shop.example.com", "x", "-o", "json").json
    waits = report("-o", "json").json
    store("chat", "snooze", sent["conversation_id"], "--until", "3d")
    after = report("-o", "json").json
    row = next(csv.DictReader(io.StringIO(report("-o", "csv").out)))
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "80")
    screen = report("--no-color").out.splitlines()

    assert before["backlog"] == after["backlog"] != waits["backlog"]
    assert before["put_off"] + 1 == after["put_off"] == int(row["put_off"])
    assert f"  put off    {after['put_off']}" in screen


def test_svg_holds_the_screen_and_needs_no_network(report: Run, home: Path) -> None:
    """The picture is written beside the answer, whole; a browser that opens it fetches nothing."""
    ran = report("--svg", str(home / "week.svg"), "-o", "ids")
    text = (home / "week.svg").read_text(encoding="utf-8")
    picture = ElementTree.fromstring(text)  # noqa: S314  # it is our own

    assert (0, ["jonas", "mira"]) == (ran.code, ran.ids)
    assert "jonas" in "".join(picture.itertext())
    assert None is re.search(r"(url\(|href=.)['\"]?http", text)


def test_an_svg_that_cannot_be_written_is_refused(report: Run, home: Path) -> None:
    """Exit code 2, with the path."""
    ran = report("--svg", str(home / "nowhere" / "week.svg"))

    assert (2, "") == (ran.code, ran.out)
    assert "nowhere/week.svg" in ran.err


def test_an_svg_without_a_name_is_refused(report: Run) -> None:
    """As of a variable that is not set, it is the directory at hand: exit code 2, with what it is."""
    ran = report("--svg", "")

    assert (2, "") == (ran.code, ran.out)
    assert "Is a directory; choose another path" in ran.err


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("zone", '"Berlin"', "business_hours.zone 'Berlin' is no time zone"),
        ("zone", '"../../etc/passwd"', "is no time zone"),
        ("from", '"9"', "business_hours.from '9' is no time of a day"),
        ("to", '"09:00"', "business_hours.to 09:00 is not behind from"),
        ("to", '"25:00"', "business_hours.to '25:00'"),
        ("days", '["Mon", "Tuseday"]', "did you mean Tue?"),
        ("days", "[]", "business_hours.days has no day"),
        ("days", '"Mon"', "must be a list"),
        ("untill", '"17:00"', "unknown key 'untill'"),
    ],
)
def test_wrong_business_hours_are_refused_and_found_by_check(
    report: Run, store: Run, home: Path, key: str, value: str, told: str
) -> None:
    """The report names the key (exit 78, as for all in the file), and `config check` its line, too (exit 3)."""
    zone = "" if key == "zone" else 'zone = "UTC"\n'
    (home / "config.toml").write_text(f"[business_hours]\n{zone}{key} = {value}\n", encoding="utf-8")
    ran, checked = report(), store("config", "check")

    assert (78, "") == (ran.code, ran.out)
    assert told in ran.err
    assert 3 == checked.code
    assert f"config.toml:{2 + bool(zone)}" in checked.out
    assert told in checked.out


def test_business_hours_without_a_zone_are_refused(report: Run, home: Path) -> None:
    """Whose nine o'clock it is cannot be guessed."""
    (home / "config.toml").write_text('[business_hours]\ndays = ["Mon"]\n', encoding="utf-8")

    assert "business_hours.zone is missing" in report().err


def test_business_hours_are_set_and_read_by_key(store: Run) -> None:
    """`config set`, `get`, `unset` and `show` know them; a value that makes them wrong is not written."""
    assert 2 == store("config", "set", "business_hours.from", "08:00").code
    assert 0 == store("config", "set", "business_hours.zone", "Europe/Berlin").code
    assert 0 == store("config", "set", "business_hours.days", '["Sat", "Sun"]').code
    assert 2 == store("config", "set", "business_hours.to", "08:00").code
    assert '["Sat", "Sun"]\n' == store("config", "get", "business_hours.days").out
    assert "Sat, Sun 09:00 to 17:00 Europe/Berlin" in store("config", "show").out
    assert 0 == store("config", "unset", "business_hours").code
    assert 5 == store("config", "get", "business_hours.zone").code
    assert 2 == store("config", "set", "business_hours.form", "08:00").code


@pytest.mark.parametrize("width", [30, 40, 60, 100])
def test_the_screen_fits_the_terminal(report: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """What is a figure stays; sentences wrap, bars and marks become fewer. A line to paste may be longer."""
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", str(width))
    out = report("--no-color").out

    assert [] == [line for line in out.splitlines() if len(line) > width and "commercive" not in line]
    assert {"jonas", "mira", "over"} <= set(out.split())
