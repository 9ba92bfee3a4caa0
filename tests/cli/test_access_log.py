"""`--access-log FILE`: who read or changed which records, whatever becomes of the command."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands.conftest import Make, conversation, lead, link
from tests.cli.conftest import Run

__all__ = ["conversation", "lead", "link"]


@pytest.fixture
def log(home: Path, store: Run) -> Path:
    """Return the path of a log that does not exist yet, beside tables that do."""
    del store
    return home / "access.log"


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def told(log: Path) -> list[tuple[str, str, dict[str, list[str]]]]:
    """Return action, outcome and records of each line."""
    return [(line["action"], line["outcome"], line["records"]) for line in lines(log)]


def test_a_command_tells_that_it_starts_and_what_it_did(store: Run, lead: Make, log: Path) -> None:
    """Who, when, on which store; both lines carry the id of the run."""
    one = lead()
    store("--as", "maria", "leads", "approve", one, "--commission", "5", "--notes", "secret", "--access-log", str(log))

    assert [("leads approve", outcome, {"lead": [one]}) for outcome in ("started", "ok")] == told(log)
    assert {"at", "action", "actor", "store", "request_id", "outcome", "records", "count"} == set(lines(log)[0])
    assert 1 == len({(line["actor"], line["store"], line["request_id"]) for line in lines(log)})
    assert "maria" == lines(log)[0]["actor"]
    assert 0o600 == log.stat().st_mode & 0o777


def test_what_is_shown_is_told(store: Run, conversation: Make, lead: Make, log: Path) -> None:
    """Lists, threads and affiliates name every record on them, also those that are streamed."""
    talk, one, two = conversation(), lead(), lead("Bob")
    for line in (
        ("chat", "show", talk),
        ("chat", "show", talk, "--mark-read"),
        ("chat", "history", talk),
        ("leads", "list"),
        ("leads", "list", "--all"),
        ("affiliates", "show", "aff-1"),
        ("tables", "mend", "leads", one, "--set", "lead_name=Ann", "--yes"),
    ):
        assert store(*line, "--access-log", str(log)).code == 0

    assert [
        ("chat show", {"conversation": [talk]}),
        ("chat show", {"conversation": [talk]}),
        ("chat history", {"conversation": [talk]}),
        ("leads list", {"lead": [two, one]}),
        ("leads list", {"lead": [two, one]}),
        ("affiliates show", {"affiliate": ["aff-1"], "lead": [two, one]}),
        ("tables mend", {"leads": [one]}),
    ] == [(action, records) for action, outcome, records in told(log) if outcome == "ok"]


def test_a_long_list_is_told_in_parts(store: Run, log: Path) -> None:
    """Five hundred ids a line, so that a list of any length is told whole in constant memory."""
    store("tables", "seed", "--messages", "10", "--affiliates", "2", "--leads", "600")
    shown = store("leads", "list", "--all", "-o", "ids", "--access-log", str(log)).ids

    assert [0, 500, 100] == [line["count"] for line in lines(log)]
    assert shown == [each for line in lines(log) for each in line["records"].get("lead", ())]


def test_many_ids_are_told_by_outcome(store: Run, lead: Make, log: Path) -> None:
    """What failed stands in a line of its own; ids from stdin are told like others."""
    one = lead()
    ran = store("leads", "reject", "-", "--access-log", str(log), stdin=f"{one}\nnope\n")

    assert 7 == ran.code
    assert [
        ("leads reject", "started", {}),
        ("leads reject", "ok", {"lead": [one]}),
        ("leads reject", "not_found", {"lead": ["nope"]}),
    ] == told(log)


def test_what_fails_is_told(store: Run, lead: Make, log: Path) -> None:
    """With the code of the error; a rehearsal says that it is one."""
    own = lead()
    store("--as", "aff-1", "leads", "approve", own, "--commission", "5", "--access-log", str(log))
    store("leads", "show", "write to ann@example.com", "--access-log", str(log))
    store("leads", "reject", own, "--dry-run", "--access-log", str(log))

    assert [("denied", {"lead": [own]}), ("not_found", {"lead": ["?"]}), ("ok", {"lead": [own]})] == [
        (outcome, records) for _, outcome, records in told(log) if outcome != "started"
    ]
    assert [True, True] == [line["dry_run"] for line in lines(log) if "dry_run" in line]


def test_whom_a_request_of_a_person_is_about_is_told(store: Run, conversation: Make, lead: Make, log: Path) -> None:
    """By id, also of what stdin names and what is taken; an address or number is told to have been there."""
    conversation(user="u-1")
    one = lead()
    given = "u-1\nann@example.com\n+4915123456789\n"
    for more in ((), ("--erase", "--yes")):
        line = ("tables", "person", "-", "--include", one, *more)
        assert store(*line, "--access-log", str(log), stdin=given).code == 0

    assert {("tables person", outcome, "u-1 ? " + one) for outcome in ("started", "ok")} == {
        (action, outcome, " ".join(records["person"])) for action, outcome, records in told(log)
    }


def test_no_content_is_told(store: Run, conversation: Make, lead: Make, log: Path) -> None:
    """Neither texts nor names nor addresses, from the command line, from the store, or of a person looked for."""
    talk, one = conversation(text="Zz9 secret"), lead("Zz9 Name")
    for line in (
        ("chat", "reply", talk, "Zz9 answer"),
        ("chat", "show", talk),
        ("leads", "show", one),
        ("leads", "list", "--search", "Zz9"),
        ("leads", "submit", "--link", "Zz9", "--name", "Zz9", "--email", "Zz9@x.com"),
        ("affiliates", "create-link", "aff-2", "--email", "Zz9@x.com", "--store-url", "Zz9.com"),
        ("affiliates", "set-email", "aff-2", "Zz9@y.com"),
        ("tables", "person", "Zz9@x.com", "--export", "-"),
        ("tables", "person", "Zz9@x.com", "--erase", "--yes"),
    ):
        store(*line, "--access-log", str(log))

    assert 18 <= len(lines(log))
    assert "zz9" not in log.read_text().lower()


@pytest.mark.parametrize("place", ["/dev/full", "DIRECTORY", "DIRECTORY/missing/access.log"])
@pytest.mark.parametrize("asked", ["option", "environment", "profile"])
def test_without_a_log_nothing_is_done(
    store: Run, lead: Make, home: Path, monkeypatch: pytest.MonkeyPatch, place: str, asked: str
) -> None:
    """A log that cannot be written refuses the command with exit 2: nothing is read, shown or changed."""
    one, path = lead(), place.replace("DIRECTORY", str(home))
    more = ("--access-log", path) if asked == "option" else ()
    if asked == "environment":
        monkeypatch.setenv("COMMERCIVE_ACCESS_LOG", path)
    if asked == "profile":
        (home / "config.toml").write_text(f'default_profile = "a"\n[profiles.a]\naccess_log = "{path}"\n')
    shown, rejected = store("leads", "show", one, *more), store("leads", "reject", one, *more)
    monkeypatch.delenv("COMMERCIVE_ACCESS_LOG", raising=False)
    (home / "config.toml").write_text("")

    for ran in (shown, rejected):
        assert (2, "") == (ran.code, ran.out)
        assert f"the access log {path} cannot be written" in ran.err
        assert "nothing was done" in ran.err
    assert "pending" == store("leads", "show", one, "-o", "json").json["lead"]["status"]


def test_processes_share_a_log(home: Path, store: Run, conversation: Make, log: Path) -> None:
    """Each line is written at once, at the end; nobody's is lost or torn."""
    del store
    talks = [conversation() for _ in range(4)]
    program = [sys.executable, "-m", "commercive_cli", "--access-log", str(log), "chat", "list", "-o", "ids"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(home)}
    running = [subprocess.Popen(program, env=environ, stdout=subprocess.DEVNULL) for _ in range(6)]  # noqa: S603 - ours

    assert [0] * 6 == [each.wait(60) for each in running]
    assert ["ok"] * 6 + ["started"] * 6 == sorted(line["outcome"] for line in lines(log))
    assert 6 == sum(set(talks) == set(line["records"].get("conversation", ())) for line in lines(log))


