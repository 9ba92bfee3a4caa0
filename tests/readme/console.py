"""The README's console blocks: their commands are run on a terminal of 80 columns, and what is seen is compared.

`python -m tests.readme.console` writes what is seen today into the README; what has not changed stays as it is.
COMMERCIVE_TEST_ENDPOINT names the DynamoDB-compatible server for the blocks that speak to one.
"""

import os
import re
import secrets
import select
import shlex
import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.process import PROGRAM, ROOT, Running, on_terminal, watch
from tests.conftest import ENDPOINT, held_port

README = ROOT / "README.md"
COLUMNS = 80
SEED = "commercive tables create --seed"
API_ADDRESS, SERVER_ADDRESS, PREFIX = "127.0.0.1:8787", "127.0.0.1:8000", "demo_"
"""Where the README has the API, and tables on a DynamoDB-compatible server."""

_HOME = "/home/maria"
_READY = b"Ctrl-C stops"
_SECONDS = 60
_MOST = 65_536
_ID = re.compile(r"\b(?:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{4})?[0-9a-f]{8}\b")
"""An id that carries its time, whole or the end of it. Others, of users and affiliates, are always the same."""

_SHORT = 8
"""Characters of an id that is shown short."""

_DIFFERS = (
    (r"(in )?\b[0-9]+[smhd]\b", "<distance>"),
    (r"\b[0-9]+ (second|minute|hour|day)s?\b", "<distance>"),
    (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [0-9]{1,2} [A-Z][a-z]{2}\b", "<day>"),
    (r"\b[0-9]{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b", "<distance>"),
    (r"\b[0-9]{2}:[0-9]{2}\b", "<time>"),
    (r"\b1[0-9]{12}\b", "<milliseconds>"),
    (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "<moment>"),
    (r"--cursor \S+,", "--cursor CURSOR,"),
    (r"sqlite /.*?\.db", "sqlite <file>"),
    (r"/drafts/[0-9a-f]{12}/", "/drafts/<store>/"),
    (r'"location":"[^"]*"', '"location":"<line>"'),
    (r'"timestamp":"[^"]*"', '"timestamp":"<moment>"'),
)
_CUT = 8
"""How many characters of a cell that was cut are compared: how many fit depends on how long ago things were."""

_CONTROL = re.compile(r"\x1b\[\??([0-9]*)[0-9;]*([A-Za-z])")


@dataclass
class Step:
    """One command and what the README shows of it."""

    command: str
    lines: list[str] = field(default_factory=list)

    @property
    def shown(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Block:
    """One console block; `not_run` is the reason why it cannot be tried here."""

    section: str
    steps: list[Step]
    not_run: str = ""

    @property
    def text(self) -> str:
        """Return the block as it stands between the fences."""
        return "".join(f"{line}\n" for step in self.steps for line in (f"$ {step.command}", *step.lines))


def blocks(page: str) -> Iterator[Block]:
    """Yield the console blocks of a page; `<!-- not run: REASON -->` before one says why it is not run."""
    section = reason = ""
    lines = iter(page.splitlines())
    for line in lines:
        if line.startswith("#"):
            section = line.lstrip("# ")
        elif line == "```console":
            yield Block(section, _steps(lines), reason)
        reason = found[1] if (found := re.fullmatch(r"<!-- not run: (.+) -->", line)) else ""


def groups(page: str) -> dict[str, list[Block]]:
    """Return the blocks that are run, by section: those of one section work on one store, one after the other."""
    found: dict[str, list[Block]] = {}
    for block in blocks(page):
        if not block.not_run:
            found.setdefault(block.section, []).append(block)
    return found


def needs_server(group: Iterable[Block]) -> bool:
    """Return whether the blocks speak to a DynamoDB-compatible server."""
    return any(SERVER_ADDRESS in block.text for block in group)


def _steps(lines: Iterator[str]) -> list[Step]:
    steps: list[Step] = []
    for line in lines:
        if line == "```":
            break
        if line.startswith("$ "):
            steps.append(Step(line[2:]))
        elif steps[-1].command.endswith("\\"):
            steps[-1].command += f"\n{line}"
        else:
            steps[-1].lines.append(line)
    return steps


@dataclass
class Names:
    """The ids that were seen so far, numbered in the order in which they appeared; a short one is the end of one."""

    numbers: dict[str, int] = field(default_factory=dict)
    wholes: dict[str, str] = field(default_factory=dict)

    def plain(self, text: str) -> str:
        """Return a text with numbers in place of ids and patterns in place of times, widths and files."""
        text = _ID.sub(lambda found: f"<id {self._number(found[0])}>", text)
        for pattern, word in _DIFFERS:
            text = re.sub(pattern, word, text)
        return "\n".join(_cells(line) for line in text.rstrip().split("\n"))

    def translated(self, text: str, into: "Names") -> str:
        """Return a text with the ids that `into` has of the same numbers; an unknown one stays."""
        there = {number: name for name, number in into.numbers.items()}

        def other(found: re.Match[str]) -> str:
            short = there.get(self.numbers.get(found[0][-_SHORT:], 0))
            if short is None:
                return found[0]
            return short if len(found[0]) == _SHORT else into.wholes.get(short, short)

        return _ID.sub(other, text)

    def copy(self) -> "Names":
        return Names(dict(self.numbers), dict(self.wholes))

    def _number(self, name: str) -> int:
        if len(name) > _SHORT:
            self.wholes[name[-_SHORT:]] = name
        return self.numbers.setdefault(name[-_SHORT:], len(self.numbers) + 1)


def _cells(line: str) -> str:
    cells = re.split(r" {2,}", line.rstrip())
    return "  ".join(f"{cell[:_CUT]}…" if cell.endswith("…") else cell for cell in cells)


class Session:
    """A person at a terminal of 80 columns, in a directory and with a store of their own."""

    def __init__(self, home: Path, server: str = "") -> None:
        self._home = home
        # Others may use the server, and the ports: everything has a place of its own.
        self._running = ExitStack()
        port = self._running.enter_context(held_port())
        self._places = {API_ADDRESS: f"127.0.0.1:{port}", SERVER_ADDRESS: server.removeprefix("http://")}
        self._places[PREFIX] = f"{secrets.token_hex(2)}_"
        self._environment = _environment(home)
        self.told, self.seen = Names(), Names()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def seed(self) -> None:
        """Load the demo data."""
        self._run(SEED)

    def run(self, step: Step) -> str:
        """Return what is seen of a command, with the README's own addresses and home."""
        command = self.told.translated(step.command, self.seen)
        if exported := re.fullmatch(r"export (.+)", command):
            self._environment |= dict(word.split("=", 1) for word in shlex.split(self._here(exported[1])))
            return ""
        served = command.startswith("commercive api serve")
        return self._there(self._serve(command) if served else self._run(command))

    def _run(self, command: str) -> str:
        shell = ["sh", "-c", self._here(command)]
        return screen_of(watch(shell, env=self._environment, cwd=self._home).screen)

    def _serve(self, command: str) -> str:
        """Start what goes on until Ctrl-C, and return what it says before it answers."""
        port = self._places[API_ADDRESS].rpartition(":")[2]
        shell = ["sh", "-c", f"exec {command} --port {port}"]
        process, screen = self._running.enter_context(on_terminal(shell, env=self._environment, cwd=self._home))
        self._running.callback(_stop, process)
        seen = b""
        with suppress(OSError):  # of a closed terminal: it ended at once
            while _READY not in seen and select.select([screen], [], [], _SECONDS)[0] and (more := screen.read(_MOST)):
                seen += more
        return screen_of(seen.decode())

    def _here(self, command: str) -> str:
        for there, here in self._places.items():
            command = command.replace(there, here)
        return command

    def _there(self, text: str) -> str:
        for there, here in self._places.items():
            text = text.replace(here, there) if here else text
        return text.replace(str(self._home), _HOME)


def _environment(home: Path) -> dict[str, str]:
    """Return the environment of a new user, in which `commercive` is the program of these sources."""
    programs = home / ".bin"
    programs.mkdir()
    (programs / "commercive").write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n', encoding="utf-8")
    (programs / "commercive").chmod(0o755)
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "USER": "maria",
        "LOGNAME": "maria",
        "TERM": "xterm",
        "NO_COLOR": "1",
        "COLUMNS": str(COLUMNS),
    }


def _stop(process: Running) -> None:
    process.send_signal(signal.SIGINT)
    process.wait(_SECONDS)


def screen_of(output: str) -> str:
    """Return what is left on a screen of what was written to it: progress bars come and go."""
    lines, row, column = [""], 0, 0
    for part in re.split(r"(\x1b\[\??[0-9;]*[A-Za-z]|\r|\n)", output):
        control = _CONTROL.fullmatch(part)
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            column = 0
        elif control is None:
            lines[row] = lines[row][:column] + part + lines[row][column + len(part) :]
            column += len(part)
        elif control[2] == "K":
            lines[row] = ""
        elif control[2] == "A":
            row -= int(control[1] or 1)
    return "\n".join(line.rstrip() for line in lines).rstrip()


def renewed(page: str, home: Path, server: str) -> str:
    """Return a page with what is seen today; without the URL of a `server`, what needs one stays as it is."""
    for section, group in groups(page).items():
        if needs_server(group) and not server:
            continue
        place = home / re.sub(r"\W+", "-", section)
        place.mkdir()
        with Session(place, server) as session:
            page = _renewed_group(page, group, session)
    return page


def _renewed_group(page: str, group: list[Block], session: Session) -> str:
    if group[0].steps[0].command != SEED:
        session.seed()
    for block in group:
        before = block.text
        for step in block.steps:
            seen = session.run(step)
            told, known = session.told.copy(), session.seen.copy()
            if told.plain(step.shown) == known.plain(seen):
                session.told, session.seen = told, known
            else:
                step.lines = _adopted(seen, session, page).splitlines()
        page = page.replace(f"```console\n{before}```", f"```console\n{block.text}```")
    return page


def _adopted(seen: str, session: Session, page: str) -> str:
    """Return what the page shall show: ids that it has, in another store's times, as it has them."""
    here = {name[-_SHORT:]: name for name in _ID.findall(page) if len(name) > _SHORT}
    session.seen.plain(seen)
    for name, number in session.seen.numbers.items():
        if number not in session.told.numbers.values():
            session.told.numbers[name] = number
        if name in session.seen.wholes:
            session.told.wholes[name] = here.get(name, session.seen.wholes[name])
    return re.sub(r"--cursor \S+,", "--cursor CURSOR,", session.seen.translated(seen, session.told))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        found = renewed(README.read_text(encoding="utf-8"), Path(directory), os.environ.get(ENDPOINT, ""))
    README.write_text(found, encoding="utf-8")
