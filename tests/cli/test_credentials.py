"""Whatever AWS's library waits for while it gets credentials: who is blamed, by which exit code, and how soon."""

import os
import select
import signal
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, Run
from tests.cli.process import PROGRAM, ROOT, done, environment, on_terminal, watch
from tests.engines.dynamodb.credential_sources import (
    HERE,
    KINDS,
    ROLE,
    SECRET,
    Prepare,
    Source,
    process,
    role,
    sso,
    sso_token,
)
from tests.engines.dynamodb.doubles import script, serving, success

SOON = 6.0
"""Seconds; a run here takes less than two, and without a bound the quickest of these waits takes eight."""

STORE = "dynamodb://eu-west-1?endpoint=http://127.0.0.1:9"
MFA = "arn:aws:iam::123456789012:mfa/ann"
NEVER_SAID = ("dynamodb", "aws configure", SECRET, "Warning", "Traceback")


def wait_for(kind: str) -> str:
    """Return for how many seconds to wait for such a source, of which some would keep one waiting for ever."""
    return "1" if kind in ("silent", "slow") else "60"


def listed(run: Run, source: Source, monkeypatch: pytest.MonkeyPatch, kind: str = "") -> Ran:
    """Ask the store for conversations with the credentials of a source."""
    for variable, value in {**source.variables, "COMMERCIVE_CREDENTIALS_WAIT": wait_for(kind)}.items():
        monkeypatch.setenv(variable, value)
    return run("--store", f"{STORE}{source.query}", "chat", "list")


