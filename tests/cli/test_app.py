"""The whole program: what it loads, its error messages, and its exit codes."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from commercive_cli import __version__
from commercive_cli.cli.errors import EXIT_CODES, report
from commercive_cli.cli.groups import load_group
from commercive_cli.domain.errors import CommerciveError
from tests.cli.commands.conftest import Make, conversation, link
from tests.cli.conftest import Run
from tests.cli.process import PROGRAM, done, environment, started
from tests.cli.test_item_lines import locked
from tests.engines.dynamodb.doubles import Request, serving

__all__ = ["conversation", "link"]

LOADED = """
import sys
from commercive_cli.cli.app import main
code = main(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


def loaded(*arguments: str) -> set[str]:
    """Return the modules that a command line loads; those of the package without its name."""
    ran = done([sys.executable, "-c", LOADED, *arguments])
    assert ran.code == 0
    return {module.removeprefix("commercive_cli.") for module in ran.err.decode().splitlines()[-1].split()}


WARNED = """
import sys, warnings
from commercive_cli.__main__ import main
sys.argv = ["commercive", "--version"]
main()
warnings.warn("an odd certificate")
"""


def test_no_warning_of_a_library_is_shown() -> None:
    """Libraries warn developers, who ask for it with `-W` or PYTHONWARNINGS; users cannot do anything about it."""
    quiet, asked = (done([sys.executable, *options, "-c", WARNED]) for options in ((), ("-W", "default")))

    assert (b"", True) == (quiet.err, b"an odd certificate" in asked.err)


def test_help_of_a_command_loads_no_engine() -> None:
    """The help of a command opens no store."""
    assert not loaded("chat", "reply", "--help") & {"boto3", "botocore", "sqlite3", "rich"}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("line", [("chat", "list"), ("config", "show"), ("config", "get", "store"), ("whoami",)])
def test_only_what_is_used_is_loaded(line: tuple[str, ...]) -> None:
    """Only the engine in use is loaded, and the library that edits TOML by `config set`, `unset` and `use` alone."""
    assert not loaded(*line) & {"boto3", "botocore", "tomlkit", "rich"}


HELP = (
    "cli cli.app cli.completers cli.completions cli.errors cli.first_run cli.global_options cli.groups "
    "cli.late_signals "
    "cli.inert_streams cli.render cli.render.escape cli.render.formats cli.standard_streams domain domain.errors "
    "domain.hidden_characters domain.quoting domain.secrets settings settings.places settings.secret_values"
)
ANY_LISTING = (
    "bootstrap cli.commands cli.confirm cli.interrupts cli.options cli.progress cli.render.asked cli.render.documents "
    "cli.render.emit cli.session cli.standard_input cli.times "
    "domain.access domain.answers domain.answers.base domain.attributes domain.choices domain.clock domain.commissions "
    "domain.encodings domain.ids domain.limits domain.links domain.models domain.money domain.stopping domain.text "
    "engines engines.sqlite engines.sqlite.damaged_rows engines.sqlite.database_file engines.sqlite.failures "
    "engines.sqlite.log_identity engines.sqlite.queries engines.sqlite.store engines.sqlite.table_description "
    "engines.sqlite.table_sql engines.sqlite.witnesses "
    "services services.access services.access.lookup services.access.paging services.access.stored_ids "
    "settings.config_file settings.pasted settings.readers settings.resolve settings.store_url settings.whole_files "
    "store store.cursor store.foreign store.items store.limits store.pages store.port store.right_time store.schema "
    "store.writes"
)
NEEDLESS = (
    *("concurrent.futures", "encodings.idna", "getpass", "logging", "phonenumbers", "rich", "stringprep", "tomllib"),
    *("boto3", "botocore"),
)


OURS = ("bootstrap", "cli", "domain", "engines", "services", "settings", "store")


def test_help_loads_these_modules_alone() -> None:
    """`--help` loads nothing of services and stores, and no large library; a module more is a decision."""
    found = loaded("--help")

    assert {each for each in found if each.split(".")[0] in OURS} == set(HELP.split())
    assert not found & {"boto3", "botocore", "sqlite3", "pydantic", "rich"}


CHAT = (
    "cli.commands.chat cli.commands.chat.arguments cli.commands.chat.conversations domain.answers.threads "
    "services.chat services.chat.claims services.chat.desk_reading services.chat.listing services.chat.messages "
    "services.chat.notes services.chat.reading services.chat.snoozing services.chat.waiting_index"
)
LEADS = (
    "cli.commands.leads cli.commands.leads.arguments cli.commands.leads.records cli.flag_checks "
    "domain.answers.flags domain.answers.history domain.answers.leads "
    "services.leads services.leads.listing services.leads.reading services.records services.records.link_claims"
)
FLAGS = (
    "domain.web_addresses services.access.parallel services.access.scan services.leads.flagging services.leads.flags "
    "services.leads.likeness"
)
WHOLE_ID = "cli.typed_ids cli.render.short_ids"


@pytest.fixture
def two_leads(store: Run, link: str) -> str:
    """Submit two leads with numbers of another country each; return the id of the first."""
    form = ("leads", "submit", "--link", link, "--name", "Ann", "-o", "ids")
    numbers = ("+49 30 901820", "+44 20 7946 0958")
    ids = [store(*form, "--email", f"ann{number[1:3]}@example.com", "--phone", number).out for number in numbers]
    return ids[0].strip()


@pytest.mark.parametrize(
    ("line", "besides"),
    [
        ("chat list", CHAT),
        ("leads list", LEADS),
        ("leads show LEAD", f"{LEADS} {FLAGS} {WHOLE_ID}"),
        ("chat show ID --tail 20", f"{CHAT} {WHOLE_ID}"),
    ],
)
def test_what_scripts_read_loads_nothing_for_people_and_nothing_of_other_subjects(
    conversation: Make, two_leads: str, line: str, besides: str
) -> None:
    """Start-up does not grow with what other commands can do: these modules are loaded, and one more is a decision.

    What writes, services of other subjects, pools of threads, logging, and what reads phone numbers and domains in
    other scripts are for the commands that need them.
    """
    found = loaded(*line.replace("ID", conversation()).replace("LEAD", two_leads).split(), "-o", "json")

    assert {each for each in found if each.split(".")[0] in OURS} == set(f"{HELP} {ANY_LISTING} {besides}".split())
    assert found & set(NEEDLESS) == set()


@pytest.mark.usefixtures("store")
def test_affiliates_for_scripts_load_nothing_for_people() -> None:
    """Theirs is a list like the others: no short ids, screens, searches, flags or phone numbers."""
    people = {"cli.known_ids", "cli.typed_ids", "cli.render.listings", "cli.render.display", "rich"}
    others = {"services.leads.flags", "services.chat.search", "stringprep", "phonenumbers", "boto3"}
    found = loaded("affiliates", "list", "-o", "json")

    assert "cli.commands.affiliates" in found
    assert not found & (people | others)


def test_a_process_that_ends_looks_for_no_garbage() -> None:
    """Python searches all that it holds for garbage before it ends, unless told not to: a seventh of a list's time."""
    script = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count() > 10_000)); "
    ran = done([sys.executable, "-c", f"{script}from commercive_cli.__main__ import main; main()", "--version"])

    assert (ran.out.decode(), ran.code) == (f"commercive {__version__}\nTrue\n", 0)