def test_a_file_that_is_there_keeps_its_lines_and_its_mode(store: Run, log: Path) -> None:
    """Those who may read it go on reading it."""
    log.write_text('{"at": "yesterday"}\n')
    log.chmod(0o640)
    store("chat", "list", "--access-log", str(log))

    assert ["yesterday"] == [line["at"] for line in lines(log)][:1]
    assert (3, 0o640) == (len(lines(log)), log.stat().st_mode & 0o777)


def test_a_log_that_fills_up_does_not_hide_what_is_done(store: Run, lead: Make, home: Path) -> None:
    """Where the first line fits and the next does not, a write says that it is done: exit 74, not a retry."""
    one, small, usual = lead(), home / "small.log", home / "usual.log"
    store("leads", "reject", "nope", "--access-log", str(usual))
    left = len(usual.read_text().splitlines()[0]) * 3 // 2
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from commercive_cli.cli.app import main;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, resource.RLIM_INFINITY));"
        f"sys.exit(main(['--access-log', '{small}', 'leads', 'reject', '{one}']))"
    )
    small.write_bytes(b"x" * (8_000_000 - left))
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert (74, "") == (done.returncode, done.stdout), done.stderr
    assert "it is done" in done.stderr
    assert "rejected" == store("leads", "show", one, "-o", "json").json["lead"]["status"]


def test_calls_of_the_api_are_told(store: Run, conversation: Make, log: Path) -> None:
    """`api call` names the action and who acts here; users' actions are told as the program's alone."""
    talk = conversation()
    store("api", "call", "chat/close", f"conversation_id={talk}", "--access-log", str(log))

    assert [
        ("api call", "started", {}, "admin-1"),
        ("chat/close", "ok", {"conversation": [talk]}, "admin-1"),
    ] == [(line["action"], line["outcome"], line["records"], line["actor"]) for line in lines(log)]


def test_searches_and_exports_tell_whose_messages_were_shown(store: Run, home: Path) -> None:
    """Each conversation with a hit, and each that was exported; of a report, which shows nobody's, that it was made."""
    log = home / "access.log"
    sent = store("chat", "send", "--user", "u-1", "Zz9 tea", "-o", "json").json["conversation_id"]
    store("chat", "send", "--user", "u-2", "coffee")
    for line in (["search", "tea", "-o", "ids"], ["export", sent], ["report"]):
        assert 0 == store("chat", *line, "--access-log", str(log)).code
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    done = [(each["action"], each["records"]) for each in told if each["outcome"] == "ok"]

    assert [
        ("chat search", {"conversation": [sent]}),
        ("chat export", {"conversation": [sent]}),
        ("chat report", {}),
    ] == done
    assert "Zz9" not in log.read_text(encoding="utf-8")