def check_blamed(source: Source, code: int, out: str, err: str) -> None:
    """Check that the source is blamed, that its mend is named, and that nothing else is said."""
    assert (4, "", 1) == (code, out, len(err.splitlines())), err
    assert source.blamed in err
    assert source.mend in err
    assert [] == [word for word in NEVER_SAID if word in err], err


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", HERE)
def test_every_source_is_bounded_and_blamed(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    """A source that is silent, slow, refusing or full of junk ends soon, is named with its mend, and exits 4."""
    with HERE[name](home, kind) as source:
        began = time.monotonic()
        ran = listed(run, source, monkeypatch, kind)
        took = time.monotonic() - began

    check_blamed(source, ran.code, ran.out, ran.err)
    assert took < SOON


def test_a_sign_in_is_bounded_and_blamed(home: Path) -> None:
    """The same for credentials by an SSO session and for a new token of it; all of them in processes of their own."""

    def started(prepare: Prepare, kind: str) -> None:
        directory = home / f"{prepare.__name__}-{kind}"
        directory.mkdir()
        with prepare(directory, kind) as source:
            began = time.monotonic()
            variables = environment(**source.variables, COMMERCIVE_CREDENTIALS_WAIT=wait_for(kind))
            ran = done([*PROGRAM, "--store", STORE, "chat", "list"], env=variables, cwd=ROOT)
            took = time.monotonic() - began
        check_blamed(source, ran.code, ran.out.decode(), ran.err.decode())
        assert took < 4 * SOON

    with ThreadPoolExecutor(2) as threads:
        for each in [threads.submit(started, prepare, kind) for prepare in (sso, sso_token) for kind in KINDS]:
            each.result()


@pytest.mark.parametrize("kind", ["list", "version", "partial", "no time", "expired", "endless", "not UTF-8"])
def test_no_junk_of_a_process_is_a_bug(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Whatever a credential process prints in place of credentials is its failure, and is not repeated."""
    with process(home, kind) as source:
        ran = listed(run, source, monkeypatch)

    check_blamed(source, ran.code, ran.out, ran.err)


def test_a_process_that_is_not_there_is_named(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that cannot be run is told with the reason."""
    with process(home, "junk") as source:
        (home / "give-keys").unlink()
        ran = listed(run, source, monkeypatch)

    check_blamed(source, ran.code, ran.out, ran.err)
    assert f"give-keys': No such file or directory; {source.mend}" in ran.err


def test_a_process_that_is_given_up_ends(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a credential process nor what it started goes on after the program has given up on it."""
    pipe = home / "held"
    os.mkfifo(pipe)
    with (
        process(home, "silent") as source,
        open(pipe, opener=lambda path, _: os.open(path, os.O_RDONLY | os.O_NONBLOCK)) as held,
    ):
        (home / "give-keys").write_text(f"#!/bin/sh\nsh -c 'echo begun >&9; sleep 60; true' 9>{pipe}\n")
        ran = listed(run, source, monkeypatch, "silent")
        begun = held.readline()
        ended = select.poll()
        ended.register(held, 0)  # what is always told: that nobody holds the other end any more
        told = ended.poll(SOON * 1_000)

    check_blamed(source, ran.code, ran.out, ran.err)
    assert ("begun\n", [select.POLLHUP]) == (begun, [event for _, event in told])


def test_a_role_is_blamed_where_its_source_is_not(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a role that is taken with the credentials of a process, whichever of both fails is named."""
    with role(home, "refusing") as taken, process(home, "refusing") as source:
        (home / "aws").write_text(
            f"[profile shop]\nrole_arn = {ROLE}\nsource_profile = base\n"
            f"[profile base]\ncredential_process = {home}/give-keys\n"
        )
        first = listed(run, replace(source, variables=taken.variables), monkeypatch)
        (home / "give-keys").write_text(
            '#!/bin/sh\necho \'{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S"}\'\n'
        )
        second = listed(run, taken, monkeypatch)

    check_blamed(replace(source, mend="credential_process says in profile base"), first.code, first.out, first.err)
    check_blamed(taken, second.code, second.out, second.err)


def test_a_service_that_cannot_be_reached_is_blamed(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address at which nobody listens is said to be that."""
    with role(home, "silent") as source:
        away = replace(source, variables={**source.variables, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"})
        ran = listed(run, away, monkeypatch)

    check_blamed(replace(source, blamed="STS at http://127.0.0.1:9"), ran.code, ran.out, ran.err)
    assert ": Connection refused; check the network;" in ran.err


def test_an_address_that_is_none_is_told(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address of STS that is no URL is said to be that, of the profile that takes the role."""
    with role(home, "silent") as source:
        wrong = replace(source, variables={**source.variables, "AWS_ENDPOINT_URL_STS": "nonsense"})
        ran = listed(run, wrong, monkeypatch)

    check_blamed(replace(source, blamed="profile shop, which takes a role"), ran.code, ran.out, ran.err)
    assert ": an endpoint in AWS's own configuration is not a URL; " in ran.err


def test_without_a_terminal_no_code_is_asked_for(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile with MFA is refused at once, STS hears nothing, and no warning of Python's is shown."""
    with role(home, "granting", f"mfa_serial = {MFA}\n") as source:
        ran = listed(run, source, monkeypatch)

    wanted = replace(source, blamed=f"nobody sits at a terminal (Enter MFA code for {MFA})", mend="without mfa_serial")
    check_blamed(wanted, ran.code, ran.out, ran.err)
    assert source.service is not None
    assert [] == source.service.requests


def test_on_a_terminal_the_code_is_asked_for(home: Path) -> None:
    """The code is typed unseen, as with AWS's own command line, and goes to STS; the command then does its work."""
    with role(home, "granting", f"mfa_serial = {MFA}\n") as source, serving(script(success(Items=[]))) as server:
        line = [*PROGRAM, "--store", f"dynamodb://eu-west-1?endpoint={server.url}", "leads", "list", "-o", "json"]
        seen = watch(line, "654321\n", env=environment(**source.variables, COMMERCIVE_CREDENTIALS_WAIT_TERMINAL="30"))

    assert source.service is not None
    assert (0, "654321" in seen.screen) == (seen.code, False), seen.screen
    assert f"commercive: Enter MFA code for {MFA}:" in seen.screen
    assert "TokenCode=654321" in source.service.requests[0]


@pytest.mark.parametrize("command", [("leads", "list"), ("leads", "reject", "a", "b", "--reason", "no")])
def test_ctrl_c_in_place_of_a_code_leaves_the_terminal_as_it_was(home: Path, command: tuple[str, ...]) -> None:
    """Also in work on many items, whichever of its threads asks: the terminal shows again what is typed."""
    with role(home, "granting", f"mfa_serial = {MFA}\n") as source:
        line = [*PROGRAM, "--store", STORE, *command]
        with on_terminal(line, env=environment(**source.variables)) as (program, screen):
            before = termios.tcgetattr(screen)
            seen = b""
            while b"Enter MFA code" not in seen:
                seen += screen.read(65_536)
            asking = termios.tcgetattr(screen)
            program.send_signal(signal.SIGINT)
            code = program.wait(60)
            after = termios.tcgetattr(screen)

    assert (130, before, True) == (code, after, asking != before)


def test_on_a_terminal_the_wait_is_told_and_longer(home: Path) -> None:
    """Somebody at a terminal reads whom the program waits for, and how long at most."""
    with role(home, "silent") as source:
        variables = environment(**source.variables, COMMERCIVE_CREDENTIALS_WAIT_TERMINAL="2")
        seen = watch([*PROGRAM, "--store", STORE, "chat", "list"], env=variables)

    waiting, failed = seen.screen.splitlines()
    assert f"commercive: waiting for {source.blamed}, 2 s at most; Ctrl-C gives up" == waiting
    assert (4, True) == (seen.code, "no answer within 2 s" in failed)