def test_a_command_is_made_alone() -> None:
    """Of a group with many commands only the called one is made; another tool's word for it finds it all the same."""
    assert [*load_group("chat", "list").commands] == ["list"]
    assert [*load_group("chat", "reply").commands] == ["reply"]
    assert [*load_group("chat", "nonsense").commands] == [*load_group("chat").commands]
    assert [*load_group("chat", "edit").commands] == [*load_group("chat").commands]  # one of `chat templates`


def test_the_version(run: Run) -> None:
    """--version prints the program and its version."""
    assert (0, f"commercive {__version__}\n") == (run("--version").code, run("--version").out)


@pytest.mark.parametrize("arguments", [(), ("chat",), ("--help",), ("chat", "--help"), ("chat", "list", "--help")])
def test_help_goes_to_stdout(run: Run, arguments: tuple[str, ...]) -> None:
    """A group without a command prints its help, as gh and kubectl do."""
    ran = run(*arguments)

    assert (ran.code, ran.out.startswith("Usage: commercive"), ran.err) == (0, True, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("chatt",), "no such command 'chatt'; did you mean 'chat'? See `commercive --help`"),
        (("chat", "lst"), "no such command 'lst'; did you mean 'list'? See `commercive chat --help`"),
        (("chat", "list", "--stats"), "there is no option --stats; did you mean --status?"),
        (("chat", "list", "--status", "opne"), "--status 'opne' is unknown; did you mean open?"),
        (("chat", "list", "--status", "opne"), "choose one of open, closed, all; see `commercive chat list --help`"),
        (("chat", "list", "-o", "yaml"), "--output 'yaml' is unknown; choose one of table, wide, json, jsonl"),
        (("chat", "list", "--limit", "0"), "--limit '0' should be greater than or equal to 1"),
        (("chat", "list", "--limit", "x"), "--limit 'x' should be a valid integer"),
        (("chat", "show"), "missing argument 'ID'; see `commercive chat show --help`"),
        (("chat", "send", "hi"), "missing option '--user'"),
        (("chat", "list", "x"), "unexpected extra argument"),
        (("chat", "list", "--store"), "--store needs a value"),
        (("chat", "list", "--limit"), "requires an argument"),
        (("--store", "postgres://x", "chat", "list"), "the store URL (--store) has scheme 'postgres'"),
        (("--profile", "x", "chat", "list"), "no profile 'x'"),
        (("chat", "show", "\x1b[2J"), r"\x1b[2J"),
    ],
)
def test_a_failure_is_one_line(store: Run, arguments: tuple[str, ...], says: str) -> None:
    """Every mistake is one line on stderr that says what to do; nothing goes to stdout."""
    ran = store(*arguments)

    assert says in ran.err
    assert (
        ran.code in (2, 5),
        ran.err.startswith("commercive: "),
        ran.err.count("\n"),
        ran.out,
    ) == (True, True, 1, "")


