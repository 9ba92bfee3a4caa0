"""`commercive affiliates`: links and stats."""

from contextlib import closing
from pathlib import Path

import pytest

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS
from commercive_cli.store.writes import Update
from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run


def test_a_link_is_created_once(store: Run) -> None:
    """Creating it again shows the existing link; its URL begins with the dashboard's address."""
    line = ("affiliates", "create-link", "aff-1", "--email", "a@example.com", "--store-url", "s.com", "-o", "json")
    first, again = store(*line).json, store(*line).json

    assert (first["created"], again["created"]) == (True, False)
    assert first["link_id"] == again["link_id"]
    assert f"https://dashboard.commercive.co/affiliate-form?ref={first['link_id']}" == first["affiliate_url"]


def test_links_are_found_by_affiliate_and_by_code(store: Run, link: str) -> None:
    """A code resolves as people type it, and an affiliate without a link has none."""
    assert f"{link}\n" == store("affiliates", "get-link", "aff-1", "-o", "ids").out
    assert (
        store("affiliates", "resolve-link", link.lower(), "-o", "json").json["affiliate_link"]["affiliate_id"]
        == "aff-1"
    )
    assert store("affiliates", "get-link", "nobody", "-o", "json").json["affiliate_link"] is None
    assert store("affiliates", "get-link", "aff-1", "--store-url", "x.com", "-o", "json").json["affiliate_link"] is None
    assert store("affiliates", "resolve-link", "ZZZZZZZZ").code == 5


def test_an_affiliate_is_listed_and_shown(store: Run, lead: Make) -> None:
    """Links, stats and the latest leads, on one page."""
    one = lead()
    shown = store("affiliates", "show", "aff-1", "-o", "json").json

    assert store("affiliates", "list", "-o", "ids").ids == ["aff-1"]
    assert store("affiliates", "list", "--all", "-o", "ids").ids == ["aff-1"]
    assert (1, [one], 1) == (
        len(shown["affiliate_links"]),
        [each["lead_id"] for each in shown["leads"]],
        shown["stats"]["total_leads"],
    )


def test_stats_of_several(store: Run, lead: Make) -> None:
    """Several affiliates are reported one by one; an unknown one has zeros."""
    lead()
    rows = store("affiliates", "stats", "aff-1", "nobody").out.splitlines()[1:]

    assert rows == ["aff-1\t1 leads, 0 approved, 0.00 USD", "nobody\t0 leads, 0 approved, 0.00 USD"]


@pytest.fixture
def broken(lead: Make, home: Path) -> None:
    """Damage aff-1's stats."""
    lead()
    engine = SQLiteStore(home / "store.db")
    engine.transact(Update(AFFILIATE_STATS, {"affiliate_id": "aff-1"}, set={"total_leads": 5}, add={"version": 1}))
    engine.close()


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("selection", ["--all", "aff-1"])
def test_recompute_corrects_what_was_wrong(store: Run, selection: str) -> None:
    """The old and new values are reported; the second time there is nothing to report."""
    ran = store("affiliates", "recompute", selection, "-o", "json")

    assert (
        ran.code,
        [(each["before"]["total_leads"], each["after"]["total_leads"]) for each in ran.json["changed"]],
    ) == (0, [(5, 1)])
    assert store("affiliates", "recompute", selection, "-o", "json").json["changed"] == []


@pytest.mark.usefixtures("broken")
def test_a_dry_recompute_tells_by_its_exit_code(store: Run) -> None:
    """--dry-run exits 3 when something differs, shows it, and corrects nothing; 0 when all is right."""
    ran = store("affiliates", "recompute", "--all", "--dry-run", "-o", "json")

    assert (ran.code, ran.json["changes"][0]["attributes"]["total_leads"]) == (3, {"before": 5, "after": 1})
    assert store("affiliates", "recompute", "aff-1", "--dry-run").code == 3
    store("affiliates", "recompute", "--all")
    assert store("affiliates", "recompute", "--all", "--dry-run").code == 0


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("dry", [True, False])
def test_affiliates_that_were_left_alone_show_in_the_exit_code(store: Run, home: Path, dry: bool) -> None:
    """A damaged lead is named, and the exit code is 3, even if all other stats are correct."""
    with closing(SQLiteStore(home / "store.db")) as opened:
        odd = {"lead_id": "odd", "created_at": 1, "affiliate_id": "aff-2", "status": "perhaps"}
        opened.batch_put(LEADS, [odd])
    ran = store("affiliates", "recompute", "--all", "-o", "json", *(["--dry-run"] if dry else []))

    assert (3, True) == (ran.code, "leads that cannot be read, so their affiliates were skipped: odd;" in ran.err)
    assert (2 if dry else 1) == len(ran.json["changes" if dry else "changed"])
    assert 3 == store("affiliates", "recompute", "--all").code


