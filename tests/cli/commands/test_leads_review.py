"""`leads review` on a real terminal: keys without Enter, questions, Ctrl-C, the end of input, and where one goes on."""

import os
import pty
import re
import select
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from commercive_cli.cli.global_options import GlobalOptions
from commercive_cli.cli.keyboard import Keyboard
from commercive_cli.cli.review_desk import TerminalDesk
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.leads import LeadDecided
from commercive_cli.domain.models import Lead
from tests.cli.commands.conftest import Make
from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, Running, environment, on_terminal

KEYS = "q quit: "
_SECONDS = 60


class Dialog:
    """A review on a terminal of 80 columns: what is seen, and what is typed when something was seen."""

    def __init__(self, process: Running, screen: FileIO) -> None:
        self.process = process
        self._screen = screen
        self._seen = b""

    def until(self, awaited: str) -> str:
        """Return the screen up to where it ends with that."""
        while not self._text().rstrip("\n").endswith(awaited):
            assert self._read(), f"{awaited} was not seen: {self._text()[-500:]}"
        seen, self._seen = self._text(), b""
        return seen

    def types(self, typed: str, then: str = KEYS) -> str:
        """Type, and return what is seen up to the next question."""
        self._screen.write(typed.encode())
        return self.until(then)

    def ends(self, typed: str = "") -> tuple[int, str]:
        """Type, and return the exit code and what is seen to the end."""
        self._screen.write(typed.encode())
        while self._read():
            pass
        return self.process.wait(_SECONDS), self._text()

    def _read(self) -> bool:
        ready, _, _ = select.select([self._screen], [], [], _SECONDS)
        try:
            chunk = self._screen.read(65_536) if ready else b""
        except OSError:  # a closed terminal is read as an error by Linux
            chunk = b""
        self._seen += chunk or b""
        return bool(chunk)

    def _text(self) -> str:
        return re.sub(r"\x1b\[[0-9;]*m", "", self._seen.decode(errors="replace")).replace("\r\n", "\n")

    @property
    def settings(self) -> list[Any]:
        return termios.tcgetattr(self._screen.fileno())

    @settings.setter
    def settings(self, of_others: list[Any]) -> None:
        termios.tcsetattr(self._screen.fileno(), termios.TCSANOW, of_others)


@pytest.fixture
def of_a_shell() -> list[Any]:
    """The settings of a terminal before any program has changed them: those of every new one."""
    leader, follower = pty.openpty()
    try:
        return termios.tcgetattr(follower)
    finally:
        os.close(follower)
        os.close(leader)


@contextmanager
def reviewing(*arguments: str, **more: str) -> Iterator[Dialog]:
    environ = environment(COLUMNS="80", LINES="24", **more)
    with on_terminal([*PROGRAM, "leads", "review", *arguments], env=environ) as (process, screen):
        try:
            yield Dialog(process, screen)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(_SECONDS)


@pytest.fixture
def amounts(home: Path) -> None:
    (home / "config.toml").write_text("[commission]\nstandard = 25.50\n")


def lead_of(store: Run, one: str) -> dict[str, Any]:
    found: dict[str, Any] = store("leads", "show", one, "-o", "json").json["lead"]
    return found


@pytest.mark.usefixtures("amounts")
def test_a_round(store: Run, lead: Make, of_a_shell: list[Any]) -> None:
    """Approve, reject, note, skip, undo and quit with one key each; the last words say what was done."""
    ids = [lead("Søren Lindqvist"), lead("Maja Lind"), lead("小林 さくら")]
    with reviewing() as dialog:
        first = dialog.until(KEYS)
        dialog.types("a", "leaves it]: ")
        second = dialog.types("\n")
        dialog.types("r", "leaves it]: ")
        third = dialog.types("Volume too low: 少ない\n")
        undone = dialog.types("u")
        dialog.types("n", "leaves it]: ")
        noted = dialog.types("asked\n")
        dialog.types("s")
        code, end = dialog.ends("q")
        after = dialog.settings

    assert "lead 1 of 3                so far 0 approved for 0.00 USD, 0 rejected, 0 skipped" in first
    assert "Søren Lindqvist  pending for" in first
    assert "affiliate aff-1\n  3 leads: 3 pending, 0 approved for 0.00 USD, 0 rejected" in first
    assert "✓ Approved for 25.50 USD" in second
    assert "100.0 % of the decided are approved, for 25.50 USD on average" in second
    assert "✓ Rejected\n\nlead 3 of 3" in third
    assert "✓ Taken back, it was rejected by admin-1" in undone
    assert "\n  note: asked\n" in noted
    assert "1 approved for 25.50 USD, 0 rejected, 1 skipped, in " in end
    assert (0, True, of_a_shell) == (code, end.endswith("go on  commercive leads review\n"), after)
    assert ["approved", "pending", "pending"] == [lead_of(store, each)["status"] for each in ids]
    assert ["approve"] == [row["event"] for row in store("leads", "history", ids[0], "-o", "json").json["history"]]


