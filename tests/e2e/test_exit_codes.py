"""Each cause that README's table of exit codes names, made to happen to the program as it is run."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cli.process import PROGRAM, ROOT, Done, done, started
from tests.cli.test_unwritable_streams import full_disk, unread_pipe
from tests.conftest import held_port
from tests.e2e.conftest import bare_environment
from tests.e2e.embedded import make_file
from tests.engines.dynamodb.doubles import Answer, Reply, Request, refusal, script, serving, success

LOCAL = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


@dataclass(frozen=True)
class World:
    """A user's home, with a SQLite file of ours in it."""

    home: Path

    @property
    def file(self) -> Path:
        return self.home / "store.db"

    def run(
        self,
        line: str,
        store: str = "",
        *,
        before: tuple[str, ...] = (),
        stdout: int = subprocess.PIPE,
        environ: Mapping[str, str] = {},
    ) -> Done:
        """Run a command line on the file, or on another store."""
        environment = {**self.environment(store), **environ}
        return done([*before, *PROGRAM, *line.split()], env=environment, stdout=stdout)

    def environment(self, store: str = "") -> dict[str, str]:
        return bare_environment(self.home) | LOCAL | {"COMMERCIVE_STORE": store or f"sqlite:///{self.file}"}

    def run_on(self, answer: Answer, line: str = "chat list") -> Done:
        """Run a command line on a DynamoDB whose every reply is this one."""
        with serving(script(answer)) as server:
            return self.run(line, at(server.url))


def at(endpoint: str) -> str:
    """Return the URL of the store behind an endpoint."""
    return f"dynamodb://eu-west-1?endpoint={endpoint}"


@contextmanager
def silent() -> Iterator[tuple[str, threading.Event]]:
    """Serve without ever replying; yield the URL, and the event of the first request."""
    asked, over = threading.Event(), threading.Event()

    def answer(_: Request) -> Answer:
        asked.set()
        over.wait(60)
        return None

    with serving(answer) as server:
        try:
            yield server.url, asked
        finally:
            over.set()


def certified(home: Path) -> ssl.SSLContext:
    """Return what serves TLS with a new certificate, which only `certificate.pem` makes known."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(1))
        .not_valid_after(now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = home / "certificate.pem", home / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context


@contextmanager
def serving_tls(home: Path) -> Iterator[str]:
    """Serve behind TLS; yield the URL, with the wrong scheme http."""
    with serving(script(success(Items=[]))) as server:
        server.socket = certified(home).wrap_socket(server.socket, server_side=True)
        yield server.url


@contextmanager
def breaking_tls(home: Path) -> Iterator[str]:
    """Serve behind TLS, and answer every request with what is no TLS record of this connection; yield the URL."""
    context = certified(home)

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), connection.dup() as bare, context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65536)
            bare.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))

    def serve() -> None:
        with suppress(OSError):
            while True:
                answer(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


Cause = Callable[[World], Done]
CAUSES: dict[tuple[int, str], Cause] = {}
"""What happens, in the words of README's table, with the exit code."""


def cause(code: int, words: str) -> Callable[[Cause], Cause]:
    def declare(happens: Cause) -> Cause:
        CAUSES[code, words] = happens
        return happens

    return declare


@cause(0, "nobody reads the rest, as behind `head`")
def _unread(world: World) -> Done:
    with unread_pipe() as pipe:
        return world.run("chat send --user u-1 Hello", stdout=pipe)


@cause(2, "an option with a malformed value, `--store` too")
def _malformed_option(world: World) -> Done:
    assert 2 == world.run("api serve --origin nonsense").code
    return world.run("--store dynamodb://eu-west-1?endpoint=nonsense chat list")


@cause(4, "no credentials")
def _no_credentials(world: World) -> Done:
    return world.run("chat list", at("http://127.0.0.1:1"), environ=dict.fromkeys(LOCAL, ""))


@cause(4, "credentials that are wrong or have expired")
def _expired(world: World) -> Done:
    return world.run_on(refusal("ExpiredTokenException"))


@cause(74, "a full disk behind `>`, after a change")
def _lost_answer(world: World) -> Done:
    with full_disk() as full:
        return world.run("chat send --user u-1 Hello", stdout=full)


@cause(75, "a full disk behind `>`, before any change")
def _full(world: World) -> Done:
    with full_disk() as full:
        return world.run("chat list", stdout=full)


