"""Command lines of a user in a directory of their own, run in this process, and what holds for each of them."""

import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from commercive_cli.cli.app import main
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.items import Item
from tests.cli.conftest import Ran, streams
from tests.cli.hidden import hidden_in
from tests.cli.test_inert_output import STYLE
from tests.e2e.embedded import make_file
from tests.services.audit.world import World, made
from tests.services.fakes import ManualClock
from tests.services.raw_data import everything

CODES = {
    0: "done",
    2: "input",
    3: "differences",
    4: "caller",
    5: "not found",
    6: "conflict",
    7: "some failed",
    75: "unavailable",
    78: "misconfigured",
    130: "cancelled",
}
"""The exit codes of .github/ARCHITECTURE.md, "Errors", without those of a bug and of an answer that was lost."""

REFUSED = (2, 4, 5, 78)
"""Those with which nothing was written."""

_NONE = re.compile("(?!)")
_MEMORY = Path("/dev/shm")  # noqa: S108 - each run has a directory of its own there, as in /tmp


def scratch() -> TemporaryDirectory[str]:
    """Return a directory for small files, where no disk is waited for if there is such a place."""
    return TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None)


class Home:
    """A user's directory with a store in which everything has happened once; each line can begin from it anew."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "store.db"
        make_file(self.file)
        with closing(SQLiteStore(self.file)) as store:
            self.world: World = made(store, ManualClock())
            self.before = everything(store)
        self._bytes = self.file.read_bytes()
        self.environ = {
            "PATH": os.defpath,
            "HOME": str(directory),
            "COMMERCIVE_CONFIG": str(directory / "config.toml"),
            "COMMERCIVE_STORE": f"sqlite:///{self.file}",
            "COMMERCIVE_ACTOR": "admin-1",
            "PIP_NO_INDEX": "1",  # `api package` asks no registry
        }

    def restore(self) -> None:
        """Make the store what it was."""
        for path in self.directory.glob("store.db?*"):
            path.unlink()
        self.file.write_bytes(self._bytes)

    def tidy(self, kept: Collection[str] = ("store.db",)) -> None:
        """Make the store what it was, and remove all else from the directory."""
        self.restore()
        for path in self.directory.iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def holds(self) -> dict[str, list[Item]]:
        """Return what the store holds."""
        with closing(SQLiteStore(self.file)) as store:
            return everything(store)

    def ran(self, *arguments: str, stdin: bytes = b"", environ: Mapping[str, str] = {}) -> Ran:
        """Run a line, and return what it did."""
        with _environment({**self.environ, **environ}, self.directory), streams(stdin) as (out, err):
            code = main(arguments)
            return Ran(code, _text(out.getvalue()), _text(err.getvalue()))

    def tried(self, *arguments: str, stdin: bytes = b"", environ: Mapping[str, str] = {}) -> Ran:
        """Run a line as `ran` does; fail unless its end is documented, its words are inert, and no bug is told."""
        ran = self.ran(*arguments, stdin=stdin, environ=environ)
        assert "internal error" not in ran.err, ran.err
        assert "Traceback" not in ran.err, ran.err
        assert ran.code in CODES, (ran.code, ran.err)
        assert ran.code in (0, 3, 7) or ran.err.startswith("commercive: ") or arguments[:2] == ("api", "call"), ran.err[
            :300
        ]
        colours = STYLE if "COMMERCIVE_FORCE_TTY" in environ else _NONE
        assert set() == hidden_in(colours.sub("", ran.out + ran.err)), "hidden characters reach the terminal"
        return ran

    def refused_writes_nothing(self, ran: Ran) -> None:
        """Fail when what was refused has left anything in the store."""
        if ran.code in REFUSED:
            assert self.before == self.holds(), "what was refused was written"


def _text(written: bytes) -> str:
    return written.decode("utf-8")


@contextmanager
def _environment(environ: Mapping[str, str], directory: Path) -> Iterator[None]:
    kept, where = dict(os.environ), Path.cwd()
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(where)
        os.environ.clear()
        os.environ.update(kept)


@contextmanager
def at_home() -> Iterator[Home]:
    """Make a home for as long as a batch takes."""
    with scratch() as directory:
        yield Home(Path(directory))
