"""`leads decide`: a file decides many leads, each provably, and the same file again decides nothing."""

import csv
import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import LEADS
from commercive_cli.store.writes import Update
from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run
from tests.cli.process import run_on_terminal
from tests.cli.spreadsheets.leads import CHANGED, FILES, fill, leads
from tests.services.raw_data import errors_in, everything

HEADER = "lead_id,decision,commission_amount,rejection_reason,admin_notes"


def written(home: Path, *lines: str, name: str = "d.csv") -> str:
    """Write a file of decisions and return its path."""
    path = home / name
    path.write_text("\n".join((HEADER, *lines)))
    return str(path)


def results(file: str, delimiter: str = ",") -> dict[str, tuple[str, str]]:
    """Return what the file of results says of each lead."""
    with Path(f"{file}.result.csv").open(newline="", encoding="utf-8-sig") as opened:
        rows = csv.DictReader(opened, delimiter=delimiter)
        return {row["lead_id"]: (row["result"], row["error"]) for row in rows}


def shown(store: Run, lead_id: str) -> dict[str, Any]:
    lead: dict[str, Any] = store("leads", "show", lead_id, "-o", "json").json["lead"]
    return lead


def opened(home: Path) -> SQLiteStore:
    return SQLiteStore(home / "store.db")


def test_a_file_decides(store: Run, lead: Make, home: Path) -> None:
    """Approvals with an amount or its name, rejections with a reason, words with both; empty rows stay as they are."""
    (home / "config.toml").write_text("[commission]\nstandard = 25.50\n")
    ids = [lead(f"Lead {number}") for number in range(4)]
    file = written(
        home, f"{ids[0]},approve,12.5,,fine", f"{ids[1]},Approve,standard", f"{ids[2]},reject,,Too small", f"{ids[3]},"
    )
    ran = store("leads", "decide", file, "--despite-flags")

    assert (0, "") == (ran.code, ran.err.replace(f"commercive: every row's result: {file}.result.csv\n", ""))
    assert ["2", "3", "4"] == [line.split("\t")[0] for line in ran.out.splitlines()[1:]]
    decided = [shown(store, each) for each in ids]
    assert ["approved", "approved", "rejected", "pending"] == [each["status"] for each in decided]
    assert [12.5, 25.5, None, None] == [each.get("commission_amount") for each in decided]
    assert ["fine", None, None, None] == [each.get("admin_notes") for each in decided]
    assert "Too small" == shown(store, ids[2])["rejection_reason"]
    assert {ids[0]: ("approved", ""), ids[1]: ("approved", ""), ids[2]: ("rejected", "")} == results(file)
    with closing(opened(home)) as books:
        assert [] == errors_in(books)


@pytest.mark.parametrize(("name", "delimiter"), [("commas-en", ","), ("semicolons-de", ";"), ("tabs-de", "\t")])
def test_a_spreadsheet_decides_what_it_was_shown(store: Run, home: Path, name: str, delimiter: str) -> None:
    """A lead that changed since is refused by name, exit 7; the others are decided, and again nothing is written."""
    file = str(home / "saved.csv")
    Path(file).write_bytes((FILES / f"{name}.csv").read_bytes())
    with closing(opened(home)) as books:
        fill(books)
        [changed] = [each for each in leads() if each["lead_id"] == CHANGED]
        books.transact(Update(LEADS, LEADS.key_of(changed), set={"lead_email": "other@example.com"}))
    first = store("leads", "decide", file, "--despite-flags")
    with closing(opened(home)) as books:
        before, errors = everything(books), errors_in(books)
    again = store("leads", "decide", file, "--despite-flags")

    assert (7, 7, []) == (first.code, again.code, errors)
    assert f"{CHANGED}: lead {CHANGED} changed since you looked at it: it is pending" in first.err
    assert 7 == len(first.out.splitlines()[1:]) - 1
    assert {"unchanged": 7, "refused": 1} == {
        word: [each for each, _ in results(file, delimiter).values()].count(word) for word in ("unchanged", "refused")
    }
    with closing(opened(home)) as books:
        assert before == everything(books)
    assert "first, line\nsecond; line\n=1+1" == shown(store, leads()[3]["lead_id"])["admin_notes"]


