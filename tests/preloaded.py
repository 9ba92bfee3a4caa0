"""Runs of the program without its start: a process that has loaded the program's modules forks for each run.

Every run is a process of its own, with the streams, the environment and the directory it is given, and it ends as
Python ends. Only the loading of modules, three quarters of a short run, is done once for all of them, and their taking
apart never. What depends on
the start (variables that Python itself reads, closed streams, the time it takes) is tested with a start.
"""

import atexit
import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

PROGRAM = "commercive_cli"
LIBRARIES = (
    "boto3",
    "botocore.client",
    "botocore.credentials",
    "botocore.endpoint",
    "botocore.httpsession",
    "rich.table",
)
READ_AT_THE_START = ("PYTHON", "LC_", "LANG")
"""How the variables begin that Python reads when it starts."""
_REQUEST_BYTES = 1 << 20


@dataclass
class Process:
    """A run of the program; `subprocess.Popen` says what its methods do."""

    pid: int
    _connection: socket.socket
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code (below 0: a signal's), None while it runs."""
        return self._end(0)

    def wait(self, timeout: float) -> int:
        """Return the exit code; kill it and raise TimeoutError when it runs longer than so many seconds."""
        if (code := self._end(timeout)) is None:
            self.kill()
            message = f"process {self.pid} had not ended after {timeout} seconds"
            raise TimeoutError(message)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, if it runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, if it runs."""
        self.send_signal(signal.SIGKILL)

    def _end(self, seconds: float) -> int | None:
        if self.returncode is None and select.select([self._connection], [], [], seconds)[0]:
            self.returncode = int(self._connection.recv(16))
            self._connection.close()
        return self.returncode


def started(arguments: Sequence[str], environment: Mapping[str, str], *streams: int, alone: bool = False) -> Process:
    """Start the program with file descriptors as stdin, stdout and stderr, in a session of its own if asked."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(_server())
    request = json.dumps([list(arguments), dict(environment), str(Path.cwd()), alone]).encode()
    socket.send_fds(connection, [request], streams)
    return Process(int(connection.recv(16)), connection)


def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: bytes | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
    seconds: float,
) -> tuple[int, bytes, bytes]:
    """Run the program without a terminal; return its exit code (below 0: a signal's), stdout and stderr.

    What goes to a file descriptor that is given is not returned. Raises TimeoutError when it takes longer than so many
    seconds, and kills it.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin or b"")
        given.seek(0)
        sinks = (file.fileno() if sink is None else sink for file, sink in ((out, stdout), (err, stderr)))
        code = started(arguments, environment, given.fileno(), *sinks).wait(seconds)
        for stream in (out, err):
            stream.seek(0)
        return code, out.read(), err.read()


def starts_alike(environment: Mapping[str, str]) -> bool:
    """Return whether Python would start in an environment as the process with the modules did."""
    return _of_the_start(environment) == _of_the_start(os.environ)


def _of_the_start(environment: Mapping[str, str]) -> dict[str, str]:
    found = {name: value for name, value in environment.items() if name.startswith(READ_AT_THE_START) and value}
    found.pop("PYTHONPATH", None)  # the sources, which this process has on its path
    found.pop("PYTHONUNBUFFERED", None)  # heeded below
    if not found.keys() & {"LC_ALL", "LC_CTYPE", "LANG"}:
        found["LC_CTYPE"] = "C.UTF-8"  # as Python sets it itself (PEP 538)
    return found


@cache
def _server() -> str:
    """Start the process that loads the modules; it ends with this one."""
    directory = tempfile.mkdtemp()
    address = f"{directory}/socket"
    server = subprocess.Popen(  # noqa: S603 - this Python, this module
        [sys.executable, "-m", __name__, address],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    atexit.register(_stop, server, address)
    assert server.stdout is not None
    server.stdout.readline()  # it listens
    return address


def _stop(server: "subprocess.Popen[bytes]", address: str) -> None:
    server.communicate()
    Path(address).unlink(missing_ok=True)
    Path(address).parent.rmdir()


def _serve(address: str) -> None:
    """Fork for every request until standard input ends; return in a fork that shall be the program."""
    _load()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(64)
        print("listening", flush=True)  # noqa: T201 - to the tests
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for a run
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if not os.fork():
                listener.close()
                _run(connection)
                return
            connection.close()
    os._exit(0)


def _load() -> None:
    package = import_module(PROGRAM)
    for module in pkgutil.walk_packages(package.__path__, f"{PROGRAM}."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    for library in LIBRARIES:
        import_module(library)
    gc.freeze()


def _run(connection: socket.socket) -> None:
    """Fork once more; return in the one that shall be the program, and report its end in the other."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, streams, _, _ = socket.recv_fds(connection, _REQUEST_BYTES, 3)
    if process := os.fork():
        connection.send(b"%d" % process)
        connection.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
        os._exit(0)
    connection.close()
    arguments, environment, directory, alone = json.loads(request)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(directory)
    sys.argv = [PROGRAM, *arguments]
    for number, (name, stream) in enumerate(zip(("stdin", "stdout", "stderr"), streams, strict=True)):
        os.dup2(stream, number)
        os.close(stream)
        _open_anew(name, number)
    if alone:
        os.setsid()


def _open_anew(name: str, number: int) -> None:
    """Make a stream as Python makes it at its start, so that nothing of the former one is left in its buffer."""
    former, mode = getattr(sys, name), "rb" if name == "stdin" else "wb"
    unbuffered = mode == "wb" and bool(os.environ.get("PYTHONUNBUFFERED"))
    stream = TextIOWrapper(
        open(number, mode, 0 if unbuffered else -1, closefd=False),  # noqa: SIM115 - open until Python ends
        encoding=former.encoding,
        errors=former.errors,
        line_buffering=name == "stderr" and not unbuffered,
        write_through=unbuffered,
    )
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)


def _be_the_program() -> None:
    """Run the program and end as Python does, but for taking its modules apart, which takes longer than most runs."""
    try:
        runpy.run_module(PROGRAM, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        code = end.code
    threading._shutdown()  # type: ignore[attr-defined]  # as Python does at its end
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        traceback.print_exc()
        code = 120
    os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1])
    _be_the_program()
