"""`commercive leads`, as admins use it."""

import csv
import io
from pathlib import Path

import pytest

from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run


def stats(run: Run) -> tuple[int, int, float]:
    """Return aff-1's pending and approved leads and its commission."""
    found = run("affiliates", "stats", "aff-1", "-o", "json").json["stats"]
    return found["pending_leads"], found["approved_leads"], found["total_commission"]


def test_a_lead_is_submitted_listed_and_shown(store: Run, link: str) -> None:
    """Every field of the form is stored, and the affiliate counts the lead."""
    submitted = store(
        *("leads", "submit", "--link", link.lower(), "--name", "Ann Lee", "--email", "ann@example.com"),
        *("--phone", "+1 555 0100", "--product-link", "https://p.example.com", "--order-volume", "5-20"),
        *("--pending-orders", "7", "--business-name", "Lee & Co", "-o", "json"),
    )
    shown = store("leads", "show", submitted.json["lead_id"], "-o", "json").json

    assert tuple(
        shown["lead"][name]
        for name in (
            "lead_name",
            "lead_email",
            "lead_phone",
            "product_link",
            "order_volume",
            "pending_orders",
            "business_name",
            "status",
        )
    ) == ("Ann Lee", "ann@example.com", "+1 555 0100", "https://p.example.com", "5-20", "7", "Lee & Co", "pending")
    assert shown["stats"]["pending_leads"] == 1


def test_leads_are_filtered(store: Run, lead: Make, link: str) -> None:
    """Status, affiliate, link, text and time narrow the list."""
    first, second = lead("Ann Lee"), lead("Bob Ray")
    store("leads", "approve", first, "--commission", "10")

    def listed(*options: str) -> list[str]:
        return store("leads", "list", "-o", "ids", *options).ids

    assert [first] == listed("--status", "approved")
    assert [second, first] == listed("--affiliate", "aff-1")
    assert [second, first] == listed("--link", link)
    assert [second] == listed("--search", "bob")
    assert [second, first] == listed("--since", "1h")
    assert listed("--until", "1h") == []
    assert [second] == listed("--limit", "1")


def test_approving_counts_the_commission_once(store: Run, lead: Make) -> None:
    """The same decision again changes nothing; another amount needs --amend."""
    one = lead()
    answer = store("leads", "approve", one, "--commission", "25.50", "--notes", "great", "-o", "json").json

    assert (
        answer["lead"]["status"],
        answer["lead"]["commission_amount"],
        answer["lead"]["admin_notes"],
        answer["lead"]["reviewed_by"],
        answer["changed"],
    ) == ("approved", 25.5, "great", "admin-1", True)
    assert store("leads", "approve", one, "--commission", "25.50", "-o", "json").json["changed"] is False
    assert store("leads", "approve", one, "--commission", "30").code == 6
    assert stats(store) == (0, 1, 25.5)
    assert store("leads", "approve", one, "--commission", "30", "--amend").code == 0
    assert stats(store) == (0, 1, 30.0)


def test_rejecting_and_resetting(store: Run, lead: Make) -> None:
    """`leads reset` takes a decision back, corrects the stats, and is in the history."""
    one = lead()
    store("leads", "approve", one, "--commission", "10")
    store("leads", "reset", one)
    store("leads", "reject", one, "--notes", "no answer")
    history = store("leads", "history", one, "-o", "json").json["history"]

    assert stats(store) == (0, 0, 0.0)
    assert [row["after"]["status"] for row in history] == ["approved", "pending", "rejected"]


def test_a_rejection_may_give_a_reason(store: Run, lead: Make) -> None:
    """It is shown with the lead, beside the notes, which are for admins."""
    one = lead()
    answer = store("leads", "reject", one, "--reason", "Volume too low", "--notes", "polite", "-o", "json").json

    assert ("Volume too low", "polite", "rejected") == (
        answer["lead"]["rejection_reason"],
        answer["lead"]["admin_notes"],
        answer["new_status"],
    )
    assert "Volume too low" in store("leads", "show", one).out
    assert 2 == store("leads", "reject", one, "--reason", "x" * 2_001).code


def test_many_are_approved_at_once(store: Run, lead: Make) -> None:
    """Each lead is decided on its own, and a rerun of the same line is harmless."""
    ids = [lead(f"Lead {number}") for number in range(20)]
    approve = ("leads", "approve", "-", "--commission", "1.10")
    ran = store(*approve, "--despite-flags", stdin="\n".join(ids))
    again = store(*approve, stdin="\n".join(ids))

    assert [(ran.code, line.split("\t")[1]) for line in ran.out.splitlines()[1:]] == [(0, "approved")] * 20
    assert [line.split("\t")[1] for line in again.out.splitlines()[1:]] == ["already approved"] * 20
    assert stats(store) == (0, 20, 22.0)