def test_debug_shows_the_traceback(store: Run) -> None:
    """--debug, before or after the command, adds the traceback and changes nothing else."""
    plain, debug = store("chat", "show", "nope"), store("chat", "show", "nope", "--debug")

    assert (plain.code, debug.code) == (5, 5)
    assert ("Traceback" in plain.err, "Traceback" in debug.err) == (False, True)
    assert debug.err.endswith(plain.err)


def test_verbose_says_where_and_who(store: Run, home: Path) -> None:
    """-v names store and actor on stderr; stdout stays the same."""
    quiet, verbose = store("chat", "list"), store("-v", "chat", "list")

    assert quiet.out == verbose.out
    assert f"store sqlite {home}/store.db, acting as admin-1" in verbose.err


def test_every_error_has_an_exit_code() -> None:
    """Every type of error has an exit code."""
    family = {error for error in CommerciveError.__subclasses__() if error.__module__ == CommerciveError.__module__}

    assert family == set(EXIT_CODES)


def test_a_read_only_profile_refuses_every_write(store: Run, home: Path, conversation: Make) -> None:
    """Reading works, writing exits 4, and dry runs are allowed."""
    one = conversation()
    (home / "config.toml").write_text("[profiles.ro]\nread_only = true\n")

    def code(*arguments: str) -> int:
        return store("--profile", "ro", *arguments).code

    writes = [
        ("chat", "close", one),
        ("chat", "close", one, "--yes"),
        ("chat", "show", one, "--mark-read"),
        ("tables", "create"),
        ("tables", "delete"),
        ("tables", "delete", "--confirm", "commercive_"),
        ("tables", "audit", "--fix"),
        ("affiliates", "recompute", "--all"),
    ]
    assert [4] * len(writes) == [code(*write) for write in writes]
    assert [code("chat", "show", one), code("chat", "close", one, "--dry-run")] == [0, 0]


def test_a_protected_profile_wants_yes(store: Run, home: Path, conversation: Make) -> None:
    """Without a terminal and without --yes nothing is written; with --yes the target is named."""
    one = conversation()
    (home / "config.toml").write_text("[profiles.prod]\nprotected = true\n")
    refused = store("--profile", "prod", "chat", "close", one)
    done = store("--profile", "prod", "chat", "close", one, "--yes")

    assert (refused.code, "pass --yes" in refused.err) == (2, True)
    assert (0, f"commercive: store: sqlite {home}/store.db (profile prod)\n") == (done.code, done.err)


