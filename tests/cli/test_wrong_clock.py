"""A machine whose clock is wrong: the store's time is taken, and where the clock is not set, nothing is done."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from commercive_cli.domain.clock import system_clock
from tests.cli.conftest import Run
from tests.engines.dynamodb.doubles import serving
from tests.engines.dynamodb.timed import Timed
from tests.services.fakes import DAY

AHEAD = (10 * DAY, -10 * DAY)
NAMED = "this machine's clock is 10 days"


@pytest.fixture
def server(home: Path, real_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Timed]:
    """A server that looks at signatures, as the store."""
    del home  # is where the settings lead
    timed = Timed(system_clock, real_endpoint)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    with serving(timed) as opened:
        url = f"dynamodb://eu-west-1?prefix=t{uuid4().hex[:8]}_&endpoint={opened.url}"
        monkeypatch.setenv("COMMERCIVE_STORE", url)
        yield timed


def on_wrong_machine(run: Run, ahead: int) -> Run:
    """Return what runs a command line on a machine whose clock is so far ahead."""
    return partial(run, clock=lambda: system_clock() + ahead)


@pytest.mark.parametrize("ahead", AHEAD)
def test_commands_work_with_the_time_of_the_server(run: Run, server: Timed, ahead: int) -> None:
    """Each names the clock once, on stderr; what is written has the server's time, and no credentials are blamed."""
    assert run("tables", "create").code == 0
    run = on_wrong_machine(run, ahead)
    sent = run("chat", "send", "Hello", "--user", "u-1", "-o", "json")
    name = sent.json["conversation_id"]
    replied = run("chat", "reply", name, "Hi", "-o", "json")
    claimed = run("chat", "claim", name, "-o", "json")
    closed = run("chat", "close", name, "-o", "json")
    shown = run("chat", "show", name, "-o", "json", "-q")
    told = shown.json["conversation"]

    assert [0] * 5 == [each.code for each in (sent, replied, claimed, closed, shown)]
    assert [1, 1, 1, 1, 0] == [each.err.count(NAMED) for each in (sent, replied, claimed, closed, shown)]
    assert server.refused == 5
    times = [told[each] for each in ("created_at", "last_message_at", "closed_at")]
    assert all(abs(system_clock() - at) < 30_000 for at in times)
    assert times == sorted(times)


@pytest.mark.parametrize("lenient", [False, True], ids=["signatures", "any signature"])
@pytest.mark.parametrize("ahead", AHEAD)
def test_what_is_relative_to_now_is_so_by_the_server(run: Run, server: Timed, ahead: int, lenient: bool) -> None:
    """Spans, idle conversations, claims and snoozes: a command whose first reply shows the clock begins anew."""
    assert run("tables", "create").code == 0
    name = run("chat", "send", "Hello", "--user", "u-1", "-o", "json").json["conversation_id"]
    run, server.lenient = on_wrong_machine(run, ahead), lenient
    listed = run("chat", "list", "--since", "1h", "-o", "ids")
    closed = run("chat", "close", "--idle", "5d", "--yes", "-o", "json")
    claimed = run("chat", "next", "--as", "ann", "-o", "json")
    taken = run("chat", "claim", name, "--as", "bob")
    put_off = run("chat", "snooze", "-", "--until", "3d", "--as", "ann", "-o", "json", stdin=name)
    hidden = run("chat", "next", "--as", "bob")
    now = system_clock()

    assert [0, 0, 0, 6, 0, 0] == [each.code for each in (listed, closed, claimed, taken, put_off, hidden)]
    assert [1] * 6 == [each.err.count(NAMED) for each in (listed, closed, claimed, taken, put_off, hidden)]
    assert [name] == listed.ids
    assert [] == closed.json["results"]
    assert abs(claimed.json["conversation"]["held_until"] - now - 900_000) < 60_000
    assert abs(put_off.json["results"][0]["result"]["until"] - now - 3 * DAY) < 60_000
    assert name not in hidden.out


@pytest.mark.parametrize("at", [-86_400_000, 4_102_444_800_000], ids=["1969", "2100"])
@pytest.mark.parametrize(
    "words",
    [
        ("chat", "send", "Hello", "--user", "u-1"),
        ("chat", "list"),
        ("chat", "next"),
        ("chat", "close", "--idle", "1d", "--yes"),
        ("tables", "create"),
        ("tables", "audit", "--fix", "--yes"),
        ("tables", "backup"),
        ("whoami",),
        ("api", "call", "chat/send", "user_id=u-1", "message=Hello"),
    ],
    ids=" ".join,
)
def test_a_clock_that_is_not_set_ends_in_a_clear_line(store: Run, home: Path, at: int, words: tuple[str, ...]) -> None:
    """In 1969 and 2100 nothing is opened, read or written: the exit code is that of what has to be set up first."""
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    ran = store(*words, clock=lambda: at)

    assert (78, 1) == (ran.code, ran.err.count("\n"))
    assert "commercive: the clock of this machine says" in ran.err
    assert before == {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