@pytest.mark.parametrize("selection", [(), ("aff-1", "--all")])
def test_recompute_wants_to_know_whom(store: Run, selection: tuple[str, ...]) -> None:
    """Ids or --all, one of the two."""
    assert store("affiliates", "recompute", *selection).code == 2


def test_an_existing_link_says_what_it_keeps(store: Run, link: str) -> None:
    """Another address for a link that is there is not lost without a word, and the command that sets it is named."""
    line = ("affiliates", "create-link", "aff-1", "--email")
    again, same = store(*line, "new@example.com", "-o", "json"), store(*line, "a@example.com")

    assert {"affiliate_email": "a@example.com"} == again.json["kept"]
    assert f"link {link} was there already and keeps affiliate_email 'a@example.com'" in again.err
    assert "`commercive affiliates set-email`" in again.err
    assert same.err == ""


def test_an_address_is_set(store: Run, link: str) -> None:
    """A rehearsal shows it; then every link of the affiliate has it, and once more changes nothing."""
    line = ("affiliates", "set-email", "aff-1", "new@example.com")
    planned = store(*line, "--dry-run")
    assert (0, True) == (planned.code, "affiliate_email" in planned.out)
    assert "a@example.com" in store("affiliates", "get-link", "aff-1").out
    first, again = store(*line, "-o", "json").json, store(*line, "-o", "json").json

    assert ([link], True, []) == (first["link_ids"], first["changed"], again["link_ids"])
    assert "new@example.com" in store("affiliates", "get-link", "aff-1").out
    assert [5, 2] == [store("affiliates", "set-email", *each).code for each in (("no", "a@b.c"), ("aff-1", "a"))]


def test_the_first_affiliates_are_ranked(store: Run, lead: Make) -> None:
    """By commission unless said otherwise; csv has the columns of the list, ids come in the same order."""
    for name, amount in (("Ann", "5"), ("Bob", "7.50")):
        store("leads", "approve", lead(name), "--commission", amount)
    other = store("affiliates", "create-link", "aff-0", "--email", "b@example.com", "-o", "ids").out.strip()
    for name in ("Cleo", "Dan", "Eve"):
        store("leads", "submit", "--link", other, "--name", name, "--email", "c@example.com")
    shown = store("affiliates", "top", "-o", "json").json

    assert (["aff-1", "aff-0"], 12.5, 2) == (
        [each["affiliate_id"] for each in shown["affiliates"]],
        shown["of_total"],
        shown["of_affiliates"],
    )
    assert ["aff-0", "aff-1"] == store("affiliates", "top", "--by", "leads", "-o", "ids").ids
    assert ["aff-1"] == store("affiliates", "top", "--by", "approved", "--limit", "1", "-o", "ids").ids
    assert (
        store("affiliates", "list", "-o", "csv").out.splitlines()[0]
        == (store("affiliates", "top", "-o", "csv").out.splitlines()[0])
    )


@pytest.mark.parametrize("line", [("--limit", "0"), ("--limit", "501"), ("--by", "fame")])
def test_a_ranking_that_is_none_is_refused(store: Run, line: tuple[str, str]) -> None:
    """Exit code 2, and what is wrong is named."""
    ran = store("affiliates", "top", *line)

    assert (2, "", True) == (ran.code, ran.out, line[0].removeprefix("--") in ran.err)


def test_an_affiliate_says_what_came_through_its_links(store: Run, lead: Make, link: str) -> None:
    """Which link the leads and the money came through, in json and on the screen."""
    store("leads", "approve", lead(), "--commission", "12.50")
    shown = store("affiliates", "show", "aff-1", "-o", "json").json
    [use] = shown["link_uses"]

    assert (link, 1, 1, 12.5) == tuple(use[name] for name in ("link_id", "leads", "approved", "commission"))
    assert (1, True) == (shown["counted_leads"], shown["counted_all"])


def test_the_screen_of_an_affiliate_has_a_few_leads(store: Run, lead: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six of the latest, and how to see the others; `-o json` has ten. With few leads there is nothing to add."""
    for number in range(6):
        lead(f"Lead {number}")
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "80")
    few = store("affiliates", "show", "aff-1", "--no-color").out
    for number in range(6, 12):
        lead(f"Lead {number}")
    many = store("affiliates", "show", "aff-1", "--no-color").out

    assert (6, False) == (few.count("Lead "), "commercive leads list --affiliate aff-1" in few)
    assert (6, True, True) == (many.count("Lead "), "Lead 6" in many, many.endswith("--affiliate aff-1\n"))
    assert 10 == len(store("affiliates", "show", "aff-1", "-o", "json").json["leads"])
