"""`leads report` from the command line, over made-up leads whose figures `tests/services/leads` computes."""

import csv
import io
from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from tests.cli.conftest import Run
from tests.services.leads import november
from tests.services.leads.november import H

SPAN = ("--since", "2026-11-09", "--until", "2026-11-22")


@pytest.fixture
def report(store: Run, home: Path) -> Run:
    """A store with the leads, and the zone of business hours in the config file."""
    with closing(SQLiteStore(home / "store.db")) as opened:
        november.fill(opened)
    (home / "config.toml").write_text('[business_hours]\nzone = "Europe/Berlin"\n', encoding="utf-8")
    return lambda *arguments, **more: store("leads", "report", *SPAN, *arguments, **more)


def test_json_is_exact(report: Run) -> None:
    """Milliseconds, cents and a decimal of rates, in the weeks of the business hours' zone, whatever this machine's."""
    shown = report("-o", "json").json

    assert ("Europe/Berlin", "2026-11-09", "2026-11-22") == (shown["zone"], shown["first_day"], shown["last_day"])
    assert ["2026-W46", "2026-W47"] == [each["week"] for each in shown["weeks"]]
    assert {
        "submitted": 9,
        "pending": 1,
        "approved": 4,
        "rejected": 4,
        "decided_percent": 88.9,
        "approved_percent": 50.0,
        "commission": 41.0,
        "average_commission": 10.25,
        "undated": 2,
        "decision_p50_ms": 4 * H,
        "decision_p90_ms": 30 * H,
    } == shown["total"]


def test_csv_has_a_row_for_each_week_affiliate_and_both(report: Run) -> None:
    """Whatever the screen shows is in one table, whose `section` says what a row is about; amounts have cents."""
    rows = list(csv.DictReader(io.StringIO(report("-o", "csv").out)))

    assert ["total", "week", "week", "affiliate", "affiliate", *["affiliate-week"] * 4] == [
        row["section"] for row in rows
    ]
    assert ("9", "41.00", "10.25", "88.9") == tuple(
        rows[0][name] for name in ("submitted", "commission", "average_commission", "decided_percent")
    )
    assert ("tinta", "2026-W47", "2026-11-16", "1", "0.00", "") == tuple(
        rows[-1][name] for name in ("affiliate_id", "week", "monday", "submitted", "commission", "average_commission")
    )


def test_ids_are_the_affiliates(report: Run) -> None:
    """`-o ids` names whose leads came, most first."""
    assert ["nord", "tinta"] == report("-o", "ids").ids


def test_one_affiliate(report: Run) -> None:
    """Named by id; an unknown one is not found, and there is no report full of zeros."""
    shown, unknown = report("--affiliate", "tinta", "-o", "json").json, report("--affiliate", "tonti")

    assert ("tinta", 4) == (shown["affiliate_id"], shown["total"]["submitted"])
    assert (5, "") == (unknown.code, unknown.out)
    assert "there is no affiliate tonti" in unknown.err


def test_the_screen_says_in_words_what_bars_repeat(report: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences first, then weeks with bars, then affiliates; what is not counted, and where definitions are."""
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "80")
    lines = report("--no-color").out.splitlines()

    assert "9 Nov to 22 Nov 2026, Europe/Berlin: 9 leads of 2 affiliates." == lines[0]
    assert "4 approved for 41.00 USD, 10.25 on average (50.0 % of the decided); 4 rejected," == lines[1]
    assert "2026-W46      6        0         3         3  50.0  40.00  ████████████" in lines
    assert "nord       5        1         3         1  75.0  36.00  4h 00m  30h 00m" in lines
    assert "! 2 damaged leads are not counted: commercive tables audit" in lines
    assert "definitions: commercive leads report -h" == lines[-1]
    assert 24 >= len(lines)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (("--since", "7d", "--until", "30d"), "until comes before since"),
        (("--since", "2999-01-01"), "since lies in the future"),
        (("--since", "1999-01-01"), "3,660 days at most"),
        (("--since", "soon"), "--since 'soon' is not a time"),
    ],
)
def test_a_time_that_cannot_be_reported_on_is_refused(store: Run, line: tuple[str, ...], told: str) -> None:
    """Exit code 2, with what is wrong."""
    ran = store("leads", "report", *line)

    assert (2, "") == (ran.code, ran.out)
    assert told in ran.err


def test_an_empty_store_has_a_report(store: Run) -> None:
    """The last ninety days without any lead."""
    assert 0 == store("leads", "report", "-o", "json").json["total"]["submitted"]


@pytest.mark.parametrize("width", [30, 40, 60, 100])
def test_the_screen_fits_the_terminal(report: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """What is a figure stays; sentences wrap, columns become fewer. A line to paste may be longer."""
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", str(width))
    out = report("--no-color").out

    assert [] == [line for line in out.splitlines() if len(line) > width and "commercive" not in line]
    assert {"nord", "tinta", "2026-W46", "40.00"} <= set(out.split())
