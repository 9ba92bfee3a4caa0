"""What holds of every command, whoever runs it: JSON is JSON, nothing waits for a terminal, a closed pipe is silent."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests import preloaded
from tests.e2e.conftest import PATIENCE, Program, bare_environment


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program over the demo data, which the tests of this module share and only read."""
    home = tmp_path_factory.mktemp("home")
    program = Program(bare_environment(home) | {"COMMERCIVE_STORE": f"sqlite:///{home}/store.db"})
    assert program("tables", "create", "--seed").code == 0
    return program


@pytest.fixture(scope="module")
def ids(program: Program) -> dict[str, str]:
    """One id of each kind in the demo data."""
    return {
        "CONVERSATION": program("chat", "list", "-o", "ids").out.split()[0],
        "LEAD": program("leads", "list", "--status", "pending", "-o", "ids").out.split()[0],
        "AFFILIATE": program("affiliates", "list", "-o", "ids").out.split()[0],
        "CODE": program("leads", "list", "-o", "json").json["leads"][0]["link_id"],
    }


LEAD_FORM = "--name N --email e@x --phone 1 --product-link x.com --order-volume 1-5 --pending-orders 3"
READS = [
    "chat list",
    "chat list --sort waiting",
    "chat list --mine",
    "chat show CONVERSATION",
    "chat history CONVERSATION",
    "chat drafts",
    "chat list --search order --since 30d",
    "chat report",
    "chat search order",
    "chat templates list",
    "chat templates check",
    "chat export CONVERSATION",
    "leads list",
    "leads show LEAD",
    "leads history LEAD",
    "affiliates list",
    "affiliates show AFFILIATE",
    "affiliates get-link AFFILIATE",
    "affiliates resolve-link CODE",
    "affiliates stats AFFILIATE",
    "tables list",
    "tables describe",
    "tables describe leads",
    "tables audit",
    "config show",
    "config check",
    "whoami",
    "config profiles",
]
WRITES = [
    "chat send --user u --store-url s.com Hello",
    "chat reply CONVERSATION Hello --reopen",
    "chat mark-read CONVERSATION",
    "chat note CONVERSATION remark",
    "chat snooze CONVERSATION --until 3d",
    "chat claim CONVERSATION",
    "chat next",
    "chat release CONVERSATION",
    "chat close CONVERSATION",
    "chat close --idle 1d",
    "chat reopen CONVERSATION",
    f"leads submit --link CODE {LEAD_FORM}",
    "leads approve LEAD --commission 12.50",
    "leads reject LEAD",
    "leads reset LEAD",
    "affiliates create-link aff-new --email a@b.c --store-url s.com",
    "affiliates set-email AFFILIATE new@example.com",
    "affiliates recompute AFFILIATE",
    "affiliates recompute --all",
    "tables seed --conversations 2 --messages 4 --affiliates 1 --leads 1",
    "tables audit --fix",
    "tables mend leads LEAD --set lead_name=Ann --remove lead_phone",
]


def held(program: Program) -> dict[str, bytes]:
    """Return the bytes of the store's file, and of what lies beside it."""
    path = Path(program.environment["COMMERCIVE_STORE"].removeprefix("sqlite:///"))
    return {each.name: each.read_bytes() for each in path.parent.glob(f"{path.name}*")}


def words(line: str, ids: dict[str, str]) -> list[str]:
    return [ids.get(word, word) for word in line.split()]


@pytest.mark.parametrize("line", READS)
def test_json_is_one_document(program: Program, ids: dict[str, str], line: str) -> None:
    """-o json prints one JSON document on stdout, with nothing else beside it."""
    ran = program(*words(line, ids), "-o", "json")

    assert 0 == ran.code, ran.err
    assert isinstance(json.loads(ran.out), dict)


@pytest.mark.parametrize("line", WRITES)
def test_a_rehearsal_is_json_too_and_writes_nothing(program: Program, ids: dict[str, str], line: str) -> None:
    """--dry-run shows its changes in the chosen format, and leaves every table as it was."""
    before = held(program)
    ran = program(*words(line, ids), "--dry-run", "-o", "json")

    assert 0 == ran.code, ran.err
    assert isinstance(json.loads(ran.out), dict)
    assert before == held(program)


@pytest.mark.parametrize("line", [*READS, "--help", "chat", "chat reply CONVERSATION"])
def test_a_reader_that_leaves_is_no_error(program: Program, ids: dict[str, str], line: str) -> None:
    """`commercive ... | head -1` prints that line and no complaint."""
    reader, writer = os.pipe()
    with TemporaryFile() as stderr, os.fdopen(reader, "rb") as head:
        streams = (os.open(os.devnull, os.O_RDONLY), writer, stderr.fileno())
        process = preloaded.started(words(line, ids), program.environment, *streams)
        for number in streams[:2]:
            os.close(number)
        head.readline()
        head.close()
        process.wait(PATIENCE)
        stderr.seek(0)
        told = stderr.read()

    assert b"Traceback" not in told
    assert b"Broken pipe" not in told


