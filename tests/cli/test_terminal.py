"""What a person sees on a terminal: questions, colours, tables."""

import re
from pathlib import Path

import pytest

from tests.cli.commands.conftest import Make, conversation, lead, link
from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, environment, run_on_terminal, watch

__all__ = ["conversation", "lead", "link"]

PROTECTED = '[profiles.prod]\nprotected = true\nstore = "sqlite:///{home}/store.db"\n'


def test_a_table_is_short_and_coloured(conversation: Make) -> None:
    """On a terminal ids are short, times are distances, and what waits to be read has a colour; text is inert."""
    one = conversation(text="\x1b[2Jboo [red]x[/red]")
    seen = run_on_terminal(["chat", "list"], columns=140)

    assert seen.code == 0
    assert one[-8:] in seen.screen
    assert one not in seen.screen
    assert re.search(r"m\d+s\x1b", seen.screen)
    assert "\x1b[38;5;166m1" in seen.screen
    assert r"\x1b[2Jboo [red]x[/red]" in seen.screen


def test_from_160_columns_ids_are_whole(conversation: Make) -> None:
    """Where there is room, nothing is shortened."""
    one = conversation()

    assert one in run_on_terminal(["chat", "list"], columns=160).screen


@pytest.mark.parametrize("option", ["--no-color", "NO_COLOR"])
def test_colours_can_be_turned_off(conversation: Make, option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """--no-color and NO_COLOR leave no escape sequence in the output."""
    conversation()
    if option == "NO_COLOR":
        monkeypatch.setenv(option, "1")
    seen = run_on_terminal([*([option] if option.startswith("--") else []), "chat", "list"])

    assert (seen.code, "\x1b" in seen.screen) == (0, False)


def test_other_formats_are_the_same_on_a_terminal(conversation: Make) -> None:
    """`-o ids` prints ids wherever it prints."""
    assert f"{conversation()}\r\n" == run_on_terminal(["chat", "list", "-o", "ids"]).screen


def test_deleting_asks_for_the_prefix(store: Run) -> None:
    """A wrong prefix deletes nothing, the right one deletes."""
    wrong = run_on_terminal(["tables", "delete"], "yes\n")
    assert store("tables", "list").out.count("unchanged") == 6
    right = run_on_terminal(["tables", "delete"], "commercive_\n")

    assert [(seen.code, "Type the prefix:" in seen.screen) for seen in (wrong, right)] == [(2, True), (0, True)]
    assert store("tables", "list").out.count("missing") == 6


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 2), ("\x04", 2)])
def test_a_protected_profile_asks(conversation: Make, home: Path, answer: str, code: int) -> None:
    """Writes name their target and ask for a yes; any other answer, or the end of input, writes nothing."""
    (home / "config.toml").write_text(PROTECTED.format(home=home))
    one = conversation()
    seen = run_on_terminal(["--profile", "prod", "chat", "close", one, "-o", "json"], answer)

    assert (code, True) == (seen.code, f"store: sqlite {home}/store.db (profile prod)" in seen.screen)
    assert (code == 0) == ('"changed": true' in seen.screen)


def test_a_bulk_report_is_a_table(conversation: Make) -> None:
    """For several ids the result of each is shown."""
    one = conversation()
    seen = run_on_terminal(["chat", "close", one, "nope"])

    assert seen.code == 7
    assert "failed: there is no conversation nope" in seen.screen


def test_short_ids_can_be_used_at_once(conversation: Make) -> None:
    """What a list shows is taken by the commands that follow, whichever they are."""
    short = conversation()[-8:]
    run_on_terminal(["chat", "list"])
    seen = [
        run_on_terminal(["chat", *words])
        for words in (["show", short[2:]], ["close", f"#{short.upper()}"], ["history", short])
    ]

    assert [0, 0, 0] == [each.code for each in seen]
    assert f"Conversation {short} is closed" in seen[1].screen


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 2)])
def test_what_was_not_shown_is_asked_for(conversation: Make, store: Run, answer: str, code: int) -> None:
    """A write names the record in full and asks; without a yes nothing is written."""
    one = conversation()
    seen = run_on_terminal(["chat", "close", one[-8:]], answer)

    assert (code, True) == (seen.code, f"is conversation {one} (shop.example.com, open" in seen.screen)
    assert ("closed" if code == 0 else "open") in store("chat", "list").out


def test_many_are_never_asked_for(conversation: Make, store: Run) -> None:
    """Among many ids, what was not shown is refused by name; the others are done."""
    one, other = conversation(), conversation(user="u-2")
    seen = run_on_terminal(["chat", "close", one, other[-8:]])

    assert (7, 1) == (seen.code, store("chat", "list", "--status", "closed", "-o", "ids").out.count("\n"))
    assert "give the whole id to close it" in " ".join(seen.screen.split())


