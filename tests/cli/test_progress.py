"""Progress on a terminal: every job over whole tables says how far it is, and results come when its bars have gone."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, environment, run_on_terminal, watch

BAR = "━"
ERASED = "\x1b[2K"
PERSON = "aff-1"


@pytest.fixture
def seeded(store: Run, home: Path) -> Path:
    """Return a home with a store of 15 conversations, a person's link and lead, and an export of all that."""
    assert store("tables", "seed", "--messages", "150", "--leads", "40", "--affiliates", "5").code == 0
    link = store("affiliates", "create-link", PERSON, "--email", "a@example.com", "-o", "ids").out.strip()
    assert store("leads", "submit", "--link", link, "--name", "Ana Abe", "--email", "ana@x.org").code == 0
    assert store("tables", "export", str(home / "export")).code == 0
    return home


JOBS = {
    "tables seed --messages 120 --leads 9 --affiliates 2 --rng 9": ("items stored", "120"),
    "tables audit": ("items read", "nothing is broken"),
    "tables audit --fix --yes": ("items read", "nothing is broken"),
    "affiliates recompute --all": ("items read", "all were right"),
    "tables export HOME/again": ("items read", "messages"),
    "tables import HOME/export": ("items stored", "messages"),
    "tables import HOME/export --dry-run": ("items compared", "messages"),
    f"tables person {PERSON} --export HOME/person --yes": ("items read", "leads"),
    f"tables person {PERSON} --erase --yes": ("items read", "leads"),
    "chat close --idle 1d": ("conversations read", "closed"),
    "tables archive --older-than 1d HOME/archive --yes": ("conversations read", "conversations"),
    "tables archive --older-than 1d --dry-run": ("conversations read", "conversations"),
}
"""What a job's bar says, and a word of its result."""


def frames(screen: str) -> list[str]:
    """Return what stood on the screen between two erasures, without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", screen).split(ERASED)


@pytest.mark.parametrize(("line", "shown"), JOBS.items())
def test_a_job_over_whole_tables_has_a_total(line: str, shown: tuple[str, str], seeded: Path) -> None:
    """The bar counts up to it; then it is erased, and only then the result is shown."""
    label, result = shown
    seen = run_on_terminal(line.replace("HOME", str(seeded)).split())
    *drawn, last = frames(seen.screen)
    counts = [re.search(rf"{label} +{BAR}*[╸╺]?{BAR}* +(\d+)/(\d+) ", frame) for frame in drawn]
    found = [tuple(map(int, each.groups())) for each in counts if each]

    assert 0 == seen.code, seen.screen
    assert found[0][0] == 0 < found[0][1]
    assert 0 < found[-1][0] <= found[-1][1]
    assert (True, False) == (result in last, BAR in last)


@pytest.mark.parametrize(
    "line",
    [
        "tables seed --messages 120 --leads 9 --affiliates 2 --rng 9",
        "tables audit",
        "affiliates recompute --all",
        "tables export HOME/again",
        "tables import HOME/export --dry-run",
    ],
)
def test_the_total_is_reached(line: str, seeded: Path) -> None:
    """What a plan, a manifest or a SQLite file has is counted, so the end of the bar is the end of the job."""
    seen = run_on_terminal(line.replace("HOME", str(seeded)).split())
    done, total = re.findall(r"(\d+)/(\d+) ", "".join(frames(seen.screen)))[-1]

    assert done == total


def test_closing_many_counts_them(seeded: Path) -> None:
    """After the sweep has found them, their number is the total; the report comes last."""
    del seeded
    drawn = "".join(frames(run_on_terminal(["chat", "close", "--idle", "1d"]).screen))
    found = re.search(rf"done {BAR}+ +(\d+)/\1 ", drawn)

    assert found
    assert int(found[1]) == drawn.rpartition(BAR)[2].count("closed")


@pytest.mark.parametrize("line", ["-q tables audit", "--quiet tables export HOME/again", "tables seed --messages 9 -q"])
def test_quiet_has_none(line: str, seeded: Path) -> None:
    """-q leaves results and errors."""
    seen = run_on_terminal(line.replace("HOME", str(seeded)).split())

    assert (0, False) == (seen.code, BAR in seen.screen)


def test_bars_are_drawn_on_stderr_if_that_is_the_terminal(seeded: Path) -> None:
    """Results in a file have no bar among them, errors in a file neither; the other stream does not matter."""
    line = ["sh", "-c", 'exec "$@" >"$OUT"', "sh", *PROGRAM, "tables", "audit", "-o", "json"]
    results_away = watch(line, env=environment(OUT=str(seeded / "out")))
    line[2] = 'exec "$@" 2>"$OUT"'
    errors_away = watch(line, env=environment(OUT=str(seeded / "err")))

    assert (True, True) == (BAR in results_away.screen, json.loads((seeded / "out").read_text())["success"])
    assert json.loads(errors_away.screen)["success"]
    assert re.fullmatch("commercive: .* items checked, .*\n", (seeded / "err").read_text())


def test_a_terminal_that_cannot_erase_has_none(seeded: Path) -> None:
    """TERM=dumb, as in an editor's shell."""
    del seeded
    seen = watch([*PROGRAM, "tables", "audit"], env=environment(TERM="dumb"))

    assert (0, False, False) == (seen.code, BAR in seen.screen, seen.screen.startswith("\r\n"))


@pytest.mark.parametrize("line", ["chat close --idle 1d -o jsonl", f"tables person {PERSON} --export - --yes"])
def test_lines_that_come_during_the_work_have_no_bar_among_them(line: str, seeded: Path) -> None:
    """Where results are told one by one on the same terminal, each stands alone."""
    del seeded
    seen = run_on_terminal(line.split())
    told = [row for row in seen.screen.rpartition(ERASED)[2].splitlines() if not row.startswith("commercive: ")]

    assert (0, True) == (seen.code, len(told) > 0)
    assert all(json.loads(row) for row in told)
