"""Approving on a terminal asks first: whom, how much, and what that comes to. Scripts are never asked."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands.conftest import Make, lead, link
from tests.cli.conftest import Ran, Run
from tests.cli.process import PROGRAM, ROOT, environment, watch

__all__ = ["lead", "link"]


def words(seen: Ran) -> str:
    """Return a screen without colours, its words one blank apart."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", seen.out).split())


def states(store: Run) -> list[str]:
    return [each["status"] for each in store("leads", "list", "-o", "json").json["leads"]]


@pytest.mark.parametrize(
    ("answer", "code", "state"), [("y\n", 0, "approved"), ("\n", 2, "pending"), ("n\n", 2, "pending")]
)
def test_an_approval_says_what_it_gives_to_whom(
    store: Run, at_terminal: Run, lead: Make, answer: str, code: int, state: str
) -> None:
    """Person, lead, affiliate, amount, and what the affiliate's total becomes; anything but yes writes nothing."""
    store("leads", "approve", lead("Bob Ray"), "--commission", "412.68")
    one = lead("Søren Lindqvist")
    seen = at_terminal("leads", "approve", one, "--commission", "25.50", typed=answer)
    told = words(seen)

    assert code == seen.code
    assert f"Søren Lindqvist ({one[-8:]}), pending, affiliate aff-1 commission 25.50 USD" in told
    assert "commission 25.50 USD; the affiliate's total 412.68 → 438.18 Approve? [y/N]" in told
    assert "\x1b[1m25.50 USD" in seen.out
    assert (code == 2) == ("cancelled; nothing was written" in told)
    assert [state, "approved"] == states(store)


def test_another_amount_is_asked_about_too(store: Run, at_terminal: Run, lead: Make) -> None:
    """The total goes by the difference; what is approved so already is not asked about, since it gives nothing."""
    one = lead()
    store("leads", "approve", one, "--commission", "10")
    amended = at_terminal("leads", "approve", one, "--commission", "7.50", "--amend", typed="y\n")
    same = at_terminal("leads", "approve", one, "--commission", "7.50")

    assert "approved, affiliate aff-1 commission 7.50 USD; the affiliate's total 10.00 → 7.50" in words(amended)
    assert (0, 0, False) == (amended.code, same.code, "Approve?" in same.out)
    assert 7.5 == store("leads", "show", one, "-o", "json").json["stats"]["total_commission"]


def test_what_will_be_refused_is_not_asked_about(store: Run, at_terminal: Run, lead: Make, home: Path) -> None:
    """A decision that stands, a lead of one's own and an amount beyond a limit end as in a script."""
    (home / "config.toml").write_text("[commission]\nmax = 500\n")
    one = lead()
    own = at_terminal("--as", "aff-1", "leads", "approve", one, "--commission", "5")
    much = at_terminal("leads", "approve", one, "--commission", "500.01")
    store("leads", "reject", one)
    decided = at_terminal("leads", "approve", one, "--commission", "5")

    assert [4, 2, 6] == [own.code, much.code, decided.code]
    assert not any("Approve?" in seen.out for seen in (own, much, decided))


@pytest.mark.parametrize(("answer", "code"), [("y\n", 7), ("\n", 2)])
def test_many_get_one_question_with_the_sum(store: Run, at_terminal: Run, lead: Make, answer: str, code: int) -> None:
    """The first ten are named; what cannot be approved is said there, too."""
    ids = [lead(f"Lead {number}") for number in range(11)]
    seen = at_terminal("leads", "approve", "nobody", *ids, "--commission", "25.50", "--despite-flags", typed=answer)
    told = words(seen)

    assert (code, 1) == (seen.code, told.count("[y/N]"))
    assert "there is no lead nobody" in told
    assert f"{ids[0][-8:]} pending Lead 0" in told
    assert "Lead 8" in told.partition("[y/N]")[0]
    assert "Lead 9" not in told.partition("[y/N]")[0]
    assert "and 2 more commission 25.50 USD each, 306.00 USD at most Approve 12? [y/N]" in told
    assert {"approved" if code == 7 else "pending"} == set(states(store))


def test_the_question_names_the_flags(at_terminal: Run, lead: Make) -> None:
    """Once, between the person and the money; whoever passed --despite-flags knows of them."""
    twin, one = lead("Ann L.", "a.nn@gmail.com"), lead("Ann Lee", "ann@gmail.com")
    flag = f"same e-mail as {twin}"
    asked = words(at_terminal("leads", "approve", one, "--commission", "5", typed="n\n"))
    despite = words(at_terminal("leads", "approve", one, "--commission", "5", "--despite-flags", typed="n\n"))
    unasked = words(at_terminal("leads", "approve", one, "--commission", "5", "--yes"))

    assert f"affiliate aff-1 ! {flag} commission 5.00 USD" in asked
    assert [1, 0, 1] == [told.count(flag) for told in (asked, despite, unasked)]
    assert f"! lead {one}: {flag}" in unasked


