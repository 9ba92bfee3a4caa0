"""Flags of leads on the command line: where they are shown, what is said of it, and what they keep from happening."""

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run

TWINS = ("ann@gmail.com", "A.nn+x@googlemail.com")


@pytest.fixture
def twins(lead: Make) -> list[str]:
    """Submit two leads of the same person, and return their ids."""
    return [lead("Ann Lee", TWINS[0]), lead("Ann L.", TWINS[1])]


def test_show_has_flags_and_says_what_was_compared(store: Run, twins: list[str], lead: Make) -> None:
    """As JSON the flags are codes with the ids of the other leads, and beside them stands how many were compared."""
    shown = store("leads", "show", twins[0], "-o", "json").json
    alone = store("leads", "show", lead(), "-o", "json").json

    assert [{"flag": "same_email", "with": [twins[1]], "count": 1}] == shown["flags"]
    assert {"leads": 1, "all_of_affiliate": True} == shown["compared"]
    assert ([], 2) == (alone["flags"], alone["compared"]["leads"])


def test_a_list_has_flags_where_they_were_looked_for(store: Run, twins: list[str], lead: Make) -> None:
    """Without --flags there is no such column, which would lie; with it, it is empty for who shares nothing."""
    other = lead()
    unchecked = store("leads", "list", "-o", "csv")
    checked = store("leads", "list", "--flags", "-o", "csv")
    rows = {row["lead_id"]: row["flags"] for row in csv.DictReader(io.StringIO(checked.out))}
    lines = [json.loads(line) for line in store("leads", "list", "--flags", "--all", "-o", "jsonl").out.splitlines()]

    assert "flags" not in unchecked.out.splitlines()[0]
    assert "flags" not in unchecked.err
    words = f"same e-mail as {twins[1]}", f"same e-mail as {twins[0]}"
    assert {twins[0]: words[0], twins[1]: words[1], other: ""} == rows
    assert "flags: read all 3 leads, and all links, to compare with" in checked.err
    assert {twins[0]: 1, twins[1]: 1, other: 0} == {each["lead_id"]: len(each["flags"]) for each in lines}
    assert store("leads", "list", "--columns", "flags").code == 2
    assert store("leads", "list", "--flags", "--columns", "lead_id,flags", "--status", "approved").code == 0


def test_a_list_with_flags_is_filtered_and_paged_as_without(store: Run, twins: list[str], lead: Make) -> None:
    """The other one may be outside of what is listed: all leads are compared, whatever is shown."""
    lead()
    first = store("leads", "list", "--flags", "--search", "a.nn", "-o", "json").json
    page = store("leads", "list", "--flags", "--limit", "2", "-o", "json").json
    rest = store("leads", "list", "--flags", "--limit", "2", "--cursor", page["next_cursor"], "-o", "json").json

    assert [[twins[0]]] == [each["flags"][0]["with"] for each in first["leads"]]
    assert ([twins[0]], None) == ([each["lead_id"] for each in rest["leads"]], rest["next_cursor"])


def test_duplicates_are_those_with_flags(store: Run, twins: list[str], lead: Make) -> None:
    """Newest first, in pages or all at once; it says what it read, unless it is to be quiet."""
    lead()
    found = store("leads", "duplicates", "-o", "ids")
    page = store("leads", "duplicates", "--limit", "1", "-o", "json").json
    rest = store("leads", "duplicates", "--cursor", page["next_cursor"], "-o", "ids")

    assert (twins[::-1], [twins[0]]) == (found.ids, rest.ids)
    assert "flags: read all 3 leads, and all links" in found.err
    assert (twins[::-1], "") == (
        store("leads", "duplicates", "--all", "--since", "1h", "-o", "ids").ids,
        store("--quiet", "leads", "duplicates", "-o", "ids").err,
    )
    assert [] == store("leads", "duplicates", "--until", "1h", "-o", "ids").ids
    assert store("leads", "duplicates", "--since", "1h", "--until", "2h").code == 2