def test_columns_can_be_chosen(conversation: Make) -> None:
    """--columns shows these in this order, under the names that CSV has; a wrong one names the nearest."""
    conversation()
    seen = run_on_terminal(["chat", "list", "--columns", "status,conversation_id"])
    wrong = run_on_terminal(["chat", "list", "--columns", "statu"])

    assert "status  conversation id" in re.sub(r"\x1b\[[0-9;]*m", "", seen.screen)
    assert (2, True) == (wrong.code, "did you mean status?" in wrong.screen)


def test_any_stream_can_count_as_a_terminal(conversation: Make, store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """COMMERCIVE_FORCE_TTY gives a pipe what a terminal of that width shows; a wrong width is refused by name."""
    one = conversation()
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "80")
    shown = store("chat", "list").out
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "wide")
    wrong = store("chat", "list")

    assert (True, False, True) == (one[-8:] in shown, one in shown, "\x1b[38;5;166m" in shown)
    assert (78, True) == (wrong.code, "COMMERCIVE_FORCE_TTY is the width" in wrong.err)


@pytest.mark.parametrize("line", ["affiliates top", "leads report", "chat report"])
def test_reports_fit_20_columns(store: Run, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Their sentences are wrapped between words on the narrowest terminal, too, and the last one is there."""
    store("tables", "seed", "--messages", "10", "--affiliates", "2", "--leads", "5")
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "20")
    shown = store(*line.split(), "--no-color").out

    assert max(map(len, shown.splitlines())) <= 20
    assert shown.split()[-4:] == ["commercive", *line.split(), "-h"]


def test_quiet_leaves_results_and_errors(conversation: Make, store: Run) -> None:
    """-q drops the hint at more pages, before or after the command, and no result."""
    conversation()
    conversation(user="u-2")

    assert "more: add --cursor" in store("chat", "list", "--limit", "1").err
    for line in (("-q", "chat", "list", "--limit", "1"), ("chat", "list", "--limit", "1", "--quiet")):
        ran = store(*line)
        assert ("", 2) == (ran.err, ran.out.count("\n"))


@pytest.mark.parametrize(
    "line",
    [
        "tables audit",
        "tables diff",
        "tables create --seed",
        "tables describe leads --sample 9",
        "tables apply --dry-run",
        "chat close CONVERSATION --dry-run",
        "chat show CONVERSATION --mark-read",
        "tables person u-1 --export -",
        "config check",
        "completion install bash --yes",
    ],
)
def test_quiet_leaves_out_every_remark(conversation: Make, store: Run, line: str) -> None:
    """What is good to know beside the results is on stderr without -q, and nowhere with it."""
    one = conversation(user="u-1")
    quiet = store("-q", *line.replace("CONVERSATION", one).split())
    told = store(*line.replace("CONVERSATION", one).split())

    assert (quiet.code, quiet.err) == (told.code, "")
    assert line in ("tables diff", "tables apply --dry-run") or told.err


@pytest.mark.parametrize("columns", [60, 120])
def test_a_dumb_terminal_has_its_own_width(conversation: Make, columns: int) -> None:
    """With TERM=dumb, as in an editor's window, rows are as long as that is wide, and without colours."""
    conversation(text="Hello " * 30)
    sized = ["sh", "-c", f'stty cols {columns} rows 24; unset COLUMNS LINES; exec "$@"', "sh"]
    seen = watch([*sized, *PROGRAM, "chat", "list"], env=environment(TERM="dumb"))

    assert (columns, False) == (max(map(len, seen.screen.splitlines())), "\x1b" in seen.screen)


def test_all_pages_have_the_columns_of_one(conversation: Make) -> None:
    """`--all` cannot know what all rows share, so each has it: the state and the shop, too."""
    conversation(shop="kobe-tea.myshopify.com")
    seen = run_on_terminal(["chat", "list", "--all", "--no-color"], columns=80)

    assert {"id", "state", "unread", "age", "shop", "last", "message"} <= set(seen.screen.splitlines()[0].split())
    assert ["open", "kobe-tea"] == [word for word in seen.screen.split() if word in ("open", "kobe-tea")]


def test_what_became_of_many_is_in_local_time(conversation: Make) -> None:
    """Results and rehearsals of many items have people's times on a terminal, and machines' times in a pipe."""
    ids = [conversation(), conversation(user="u-2")]
    tried = run_on_terminal(["chat", "claim", *ids, "--dry-run", "--no-color", "--as", "mira"])
    done = run_on_terminal(["chat", "claim", *ids, "--no-color", "--as", "mira"])

    for seen, title in ((tried, "would be"), (done, "result")):
        assert re.search(rf"id +{title}\r\n{ids[0][-8:]}  held by mira until [0-9]{{2}}:[0-9]{{2}}\r\n", seen.screen)
    assert ("Nothing was written." in tried.screen, "Nothing was written." in done.screen) == (True, False)


def test_a_report_names_whole_ids(conversation: Make, store: Run) -> None:
    """Ids that were typed in part are whole in machine formats; what no record has stands as it was typed."""
    ids = [conversation(), conversation(user="u-2")]
    assert store("chat", "list", "-o", "json").code == 0
    run_on_terminal(["chat", "list"])
    ran = store("chat", "close", *(each[-8:] for each in ids), "no-such", "-o", "json")

    assert [*ids, "no-such"] == [each["id"] for each in ran.json["results"]]


def test_a_long_thread_goes_through_the_pager(conversation: Make, store: Run, home: Path) -> None:
    """What is longer than the screen is given to PAGER, unless that does not exist, or --no-pager is said."""
    one = conversation()
    for number in range(20):
        assert store("chat", "reply", one, f"answer {number}").code == 0
    pager = home / "pager"
    pager.write_text(f'#!/bin/sh\ncat > "{home}/paged"\n')
    pager.chmod(0o755)
    command = [*PROGRAM, "chat", "show", one]
    paged = watch(command, env=environment(PAGER=str(pager), LINES="24"))
    whole = watch([*command, "--no-pager"], env=environment(PAGER=str(pager), LINES="24"))
    missing = watch(command, env=environment(PAGER="no-such-pager", LINES="24"))

    assert (0, "", True) == (paged.code, paged.screen, "answer 19" in (home / "paged").read_text())
    assert (0, True) == (whole.code, "answer 19" in whole.screen)
    assert (0, True, True) == (missing.code, "answer 0" in missing.screen, "no pager no-such-pager" in missing.screen)


def test_a_long_report_goes_through_the_pager(lead: Make, home: Path) -> None:
    """The weeks of half a year are more than 24 lines; a report that fits the screen is written to it."""
    lead()
    pager = home / "pager"
    pager.write_text(f'#!/bin/sh\ncat > "{home}/paged"\n')
    pager.chmod(0o755)
    command = [*PROGRAM, "leads", "report", "--quiet", "--since"]
    paged = watch([*command, "180d"], env=environment(PAGER=str(pager), LINES="24"))
    short = watch([*command, "7d"], env=environment(PAGER=str(pager), LINES="24"))

    assert (0, "", True) == (paged.code, paged.screen, "definitions:" in (home / "paged").read_text())
    assert (0, True) == (short.code, "1 lead of 1 affiliate" in short.screen)


def words(screen: str) -> str:
    """Return a screen without colours, its words one blank apart."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", screen).split())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "chat reply ONE It-arrives --close --dry-run",
            "Would be sent to shop.example.com as admin-1, and the conversation closed: It-arrives "
            "They would see 1 unread message. The conversation would leave the queue.",
        ),
        ("chat close ONE --dry-run", "would be closed."),
        ("chat mark-read ONE --dry-run", "Would mark 1 message of conversation"),
        ("chat send --user u-9 Hello --dry-run", "Would be sent as user u-9: Hello Admins would see 1 unread message."),
    ],
)
def test_a_dry_run_tells_people_what_they_would_see(
    conversation: Make, store: Run, monkeypatch: pytest.MonkeyPatch, line: str, told: str
) -> None:
    """On a terminal it is what the reader would see; nothing is written, and -o json has the exact writes."""
    one = conversation()
    before = store("chat", "show", one, "--json").out
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "100")
    seen = words(store(*line.replace("ONE", one).split()).out)
    exact = words(store(*line.replace("ONE", one).split(), "-o", "json").out)

    assert told in seen
    assert "Nothing was written. The exact writes: -o json" in seen
    assert '"dry_run": true' in exact
    assert before == store("chat", "show", one, "--json").out


def test_a_dry_run_tells_the_money(lead: Make, store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the lead would be, and what the affiliate's total would go to."""
    one = lead()
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "100")
    seen = words(store("leads", "approve", one, "--commission", "25.50", "--dry-run").out)

    assert "would be approved for 25.50 USD; it is pending now." in seen
    assert "total would go from 0.00 to 25.50 USD." in seen


def test_a_dry_run_without_a_change_says_so(conversation: Make, store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is promised that would not happen."""
    one = conversation()
    assert store("chat", "close", one).code == 0

    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "100")

    assert "Nothing would change." in words(store("chat", "close", one, "--dry-run").out)


def test_everything_is_drawn_page_by_page(conversation: Make, store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """--all shows a table of each page and the number in the end, `-o wide` whole ids and every column."""
    ones = {conversation(user=f"u-{number}") for number in range(3)}
    monkeypatch.setenv("COMMERCIVE_FORCE_TTY", "100")
    everything, wide = store("chat", "list", "--all").out, store("chat", "list", "-o", "wide", "--all").out

    assert {one[-8:] for one in ones} <= set(words(everything).split())
    assert words(everything).endswith("3 conversations")
    assert ones <= set(words(wide).split())
    assert "last message id" in words(wide)