def test_it_goes_on_where_it_was(lead: Make) -> None:
    """What is decided is not seen again, what was skipped comes last, as long as that is remembered."""
    for name in ("Ann A", "Bob B", "Cay C"):
        lead(name)
    with reviewing() as dialog:
        dialog.until(KEYS)
        dialog.types("s")
        dialog.types("r", "leaves it]: ")
        dialog.types("\n")
        dialog.ends("q")
    with reviewing() as dialog:
        assert "Cay C  pending" in dialog.until(KEYS)
        assert "Ann A  pending" in dialog.types("s")
        dialog.ends("q")
    for file in (Path(os.environ["XDG_CACHE_HOME"]) / "commercive" / "skipped").iterdir():
        file.write_text("not what was written")
    with reviewing() as dialog:
        assert "Ann A  pending" in dialog.until(KEYS)
        dialog.ends("q")
    with reviewing(COMMERCIVE_ACTOR="jonas") as dialog:
        assert "Ann A  pending" in dialog.until(KEYS)
        dialog.ends("q")


@pytest.mark.parametrize("at", ["a key", "a question"])
@pytest.mark.parametrize(("typed", "expected"), [("\x04", 0), ("", 130)], ids=["end of input", "Ctrl-C"])
def test_every_end_is_told(store: Run, lead: Make, of_a_shell: list[Any], at: str, typed: str, expected: int) -> None:
    """Ctrl-C and Ctrl-D end it like `q`: with what was done, how to go on, and the terminal as it was."""
    ids = [lead("Ann A"), lead("Bob B")]
    with reviewing() as dialog:
        dialog.until(KEYS)
        dialog.types("s")
        if at == "a question":
            dialog.types("r", "leaves it]: ")
        code, end = dialog.ends(typed) if typed else stopped(dialog)
        after = dialog.settings

    assert (expected, of_a_shell) == (code, after)
    assert "0 approved for 0.00 USD, 0 rejected, 1 skipped, in " in end
    assert end.endswith("go on  commercive leads review\n")
    assert ["pending"] * 2 == [lead_of(store, each)["status"] for each in ids]


def stopped(dialog: Dialog) -> tuple[int, str]:
    dialog.process.send_signal(signal.SIGINT)
    return dialog.ends()


def test_it_goes_on_after_a_stop(lead: Make, of_a_shell: list[Any]) -> None:
    """After Ctrl-Z and `fg` it asks again, and a key needs no Enter, although the shell had the terminal meanwhile."""
    lead("Ann A")
    lead("Bob B")
    with reviewing() as dialog:
        dialog.until(KEYS)
        dialog.process.send_signal(signal.SIGSTOP)
        dialog.settings = of_a_shell
        dialog.process.send_signal(signal.SIGCONT)
        again = dialog.until(KEYS)
        assert "Bob B  pending" in dialog.types("s")
        code, _ = dialog.ends("q")
        assert of_a_shell == dialog.settings

    assert (0, True) == (code, again.strip().startswith("a approve"))


@pytest.mark.usefixtures("amounts")
def test_what_was_typed_ahead_decides_nothing(store: Run, lead: Make) -> None:
    """Keys that were typed before a lead was there cannot have been meant for it."""
    ids = [lead("Ann A"), lead("Bob B")]
    with reviewing() as dialog:
        dialog.until(KEYS)
        dialog.types("a", "leaves it]: ")
        dialog.types("\nrrr\n")
        dialog.ends("q")

    assert ["approved", "pending"] == [lead_of(store, each)["status"] for each in ids]


def test_keys_that_mean_nothing_do_nothing(store: Run, lead: Make) -> None:
    """Arrows, whose last letters are ours, too; capitals are keys as well."""
    one = lead("Ann A")
    with reviewing() as dialog:
        dialog.until(KEYS)
        code, _ = dialog.ends("x\n\x1b[A\x1b[BzöQ")

    assert (0, "pending") == (code, lead_of(store, one)["status"])


def test_a_line_that_a_terminal_cannot_hold_is_refused(store: Run, lead: Make) -> None:
    """The terminal drops what comes beyond 4,095 bytes: nothing is written of the rest."""
    one = lead("Ann A")
    with reviewing() as dialog:
        dialog.until(KEYS)
        dialog.types("r", "leaves it]: ")
        assert "! a line on a terminal holds less than 4,095 bytes" in dialog.types("x" * 5_000 + "\n")
        dialog.ends("q")

    assert "pending" == lead_of(store, one)["status"]