@pytest.mark.parametrize("rehearsal", [(), ("--dry-run",)])
def test_among_many_a_flagged_lead_is_refused_by_name(
    store: Run, twins: list[str], lead: Make, rehearsal: tuple[str, ...]
) -> None:
    """The others are approved; it exits 7, and each refusal is a conflict that says why, and what approves it."""
    other = lead()
    ran = store("leads", "approve", *twins, other, "--commission", "5", *rehearsal)

    assert ran.code == 7
    assert f"lead {twins[0]} is flagged: same e-mail as {twins[1]}; nothing was written" in ran.err
    assert 2 == ran.err.count("pass --despite-flags")
    approved = [] if rehearsal else [other]
    assert approved == store("leads", "list", "--status", "approved", "-o", "ids").ids


def test_from_stdin_one_is_many(store: Run, twins: list[str]) -> None:
    """Ids that a command wrote were seen by nobody, so that a single one is refused as well; as JSON with its code."""
    ran = store("leads", "approve", "-", "--commission", "5", "-o", "json", stdin=twins[0])

    assert (7, "conflict") == (ran.code, ran.json["results"][0]["result"]["code"])


def test_despite_flags_approves_them_and_again_changes_nothing(store: Run, twins: list[str]) -> None:
    """Nothing is read for flags then; a repetition without it changes nothing and is no conflict."""
    ran = store("leads", "approve", *twins, "--commission", "5", "--despite-flags")
    again = store("leads", "approve", *twins, "--commission", "5", "-o", "json")
    other = store("leads", "approve", *twins, "--commission", "6", "--amend")

    assert (0, "") == (ran.code, ran.err)
    assert (0, [False, False]) == (again.code, [each["result"]["changed"] for each in again.json["results"]])
    assert (7, 2) == (other.code, other.err.count("is flagged"))


def test_a_single_one_is_approved_with_a_warning(store: Run, twins: list[str], lead: Make) -> None:
    """The flags stand on stderr, also with --quiet; nothing is said of a lead without, or one approved before."""
    ran = store("--quiet", "leads", "approve", twins[0], "--commission", "5")
    again = store("leads", "approve", twins[0], "--commission", "5")
    despite = store("leads", "approve", twins[1], "--commission", "5", "--despite-flags")
    other = store("leads", "approve", lead(), "--commission", "5")
    missing = store("leads", "approve", "nobody", "--commission", "5")

    assert (0, f"commercive: ! lead {twins[0]}: same e-mail as {twins[1]}\n") == (ran.code, ran.err)
    assert [(0, ""), (0, ""), (0, "")] == [(each.code, each.err) for each in (again, despite, other)]
    assert (5, False) == (missing.code, "flags" in missing.err)


def test_flags_that_cannot_be_looked_for_stop_no_single_approval(store: Run, twins: list[str], home: Path) -> None:
    """An index that is missing is told, and the lead is approved; among many nothing is approved unlooked at."""
    with closing(sqlite3.connect(home / "store.db")) as file:
        file.execute('DROP INDEX "commercive_leads.AffiliateLeadsIndex"')
    ran = store("leads", "approve", twins[0], "--commission", "5")

    assert 0 == ran.code
    assert f"! lead {twins[0]}: its flags could not be looked for: index AffiliateLeadsIndex" in ran.err
    assert 7 == store("leads", "approve", *twins, "--commission", "5").code


def test_rejecting_heeds_no_flags(store: Run, twins: list[str]) -> None:
    """Whoever rejects gives nobody money."""
    assert (0, "") == ((ran := store("leads", "reject", *twins)).code, ran.err)


def test_the_access_log_tells_the_leads_of_a_list_with_flags(store: Run, twins: list[str], tmp_path: Path) -> None:
    """The same records as without them."""
    logs = [tmp_path / "with.log", tmp_path / "without.log"]
    store("--access-log", str(logs[0]), "leads", "list", "--flags")
    store("--access-log", str(logs[1]), "leads", "list")
    told = [json.loads(log.read_text().splitlines()[-1])["records"] for log in logs]

    assert {"lead": twins[::-1]} == told[0] == told[1]