def test_a_file_without_faults_or_nothing(store: Run, lead: Make, home: Path) -> None:
    """All faults are on stderr, nothing is decided, and no file of results is written."""
    ids = [lead() for _ in range(3)]
    file = written(home, f"{ids[0]},approve,5", f"{ids[1]},approve", f"{ids[2]},aprove,1.234")
    with closing(opened(home)) as books:
        before = everything(books)
    ran, document = store("leads", "decide", file), store("leads", "decide", file, "-o", "json")

    assert (2, "") == (ran.code, ran.out)
    assert ["has 2 faults", "line 3, commission_amount: ", "line 4, decision: "] == [
        says
        for says, line in zip(
            ("has 2 faults", "line 3, commission_amount: ", "line 4, decision: "), ran.err.splitlines(), strict=True
        )
        if says in line
    ]
    assert (2, "invalid_input") == (document.code, document.json["code"])
    assert not Path(f"{file}.result.csv").exists()
    with closing(opened(home)) as books:
        assert before == everything(books)


def test_each_row_stands_alone(store: Run, lead: Make, home: Path) -> None:
    """What others decided, what is one's own and what is not there is refused by name; the others are decided."""
    ids = [lead() for _ in range(3)]
    store("leads", "approve", ids[1], "--commission", "30")
    file = written(home, f"{ids[0]},approve,5", f"{ids[1]},approve,5", f"{ids[2]},reject", "nobody,reject")
    ran = store("leads", "decide", file, "-o", "json")
    codes = {each["id"]: each["result"].get("code") for each in ran.json["results"]}

    assert (7, False, f"{file}.result.csv") == (ran.code, ran.json["success"], ran.json["result_file"])
    assert {ids[0]: None, ids[1]: "conflict", ids[2]: None, "nobody": "not_found"} == codes
    assert [2, 3, 4, 5] == [each["row"] for each in ran.json["results"]]
    assert ("refused", f"lead {ids[1]} is approved for 30.00 USD by admin-1 already") == (
        results(file)[ids[1]][0],
        results(file)[ids[1]][1].partition(";")[0],
    )
    own = store("--as", "aff-1", "leads", "decide", written(home, f"{lead()},approve,5"), "--despite-flags")
    assert (7, True) == (own.code, "is your own" in own.err)


def test_a_dry_run_of_a_file_writes_nothing(store: Run, lead: Make, home: Path) -> None:
    """Neither in the store nor beside the file; it shows the changes exactly."""
    file = written(home, f"{lead()},approve,5")
    with closing(opened(home)) as books:
        before = everything(books)
    ran = store("leads", "decide", file, "--dry-run", "-o", "json")

    assert (0, True) == (ran.code, ran.json["dry_run"])
    assert "commercive_affiliate_stats" in {change["table"] for change in ran.json["changes"]}
    assert not Path(f"{file}.result.csv").exists()
    with closing(opened(home)) as books:
        assert before == everything(books)


def test_a_file_may_have_a_key(store: Run, lead: Make, home: Path) -> None:
    """Each lead has a key of its own from it: a repetition gets the first answer, whatever others did meanwhile."""
    one = lead()
    file = written(home, f"{one},approve,5")
    first = store("leads", "decide", file, "--key", "k", "-o", "json").json
    store("leads", "reset", one)

    assert first == store("leads", "decide", file, "--key", "k", "-o", "json").json
    assert "pending" == shown(store, one)["status"]
    assert "approved" == store("leads", "decide", file, "-o", "json").json["results"][0]["result"]["new_status"]


def test_limits_hold_for_files(store: Run, lead: Make, home: Path) -> None:
    """A slip and an amount above the ceiling are faults of the file: nothing of it is decided."""
    (home / "config.toml").write_text("[commission]\nmin = 5\n[profiles.prod]\nceiling = 500\n")
    file = written(home, f"{lead()},approve,5", f"{lead()},approve,4.99", f"{lead()},approve,500.01")
    ran = store("--profile", "prod", "leads", "decide", file)

    assert (2, True, True) == (ran.code, "below commission.min" in ran.err, "above the ceiling" in ran.err)
    assert 3 == len(store("leads", "list", "--status", "pending", "-o", "ids").ids)


def test_without_a_decision_nothing_happens(store: Run, lead: Make, home: Path) -> None:
    """A list as it was exported, with an empty column, is no mistake."""
    ran = store("leads", "decide", written(home, f"{lead()},", ",,"), "-o", "json")

    assert (0, True, []) == (ran.code, ran.json["success"], ran.json["results"])


def test_what_cannot_be_told_is_not_decided(store: Run, lead: Make, home: Path) -> None:
    """Where no file of results can be written, nothing is decided."""
    one = lead()
    file = written(home, f"{one},approve,5")
    (home / "d.csv.result.csv").mkdir()
    ran = store("leads", "decide", file)

    assert (2, True) == (ran.code, "d.csv.result.csv" in ran.err)
    assert "pending" == shown(store, one)["status"]