def test_a_store_that_is_gone_ends_it(lead: Make, home: Path, of_a_shell: list[Any]) -> None:
    """It says what was done, how to go on, and what is wrong (exit 78); the terminal is as it was."""
    lead("Ann A")
    lead("Bob B")
    with reviewing() as dialog:
        dialog.until(KEYS)
        (home / "store.db").rename(home / "elsewhere.db")
        code, end = dialog.ends("s")
        after = dialog.settings

    assert (78, of_a_shell) == (code, after)
    assert "1 skipped, in " in end
    assert "go on  commercive leads review\ncommercive: no store at " in end


@pytest.mark.usefixtures("amounts")
def test_filters_and_an_amount(lead: Make) -> None:
    """Only what was asked for is shown, the amount that was given is that of Enter, and the way on repeats them."""
    lead("Ann A")
    with reviewing("--affiliate", "aff-1", "--since", "1d", "--commission", "7") as dialog:
        dialog.until(KEYS)
        assert "commission in USD (standard 25.50) [7.00, . leaves it]: " in dialog.types("a", "leaves it]: ")
        code, end = stopped(dialog)
    with reviewing("--affiliate", "aff-1", "--until", "2020-01-01") as dialog:
        nothing = dialog.ends()
    with reviewing("--commission", "premum") as dialog:
        wrong, _ = dialog.ends()

    assert "go on  commercive leads review --commission=7 --affiliate=aff-1 --since=1d\n" in end
    assert (130, 2) == (code, wrong)
    assert (0, "\nNo pending leads of affiliate aff-1 until 2020-01-01.\n") == nothing


@pytest.mark.parametrize("elsewhere", ["< /dev/null", "> out", "2> err"])
def test_without_a_terminal_it_says_the_other_way(lead: Make, home: Path, elsewhere: str) -> None:
    """Exit code 2, before anything is read, whichever stream is no terminal."""
    lead("Ann A")
    with on_terminal(
        ["sh", "-c", f'"$@" {elsewhere}', "sh", *PROGRAM, "leads", "review"], env=environment(), cwd=home
    ) as (process, screen):
        code, seen = Dialog(process, screen).ends()
    said = (home / "err").read_text() if "err" in elsewhere else seen

    assert (2, True) == (code, "commercive leads decide decisions.csv" in said)


def test_a_protected_profile_asks_once(store: Run, lead: Make, home: Path) -> None:
    """At the beginning, and not for each lead; a profile that may only read is refused."""
    one = lead("Ann A")
    url = os.environ["COMMERCIVE_STORE"]
    (home / "config.toml").write_text(
        f'[profiles.prod]\nstore = "{url}"\nprotected = true\n[profiles.audit]\nstore = "{url}"\nread_only = true\n'
    )
    with reviewing(COMMERCIVE_PROFILE="prod") as dialog:
        dialog.until("[y/N] ")
        dialog.types("y\n")
        dialog.types("r", "leaves it]: ")
        dialog.types("\n", "q quit: ")
        dialog.ends("q")
    with reviewing(COMMERCIVE_PROFILE="audit") as dialog:
        refused, _ = dialog.ends()

    assert 4 == refused
    assert "rejected" == lead_of(store, one)["status"]


def test_the_access_log_has_what_was_shown(lead: Make, home: Path) -> None:
    """Each lead that was seen, and what was decided."""
    one = lead("Ann A")
    log = home / "access.log"
    with reviewing("--access-log", str(log)) as dialog:
        dialog.until(KEYS)
        dialog.ends("q")

    assert one in log.read_text()


class Context:
    """What a session asks its command for."""

    obj = GlobalOptions()


@pytest.mark.usefixtures("home")
def test_a_decision_is_carried_out_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C while it is written ends the review at the next question, when the decision has been counted."""
    context: Any = Context()
    lead = Lead.of({"lead_id": "l", "affiliate_id": "a", "link_id": "x", "created_at": 1, "updated_at": 1})

    def decide() -> LeadDecided:
        signal.raise_signal(signal.SIGINT)
        return LeadDecided(lead=lead, changed=True)

    leader, follower = pty.openpty()
    try:
        desk = TerminalDesk(Session(context), Keyboard(follower))
        assert desk.write(decide).changed
        desk.tell("✓ Rejected")
        with pytest.raises(KeyboardInterrupt):
            desk.key(("skip", "quit"))
    finally:
        os.close(leader)
        os.close(follower)

    assert "✓ Rejected\n" == capsys.readouterr().out