def test_a_closed_pipe_is_silent(conversation: Make) -> None:
    """A closed pipe, as of `| head`, ends the program silently with exit code 0."""
    for number in range(30):
        conversation(f"u-{number}", "x" * 9_000)
    reader, writer = os.pipe()
    process = started([*PROGRAM, "chat", "list", "--all", "-o", "json"], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert os.read(reader, 10)
    os.close(reader)

    assert (b"", 0) == (process.communicate()[1], process.returncode)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("arguments", [("--help",), ("chat", "list")])
def test_a_pipe_closed_from_the_start_is_silent(arguments: tuple[str, ...]) -> None:
    """So does a pipe that is closed before the first flush."""
    reader, writer = os.pipe()
    os.close(reader)
    ran = done([*PROGRAM, *arguments], stdout=writer)
    os.close(writer)

    assert (0, b"") == (ran.code, ran.err)


@pytest.mark.usefixtures("store")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_said() -> None:
    """Results that cannot be written are a temporary error in one line, not a bug."""
    with Path("/dev/full").open("wb") as full:
        ran = done([*PROGRAM, "chat", "list"], stdout=full.fileno())

    assert (75, b"commercive: No space left on device\n") == (ran.code, ran.err)


@pytest.mark.usefixtures("store")
def test_nothing_hangs_without_a_terminal() -> None:
    """A question without a terminal is an error."""
    ran = done([*PROGRAM, "tables", "delete"])

    assert (2, b"") == (ran.code, ran.out)


@pytest.mark.usefixtures("store")
def test_ctrl_c_exits_130() -> None:
    """Interrupted while waiting for input, the program ends in one line."""
    with started([*PROGRAM, "-v", "chat", "close", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert b"acting as" in process.stderr.readline()
        process.send_signal(signal.SIGINT)

        assert 130 == process.wait(60)
        assert b"commercive: interrupted" == process.stderr.read().splitlines()[-1]


def test_ctrl_c_waits_for_no_reply() -> None:
    """Reads that several threads make of a server that does not answer hold nobody up who gives up."""
    asked, over = threading.Event(), threading.Event()

    def answer(_request: Request) -> None:
        asked.set()
        over.wait(60)

    with serving(answer) as server:
        line = [*PROGRAM, "--store", f"dynamodb://eu-west-1?endpoint={server.url}", "tables", "audit"]
        keys = environment(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
        with started(line, env=keys, stderr=subprocess.PIPE) as process:
            assert asked.wait(60)
            process.send_signal(signal.SIGINT)
            code = process.wait(15)
            over.set()
            assert process.stderr is not None
            err = process.stderr.read()

    assert (130, b"commercive: interrupted") == (code, err.splitlines()[-1])


@pytest.mark.usefixtures("store")
def test_ctrl_c_stops_a_long_seed_and_the_same_line_completes_it(home: Path) -> None:
    """It ends between two batches with exit 130, and a rerun finishes what was begun."""
    line = [*PROGRAM, "-v", "tables", "seed", "--messages", "2000", "-o", "json"]
    with locked(home) as lock, started(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert b"acting as" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        lock.release()
        out, err = process.communicate(timeout=60)

    assert (130, b"") == (process.returncode, out)
    assert b"interrupted" in err
    assert json.loads(done(line).out)["messages"] == 2_000
    assert 0 == done([*PROGRAM, "tables", "audit"]).code


def test_output_is_utf_8_whatever_the_locale_says(conversation: Make) -> None:
    """A C locale neither fails on an accent nor changes the bytes."""
    conversation(text="Où est-il? 🙂")
    c_locale = environment(LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    ran = done([*PROGRAM, "chat", "list", "-o", "json"], env=c_locale)

    assert "Où est-il? 🙂" in ran.out.decode()


def test_what_an_extra_brings_is_named_with_the_extra(capsys: pytest.CaptureFixture[str]) -> None:
    """A command of the API without the libraries of the API says what to install."""
    code = report(ModuleNotFoundError("No module named 'jwt'", name="jwt"), [], debug=False)

    assert 2 == code
    assert (
        "commercive: this command needs jwt: run pip install '.[api]' in the source directory\n"
        == capsys.readouterr().err
    )