@pytest.mark.parametrize("amount", ["NaN", "1e3", "10.005", "-1", "1000001", "ten", ""])
def test_an_amount_is_refused_before_anything_is_written(store: Run, lead: Make, amount: str) -> None:
    """An invalid commission decides nothing, for one lead or for many."""
    ran = store("leads", "approve", lead(), lead(), f"--commission={amount}")

    assert (ran.code, ran.out) == (2, "")
    assert "--commission" in ran.err
    assert stats(store) == (2, 0, 0.0)


def test_a_dry_run_shows_the_money(store: Run, lead: Make) -> None:
    """A dry run shows the changes of an approval exactly, and changes nothing."""
    ran = store("leads", "approve", lead(), "--commission", "12.50", "--dry-run", "-o", "json")
    changes = {change["table"]: change["attributes"] for change in ran.json["changes"]}

    assert changes["commercive_affiliate_stats"]["total_commission"] == {"before": 0, "after": 12.5}
    assert stats(store) == (1, 0, 0.0)


def test_csv_is_harmless_in_a_spreadsheet(store: Run, lead: Make) -> None:
    """A formula in a lead's name has an apostrophe before it, and is whole behind it."""
    lead('=HYPERLINK("http://x")')
    (row,) = csv.DictReader(io.StringIO(store("leads", "list", "-o", "csv").out, newline=""))

    assert row["lead_name"] == '\'=HYPERLINK("http://x")'


def test_a_key_makes_a_repeat_harmless(store: Run, link: str) -> None:
    """The same submission again gets the first lead."""
    line = ("leads", "submit", "--link", link, "--name", "A", "--email", "a@b", "--key", "k", "-o", "ids")

    assert store(*line).out == store(*line).out
    assert stats(store) == (1, 0, 0.0)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--order-volume", "lots"), 2),
        (("--product-link", "javascript:alert(1)"), 2),
        (("--email", "nobody"), 2),
        (("--link", "ZZZZZZZZ"), 5),
    ],
)
def test_a_bad_form_is_refused(store: Run, link: str, options: tuple[str, ...], code: int) -> None:
    """The rules of the form hold here as in the API."""
    ran = store("leads", "submit", "--link", link, "--name", "A", "--email", "a@example.com", *options)

    assert (code, 1) == (ran.code, ran.err.count("\n"))


def test_amounts_have_names_and_limits(store: Run, lead: Make, home: Path) -> None:
    """`--commission standard` is the amount of the config file; beyond its limits nothing is approved, also by name."""
    (home / "config.toml").write_text("[commission]\nmin = 5\nmax = 50\nstandard = 25.50\nhuge = 50.01\n")
    one, other = lead(), lead()
    assert 0 == store("leads", "approve", one, "--commission", "standard").code
    for amount, says in (("4.99", "commission.min"), ("huge", "config.toml:3"), ("standart", "did you mean standard?")):
        ran = store("leads", "approve", other, "--commission", amount)
        assert (2, True) == (ran.code, says in ran.err)
    mended = store(
        "tables", "mend", "leads", other, "--set", "status=approved", "--set", "commission_amount:=4.99", "--yes"
    )

    assert (2, True) == (mended.code, "commission.min" in mended.err)
    assert stats(store) == (1, 1, 25.5)


def test_the_ceiling_of_a_profile_holds(store: Run, lead: Make, home: Path) -> None:
    """Above it an approval is refused with exit 4, in a dry run as well; up to it, it is given."""
    (home / "config.toml").write_text("[profiles.prod]\nceiling = 500\n")
    waiting, profile = lead(), ("--profile", "prod")
    for more in ((), ("--dry-run",)):
        ran = store(*profile, "leads", "approve", waiting, "--commission", "500.01", *more)
        assert (4, "") == (ran.code, ran.out)
        assert "approve 500.00 USD or less, or have the ceiling raised (ceiling of profile prod)" in ran.err
    both = store(*profile, "leads", "approve", waiting, lead(), "--commission", "500.01")

    assert (7, 2) == (both.code, both.err.count("above the ceiling"))
    assert stats(store) == (2, 0, 0)
    assert store(*profile, "leads", "approve", waiting, "--commission", "500").code == 0


def test_nobody_approves_their_own_by_name(store: Run, lead: Make) -> None:
    """The name of who acts is compared with the affiliate and, if it is an address, with those of lead and link."""
    waiting = lead()
    for actor in ("aff-1", "Ann@Example.com", "A@example.com"):
        ran = store("--as", actor, "leads", "approve", waiting, "--commission", "5")
        assert (4, True) == (ran.code, "let another admin decide" in ran.err)

    assert store("--as", "boss", "leads", "approve", waiting, "--commission", "5").code == 0


def test_notes_that_come_later_are_kept(store: Run, lead: Make) -> None:
    """The same decision with other notes stores them, and says that something changed."""
    waiting = lead()
    store("leads", "approve", waiting, "--commission", "5")
    noted = store("leads", "approve", waiting, "--commission", "5", "--notes", "by phone", "-o", "json").json

    assert (True, "by phone") == (noted["changed"], noted["lead"]["admin_notes"])
    assert ["approve", "note"] == [
        row["event"] for row in store("leads", "history", waiting, "-o", "json").json["history"]
    ]