def test_a_question_about_many_says_who_will_be_refused(store: Run, at_terminal: Run, lead: Make, home: Path) -> None:
    """On the lines of the first ten, and for a file how many there are."""
    ids = [lead("Ann L.", "a.nn@gmail.com"), lead("Ann Lee", "ann@gmail.com"), lead("Bob Ray")]
    many = words(at_terminal("leads", "approve", *ids, "--commission", "5", typed="n\n"))
    (home / "d.csv").write_text(
        "\n".join(["lead_id;decision;commission_amount", *(f"{each};approve;5" for each in ids)])
    )
    file = words(at_terminal("leads", "decide", str(home / "d.csv"), typed="n\n"))

    assert 2 == many.count("! flagged, will be refused")
    assert "Ann Lee ! flagged, will be refused" in many
    assert "approve 3 for 15.00 USD; 2 are flagged and will be refused Decide? [y/N]" in file
    assert ["pending"] * 3 == states(store)


QUIET: dict[str, Callable[[list[str], Path], list[str]]] = {
    "yes": lambda line, _: [*line, "--yes"],
    "dry run": lambda line, _: [*line, "--dry-run"],
    "output elsewhere": lambda line, home: ["sh", "-c", f'"$@" > {home}/out', "sh", *line],
    "messages elsewhere": lambda line, home: ["sh", "-c", f'"$@" 2> {home}/err', "sh", *line],
    "input elsewhere": lambda line, _: ["sh", "-c", '"$@" < /dev/null', "sh", *line],
}


@pytest.mark.parametrize("how", QUIET)
def test_scripts_are_not_asked(store: Run, lead: Make, home: Path, how: str) -> None:
    """--yes, a rehearsal, and any stream that is no terminal: nothing waits for an answer."""
    line = QUIET[how]([*PROGRAM, "leads", "approve", lead(), "--commission", "5"], home)
    seen = watch(line, env=environment(), cwd=ROOT)

    assert (0, False) == (seen.code, "[y/N]" in seen.screen)
    assert ["pending" if how == "dry run" else "approved"] == states(store)


def test_ids_on_stdin_are_not_asked_about(store: Run, at_terminal: Run, lead: Make) -> None:
    """Who pipes ids has chosen them; what is typed there are ids, and no answer."""
    one = lead()
    seen = at_terminal("leads", "approve", "-", "--commission", "5", typed=f"{one}\n\x04")

    assert (0, False, ["approved"]) == (seen.code, "[y/N]" in seen.out, states(store))


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 2)])
def test_a_file_is_asked_about_once(
    store: Run, at_terminal: Run, lead: Make, home: Path, answer: str, code: int
) -> None:
    """How many rows, how they are separated, how many to approve for how much, and how many to reject."""
    ids = [lead() for _ in range(4)]
    decisions = ("approve;1200,5", "approve;7", "reject;", ";")
    lines = [f"{each};{decision}" for each, decision in zip(ids, decisions, strict=True)]
    (home / "d.csv").write_text("\n".join(["lead_id;decision;commission_amount", *lines]))
    seen = at_terminal("leads", "decide", str(home / "d.csv"), "--despite-flags", typed=answer)
    told = words(seen)

    assert "d.csv: 4 rows, semicolons, all valid approve 2 for 1,207.50 USD, reject 1 Decide? [y/N]" in told
    assert (code, code == 0) == (seen.code, "✓ 3 decided: 2 approved for 1,207.50 USD, 1 rejected" in told)
    assert 4 - 3 * (code == 0) == states(store).count("pending")
    assert (code == 0) == (home / "d.csv.result.csv").exists()


def test_a_file_without_money_is_not_asked_about(at_terminal: Run, lead: Make, home: Path) -> None:
    """Nor is one with --yes."""
    (home / "r.csv").write_text(f"lead_id,decision\n{lead()},reject\n")
    (home / "a.csv").write_text(f"lead_id,decision,commission_amount\n{lead()},approve,5\n")
    seen = [at_terminal("leads", "decide", str(home / name), *more) for name, *more in (("r.csv",), ("a.csv", "-y"))]

    assert [0, 0] == [each.code for each in seen]
    assert not any("[y/N]" in each.out for each in seen)