def test_results_are_of_the_last_run_alone(store: Run, lead: Make, home: Path) -> None:
    """They replace those of an earlier run, with the file's own delimiter and byte order mark."""
    one = lead()
    path = home / "d.csv"
    path.write_text(f"\ufefflead_id;decision;commission_amount\r\n{one};approve;7,5\r\n")
    assert 0 == store("leads", "decide", str(path)).code
    raw = (home / "d.csv.result.csv").read_bytes()
    assert raw.startswith(b'\xef\xbb\xbf"row";"lead_id";"decision"')
    assert (one, "approve", "approved", "7.50") == tuple(
        each.strip('"') for each in raw.decode().splitlines()[1].split(";")[1:5]
    )
    assert 0 == store("leads", "decide", str(home / "d.csv.result.csv")).code

    assert 0 == store("leads", "decide", str(path)).code
    assert {one: ("unchanged", "")} == results(str(path), ";")
    assert [] == [each.name for each in home.iterdir() if each.name.endswith(".part")]


def test_lines_are_told_as_they_are_done(store: Run, lead: Make, home: Path) -> None:
    """-o jsonl has a line for each row, so that what is told of a run that is killed is true."""
    ids = {lead() for _ in range(9)}
    ran = store("leads", "decide", written(home, *(f"{each},reject" for each in ids)), "-o", "jsonl")

    assert ids == {json.loads(line)["id"] for line in ran.out.splitlines()}
    assert ids == set(results(str(home / "d.csv")))


def test_people_read_what_was_decided(store: Run, lead: Make, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence with the sums, the rows that were refused and why, and where every row's result is."""
    ids = [lead() for _ in range(3)]
    store("leads", "approve", ids[2], "--commission", "30")
    file = written(home, f"{ids[0]},approve,1200.50", f"{ids[1]},reject", f"{ids[2]},reject", "nobody,reject")
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "120")
    ran = store("leads", "decide", file, "--no-color")
    again = store("leads", "decide", written(home, f"{ids[0]},approve,1200.50"), "--no-color")
    many = store("leads", "decide", written(home, *(f"x{each},reject" for each in range(21))), "--no-color")

    assert "✓ 2 decided: 1 approved for 1,200.50 USD, 1 rejected\n! 2 refused" in ran.out
    assert f"4  {ids[2][-8:]}  is approved for 30.00 USD by admin-1 already" in " ".join(ran.out.split(" "))
    assert "5  nobody    there is no lead nobody" in ran.out
    assert ran.out.endswith(f"{file}.result.csv\n")
    assert again.out.startswith("1 was decided so before; nothing was written\n")
    assert "21 there is no such lead" in many.out
    assert "commercive: flags: read all 3 leads, and all links, to compare with\n" == ran.err
    assert "" == many.err


def test_a_flagged_lead_is_refused_by_name(store: Run, lead: Make, home: Path) -> None:
    """Only where it would be approved: all leads are compared first, unless --despite-flags. Again, nothing changes."""
    ids = [lead("Ann Lee", "ann@gmail.com"), lead("Ann L.", "a.nn@gmail.com"), lead()]
    file = written(home, f"{ids[0]},approve,5", f"{ids[1]},reject", f"{ids[2]},approve,5")
    ran = store("leads", "decide", file)
    told = results(file)
    despite = store("leads", "decide", file, "--despite-flags")

    assert (7, ["refused", "rejected", "approved"]) == (ran.code, [told[each][0] for each in ids])
    assert f"lead {ids[0]} is flagged: same e-mail as {ids[1]}; nothing was written" in told[ids[0]][1]
    assert "flags: read all 3 leads" in ran.err
    assert (0, False) == (despite.code, "flags:" in despite.err)
    assert ["approved", "unchanged", "unchanged"] == [results(file)[each][0] for each in ids]
    assert 0 == store("leads", "decide", file).code


def test_the_words_of_a_decision_are_everywhere(store: Run, lead: Make, home: Path) -> None:
    """Reason, notes and amount are in list, card, history and csv; audit rows hold no words."""
    one = lead()
    store("leads", "decide", written(home, f"{one},reject,,Too small,Called twice"))
    row = next(csv.DictReader(io.StringIO(store("leads", "list", "-o", "csv").out, newline="")))
    history = store("leads", "history", one, "-o", "json").json

    assert ("Too small", "Called twice", "") == (row["rejection_reason"], row["admin_notes"], row["commission_amount"])
    assert ("Too small", "Called twice") == (history["rejection_reason"], history["admin_notes"])
    assert {"status": "rejected"} == history["history"][-1]["after"]
    for words in (("leads", "list"), ("leads", "show", one), ("leads", "history", one)):
        seen = run_on_terminal(words, columns=158).screen
        assert "Too small" in seen
        assert "Called twice" in seen
