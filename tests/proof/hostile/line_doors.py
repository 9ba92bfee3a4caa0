"""Doors of the command line: its arguments, standard input, and what Tab asks."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from commercive_cli.cli.app import command
from commercive_cli.cli.groups import load_group
from tests.cli.conftest import Ran
from tests.cli.test_inert_output import ENDLESS, LEAVES
from tests.proof.hostile.door import Door, Room
from tests.proof.hostile.home import at_home
from tests.proof.hostile.odd import BYTES, TYPED, harmless
from tests.services.audit.world import World

_NOT_HERE = {("api", "serve"), ("api", "package"), ("completion", "install")}
"""Commands that wait for requests, ask a registry, or change what a shell reads."""

_UNTRIED = {"exec_", "exec", "help", "version", "access_log", "debug"}
"""Options that start programs or write into files that are there, and what is no input."""

_PATHS = ["directory", "file", "file/x", "loop", "dangling", "fifo"]
"""What the working directory has, for a file that is named."""

_FORMATS = ["table", "json", "jsonl", "csv", "ids", "xml"]


def ids_of(world: World) -> st.SearchStrategy[str]:
    """Return ids of what is there, whole and in part."""
    known = [world.open, world.closed, world.pending, world.approved, world.rejected, *world.codes, "aff-1", "user-1"]
    return st.sampled_from(known + [each[-8:] for each in known] + [each.upper() for each in known])


def _typed(world: World) -> st.SearchStrategy[str]:
    words = [
        "open",
        "pending",
        "leads",
        "conversations",
        "5",
        "0",
        "-1",
        "1d",
        "2026-11-28",
        "a@example.com",
        "status=open",
        "health",
        str(10**30),
        *_PATHS,
        "directory/x/" * 500,
    ]
    return (ids_of(world) | st.sampled_from(words) | TYPED).map(harmless)


@st.composite
def _lines(draw: st.DrawFn, world: World) -> list[str]:
    """Draw a command line of any command."""
    path = draw(st.sampled_from([each for each in LEAVES if each not in _NOT_HERE]))
    leaf: Any = load_group(path[0]).commands[path[1]] if len(path) == 2 else command().commands[path[0]]
    given: list[str] = []
    for each in leaf.params:
        is_argument = each.param_type_name == "argument"
        if each.name in _UNTRIED or not draw(
            st.sampled_from([True] * (9 if each.required or is_argument else 1) + [False] * 2)
        ):
            continue
        flag = getattr(each, "is_flag", False)
        value = draw(st.sampled_from(_FORMATS)) if each.name == "output" else draw(_typed(world))
        if each.name in ("conversations", "messages", "affiliates", "leads", "interval"):
            value = draw(st.sampled_from(["0", "1", "2", "-1", "x", "1e3", str(10**30)]))  # as many would be made
        given += [value] if is_argument else [each.opts[0]] if flag else [f"{draw(st.sampled_from(each.opts))}={value}"]
    return [*path, *given, *ENDLESS.get(path, ())]


def _is_read(ran: Ran, line: list[str]) -> None:
    if "json" in line[line.index("-o") + 1 :][:1] if "-o" in line else "--output=json" in line or "-o=json" in line:
        json.loads(ran.out)


def _make_paths(directory: Path) -> None:
    (directory / "directory").mkdir()
    (directory / "file").write_text("x")
    (directory / "loop").symlink_to("loop")
    (directory / "dangling").symlink_to("nowhere")
    os.mkfifo(directory / "fifo")


@contextmanager
def lines() -> Iterator[Room]:
    """Open every command to any arguments."""
    with at_home() as home:
        _make_paths(home.directory)

        def attempt(line: list[str]) -> None:
            home.tidy(["store.db", *_PATHS])
            ran = home.tried(*line, environ={"EDITOR": "true"})
            if ran.code in (2, 4, 78):
                home.refused_writes_nothing(ran)
            _is_read(ran, line)

        yield Room(_lines(home.world), attempt)


BULK: tuple[tuple[str, ...], ...] = (
    ("leads", "approve", "-", "--commission", "5", "--yes"),
    ("leads", "reject", "-", "--yes"),
    ("leads", "reject", "-", "-o", "jsonl", "--dry-run"),
    ("leads", "reset", "-", "--yes", "--key", "k"),
    ("chat", "close", "-"),
    ("chat", "close", "-", "--reply", "-"),
    ("chat", "reopen", "-", "-o", "json"),
    ("chat", "mark-read", "-"),
    ("chat", "claim", "-"),
    ("chat", "export", "-"),
    ("affiliates", "recompute", "-"),
    ("chat", "watch", "-", "--limit", "0"),
)
"""Commands that read ids from stdin."""

_OF_TEXTS: tuple[tuple[str, ...], ...] = (
    ("chat", "reply", "ID", "-"),
    ("chat", "note", "ID", "-"),
    ("chat", "send", "--user", "user-1", "-"),
    ("chat", "templates", "check", "-"),
    ("leads", "reject", "LEAD", "--reason", "-"),
    ("tables", "person", "-", "--export", "-"),
    ("api", "call", "chat/send", "-"),
)
"""Commands that read a text from stdin."""


def _read_from(world: World) -> st.SearchStrategy[bytes]:
    ids = ids_of(world).map(str.encode)
    ends = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n", b"\0", b" \n", b"\t", b","])
    listed = st.lists(st.tuples(ids | ids | BYTES, ends).map(b"".join), max_size=12).map(b"".join)
    begun = st.builds(
        lambda mark, rest: mark + rest, st.sampled_from([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]), listed
    )
    return (
        listed | begun | BYTES | st.builds(lambda one, times: (one + b"\n") * times, ids, st.sampled_from([100, 3_000]))
    )


@contextmanager
def stdin() -> Iterator[Room]:
    """Open every command that reads stdin to any bytes there."""
    with at_home() as home:
        places = {"ID": home.world.open, "LEAD": home.world.pending}

        def attempt(given: tuple[tuple[str, ...], bytes]) -> None:
            line, read = given
            home.restore()
            ran = home.tried(*(places.get(word, word) for word in line), stdin=read)
            if ran.code == 2:
                home.refused_writes_nothing(ran)

        yield Room(st.tuples(st.sampled_from(BULK + _OF_TEXTS), _read_from(home.world)), attempt)


_SHELLS = ("bash", "zsh", "fish")


@contextmanager
def completion() -> Iterator[Room]:
    """Open what Tab asks, which every shell sends as the line so far."""
    with at_home() as home:

        def attempt(given: tuple[str, list[str]]) -> None:
            shell, words = given
            line = " ".join(["commercive", *words])
            ran = home.ran(line, environ={"_COMMERCIVE_COMPLETE": shell})
            assert ran.code in (0, 2), (ran.code, ran.err)
            assert "Traceback" not in ran.err, ran.err
            assert "internal" not in ran.err, ran.err

        words = st.sampled_from(
            [word for path in LEAVES for word in path]
            + ["--", "-o", "--store", "--profile", "--status", "--only", "'", '"', "\\", "$("]
        )
        yield Room(
            st.tuples(st.sampled_from(_SHELLS), st.lists(words | ids_of(home.world) | TYPED, max_size=6)), attempt
        )


DOORS = (
    Door("lines", "every command ends any line with a documented code, and writes nothing that it refuses", lines),
    Door("stdin", "commands that read ids or texts from stdin read or refuse all bytes", stdin),
    Door("completion", "Tab is answered whatever the line so far", completion),
)