@cause(75, "another writer holds the file")
def _locked(world: World) -> Done:
    with closing(connect(world.file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        return world.run("chat send --user u-1 Hello")


@cause(75, "nobody at the endpoint, or no such host")
def _refused(world: World) -> Done:
    with held_port() as port:
        return world.run("chat list", at(f"http://127.0.0.1:{port}"))


@cause(75, "no reply")
def _silent(world: World) -> Done:
    with silent() as (url, _):
        return world.run("chat list", at(url))


@cause(75, "throttling")
def _throttled(world: World) -> Done:
    return world.run_on(refusal("ThrottlingException"))


@cause(78, "no store file")
def _no_file(world: World) -> Done:
    return world.run("chat list", f"sqlite:///{world.home}/nowhere/store.db")


@cause(78, "no such table")
def _no_table(world: World) -> Done:
    return world.run_on(refusal("ResourceNotFoundException"))


@cause(78, "a damaged file")
def _damaged(world: World) -> Done:
    with world.file.open("r+b") as file:
        file.seek(4096)
        file.write(b"garbage!" * (world.file.stat().st_size // 8))
    return world.run("chat list")


@cause(78, "a file that is no database")
def _no_database(world: World) -> Done:
    (world.home / "letter").write_text("Dear all, " * 1000)
    return world.run("chat list", f"sqlite:///{world.home}/letter")


@cause(78, "another file in the place of the store")
def _another_file(world: World) -> Done:
    assert 0 == world.run("tables create", f"sqlite:///{world.home}/other.db").code
    with closing(sqlite3.connect(world.file)) as connection:
        connection.execute("CREATE TABLE other_ (x)")
        log = world.file.with_name(f"{world.file.name}-wal")
        left = log.read_bytes()
    (world.home / "other.db").replace(world.file)
    log.write_bytes(left)
    return world.run("chat list")


@cause(78, "a directory in place of the file")
def _directory(world: World) -> Done:
    return world.run("chat list", f"sqlite:///{world.home}")


@cause(78, "no permission for the file or its directory")
def _unreadable(world: World) -> Done:
    world.file.chmod(0)
    return world.run("chat list", before=as_mere_mortal())


@cause(78, "a region that AWS does not have")
def _no_region(world: World) -> Done:
    return world.run("chat list", "dynamodb://eu-wets-1")


@cause(78, "`https://` to a server without TLS")
def _no_tls(world: World) -> Done:
    with serving(script(success(Items=[]))) as server:
        return world.run("chat list", at(server.url.replace("http:", "https:")))


@cause(78, "`http://` to one with TLS")
def _tls_alone(world: World) -> Done:
    with serving_tls(world.home) as url:
        return world.run("chat list", at(url))


@cause(78, "a certificate that is not trusted")
def _untrusted(world: World) -> Done:
    with serving_tls(world.home) as url:
        return world.run("chat list", at(url.replace("http:", "https:")))


@cause(78, "no CA bundle where `AWS_CA_BUNDLE` says")
def _no_bundle(world: World) -> Done:
    with serving_tls(world.home) as url:
        missing = str(world.home / "missing.pem")
        return world.run("chat list", at(url.replace("http:", "https:")), environ={"AWS_CA_BUNDLE": missing})


@cause(78, "a malformed store or endpoint in a variable or a config file")
def _malformed_endpoint(world: World) -> Done:
    return world.run("chat list", at("http://127.0.0.1:99999"))


@cause(78, "a malformed variable of the API, of Supabase or of the terminal")
def _malformed_variable(world: World) -> Done:
    wrong = {
        "api call health": {"COMMERCIVE_LIMITS": "x"},
        "affiliates sync": {"COMMERCIVE_SUPABASE_KEY": "x"},
        "chat list": {"COMMERCIVE_FORCE_TTY": "wide"},
    }
    *others, last = [world.run(line, environ=variables) for line, variables in wrong.items()]
    assert {last.code} == {each.code for each in others}
    return last


@cause(78, "a server that is not DynamoDB")
def _another_server(world: World) -> Done:
    return world.run_on(Reply(b"<h1>Not found</h1>", 404))


@cause(78, "no permission in AWS")
def _access_denied(world: World) -> Done:
    return world.run_on(refusal("AccessDeniedException"))


@cause(78, "a server without transactions")
def _no_transactions(world: World) -> Done:
    def answer(request: Request) -> Answer:
        return refusal("UnknownOperationException") if request.operation == "TransactWriteItems" else success()

    with serving(answer) as server:
        return world.run("chat send --user u-1 Hello", at(server.url))


@cause(78, "a clock before 2020 or after 2099")
def _clock_not_set(world: World) -> Done:
    program = (
        "import sys; from commercive_cli.cli.app import main; sys.exit(main(sys.argv[2:], lambda: int(sys.argv[1])))"
    )
    times = [datetime(year, 12, 31, tzinfo=UTC).timestamp() * 1000 for year in (1969, 2019, 2100)]
    *others, last = [
        done([sys.executable, "-c", program, f"{at:.0f}", "chat", "list"], env=world.environment()) for at in times
    ]
    assert {last.code} == {each.code for each in others}
    return last


@cause(130, "Ctrl-C")
def _interrupted(world: World) -> Done:
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with (
        silent() as (url, asked),
        started([*PROGRAM, "chat", "list"], env=world.environment(at(url)), **pipes) as program,
    ):
        assert asked.wait(60)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=60)
    return Done(program.returncode, out, err)


def as_mere_mortal() -> tuple[str, ...]:
    """Return the words before a command whose user is bound by permissions, which root is not."""
    if os.geteuid():
        return ()
    if (setpriv := shutil.which("setpriv")) is None:
        pytest.skip("root may read everything, and there is no setpriv")
    return (setpriv, "--bounding-set=-dac_override,-dac_read_search")


def world_at(home: Path) -> World:
    made = World(home)
    make_file(made.file)
    return made


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_at(tmp_path)


WAITED_FOR = [(75, "another writer holds the file"), (75, "no reply"), (75, "throttling")]


@pytest.mark.parametrize(("code", "words"), [each for each in CAUSES if each not in WAITED_FOR], ids=str)
def test_every_cause_has_its_exit_code(code: int, words: str, world: World) -> None:
    """A script can tell by the number alone whether to try again (75), to call somebody (78), or not to repeat it (74).

    People are told in one line, and not in a traceback; a pipe that was closed on purpose is no failure.
    """
    assert_ends(code, CAUSES[code, words](world))


def test_what_may_pass_is_waited_for_and_has_its_exit_code_then(tmp_path: Path) -> None:
    """These take seconds, so they are waited for together."""
    homes = [tmp_path / str(number) for number, _ in enumerate(WAITED_FOR)]
    for home in homes:
        home.mkdir()
    with ThreadPoolExecutor(len(homes)) as pool:
        runs = pool.map(lambda cause, home: CAUSES[cause](world_at(home)), WAITED_FOR, homes)
        for (code, _), ran in zip(WAITED_FOR, runs, strict=True):
            assert_ends(code, ran)


def assert_ends(code: int, ran: Done) -> None:
    assert code == ran.code, ran.err
    assert b"internal error" not in ran.err
    assert int(code != 0) == ran.err.count(b"\n"), ran.err


def test_the_readme_has_these_causes() -> None:
    """Its table of causes names each of them beside its code, and no other."""
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("| what happened |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.+) \| (\d+) \|$", table, re.MULTILINE)

    assert set(CAUSES) == {(int(code), words) for causes, code in rows for words in causes.split("; ")}


def test_a_certificate_that_is_made_known_is_trusted(world: World) -> None:
    """What AWS_CA_BUNDLE names is used, so that the rows above fail for their own cause."""
    with serving_tls(world.home) as url:
        bundle = str(world.home / "certificate.pem")
        ran = world.run("chat list", at(url.replace("http:", "https:")), environ={"AWS_CA_BUNDLE": bundle})

    assert (0, b"") == (ran.code, ran.err)


def test_a_tls_connection_that_breaks_may_have_carried_the_request(world: World) -> None:
    """The message may be stored, so it is to be sent again with its key (75); nothing is to be set up (78)."""
    with breaking_tls(world.home) as url:
        bundle = str(world.home / "certificate.pem")
        ran = world.run("chat send --user u-1 Hello --key k-1", at(url), environ={"AWS_CA_BUNDLE": bundle})

    assert 75 == ran.code, ran.err
    assert b"outcome unknown" in ran.err or b"did not answer GetItem" in ran.err


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AWS_ENDPOINT_URL", "nonsense", b"an endpoint in it is not a URL"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:99999", b"an endpoint in it is not a URL"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "nonsense", b"nonsense"),
        ("AWS_REQUEST_CHECKSUM_CALCULATION", "nonsense", b"nonsense"),
        ("AWS_RESPONSE_CHECKSUM_VALIDATION", "nonsense", b"nonsense"),
        ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "nonsense", b"nonsense"),
    ],
)
def test_what_awss_own_configuration_cannot_mean_is_said(world: World, variable: str, value: str, said: bytes) -> None:
    """Nothing was sent yet, so it is the configuration: exit 78, not an internal error; a URL may hold a password."""
    ran = world.run("chat list", "dynamodb://eu-west-1", environ={variable: value})

    assert 78 == ran.code
    assert ran.err.startswith(b"commercive: AWS's own configuration cannot be used: ")
    assert said in ran.err


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--store sqlite:///CLOSED/store.db tables create", "store.db cannot be created: Permission denied"),
        ("tables backup --name CLOSED/store.backup", "store.backup cannot be written: Permission denied"),
    ],
)
def test_a_directory_where_nobody_may_write_is_said(world: World, line: str, why: str) -> None:
    """What cannot be made there is not tried again: exit 78, and nothing is left."""
    closed = world.home / "closed"
    closed.mkdir(mode=0o500)
    ran = world.run(line.replace("CLOSED", str(closed)), before=as_mere_mortal())

    assert (78, b"") == (ran.code, ran.out)
    assert why.encode() in ran.err
    assert [] == list(closed.iterdir())