@pytest.mark.parametrize(
    "line",
    [
        "tables delete",
        "tables mend leads LEAD --remove lead_phone",
        "chat reply CONVERSATION --editor",
        "chat reply CONVERSATION",
        "leads approve LEAD",
    ],
)
def test_nothing_waits_for_a_terminal_that_is_not_there(program: Program, ids: dict[str, str], line: str) -> None:
    """A command that would ask refuses instead, with exit code 2, and writes nothing."""
    ran = program(*words(line, ids), EDITOR="false", VISUAL="")

    assert (2, "") == (ran.code, ran.out)
    assert 1 == ran.err.count("\n")


BAD_INPUT = [
    ("chat show nope", 5),
    ("leads show nope", 5),
    ("affiliates show nope", 5),
    ("affiliates resolve-link NOPE", 5),
    (f"chat show {'x' * 129}", 2),
    ("chat send --user u --store-url s.com ''", 2),
    (f"chat send --user u --store-url s.com {'x' * 10_001}", 2),
    ("leads approve LEAD --commission nan", 2),
    ("leads approve LEAD --commission=-1", 2),
    ("leads approve LEAD --commission 1e400", 2),
    ("leads approve LEAD --commission 10.005", 2),
    ("leads approve LEAD --commission 1,000", 2),
    ("chat list --status opne", 2),
    ("leads list --status aproved", 2),
    ("chat list --limit 0", 2),
    ("chat list --cursor abc", 2),
    ("chat watch --cursor abc", 2),
    ("chat watch CONVERSATION --mine", 2),
    ("chat watch --mine --waiting", 2),
    ("chat watch --interval 0", 2),
    ("chat watch --exec nosuchprogram", 2),
    ("chat watch nope", 5),
    ("--profile nope chat list", 2),
    ("--store mysql://localhost chat list", 2),
    ("--store sqlite:///dev/null chat list", 78),
    ("chat lsit", 2),
    ("tables audit --dry-run", 2),
    ("tables mend leads nope --remove lead_phone --yes", 5),
    ("tables mend leeds LEAD --remove lead_phone --yes", 2),
    ("tables mend leads LEAD --yes", 2),
    ("tables mend leads LEAD --set created_at:=5 --yes", 2),
    ("tables mend leads LEAD --set lead_name --yes", 2),
    ("tables mend leads LEAD --set =x --yes", 2),
    ("tables mend leads LEAD --set lead_name=a --set lead_name:=1 --yes", 2),
    ("tables mend leads LEAD --set commission_amount:=1e400 --yes", 2),
    ("tables mend leads LEAD --set commission_amount:=NaN --yes", 2),
    ("tables mend leads LEAD --set commission_amount:={ --yes", 2),
    ("tables adopt nowhere", 2),
    ("tables adopt sqlite:///old.db", 2),
    ("tables adopt dynamodb://", 2),
    ("tables adopt . --read-units 0", 2),
    ("tables audit --write-units 5", 2),
    ("tables seed --write-units 0 --yes", 2),
    ("tables mend leads LEAD --quarantine nowhere --remove lead_phone", 2),
    ("chat list --frobnicate", 2),
]


@pytest.mark.parametrize(("line", "code"), BAD_INPUT, ids=[line[:40] for line, _ in BAD_INPUT])
def test_bad_input_is_one_line_and_writes_nothing(program: Program, ids: dict[str, str], line: str, code: int) -> None:
    """What cannot be is refused in one line on stderr with the documented exit code, before anything is written."""
    before = held(program)
    ran = program(*["" if word == "''" else word for word in words(line, ids)])

    assert (code, "", 1) == (ran.code, ran.out, ran.err.count("\n")), ran.err
    assert before == held(program)


@pytest.mark.parametrize(("status", "near"), [("opne", "open"), ("clsoed", "closed")])
def test_the_nearest_status_is_suggested(program: Program, status: str, near: str) -> None:
    """A mistyped status is answered with the one that was meant."""
    assert f"did you mean {near}" in program("chat", "list", "--status", status).err


def test_a_typo_in_the_config_file_is_found(tmp_path: Path) -> None:
    """A mistyped key is named with its file and line."""
    program = Program(bare_environment(tmp_path))
    config = tmp_path / "config.toml"
    config.write_text('[profiles.dev]\nactor = "a"\nstroe = "sqlite://"\n', encoding="utf-8")
    ran = program("--profile", "dev", "chat", "list")

    assert (78, 1) == (ran.code, ran.err.count("\n"))
    assert [] == [part for part in (str(config), "stroe", "line 3", "store") if part not in ran.err]


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """A store URL that leads to some other file is refused, and the file stays as it is."""
    other = tmp_path / "letter.txt"
    other.write_bytes(b"Dear Ana, " * 1000)
    ran = Program(bare_environment(tmp_path))("--store", f"sqlite:///{other}", "tables", "create")

    assert (78, 1) == (ran.code, ran.err.count("\n"))
    assert str(other) in ran.err
    assert b"Dear Ana, " * 1000 == other.read_bytes()


def test_the_program_starts_without_the_engines(tmp_path: Path) -> None:
    """--help loads neither boto3 nor sqlite3."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "commercive_cli", "--help"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=bare_environment(tmp_path),
        check=True,
    )

    assert [] == [name for name in ("boto3", "botocore", "sqlite3") if f" {name}\n" in done.stderr]
