"""Where each shell looks for a user's own completion scripts, and writing ours there."""

import errno
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Literal

from commercive_cli.cli.completions import MARK
from commercive_cli.domain.errors import Invalid, Misconfigured, Unavailable
from commercive_cli.services.transfer.durable_files import write_durably

Shell = Literal["bash", "zsh", "fish"]
SHELLS: tuple[Shell, ...] = ("bash", "zsh", "fish")
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Place:
    """The file of a shell's completion, what is left to do, and the lines that its start file needs for it."""

    path: Path
    left: str
    lines: tuple[str, ...] = ()


def users_shell(environ: Mapping[str, str]) -> Shell:
    """Return the shell that the variable SHELL names; raise Invalid when it names none that has completions here."""
    name = Path(environ.get("SHELL", "")).name
    for shell in SHELLS:
        if shell == name:
            return shell
    raise Invalid(f"there is no completion for the shell {name!r} of this user: name bash, zsh or fish")


def place_of(shell: Shell, environ: Mapping[str, str]) -> Place:
    """Return where the shell finds a completion script of this user."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](environ)


def put(text: str, path: Path, agree: Callable[[str], None]) -> bool:
    """Write the script at once, through a link; return whether it was another one before.

    `agree` is asked before a file is replaced that is not ours, and raises when it shall stay. Raises Misconfigured, or
    Unavailable when the disk is full, when the file cannot be written; then the old one stays.
    """
    try:
        target = path.resolve()
        old = target.read_bytes() if target.exists() else MARK.encode()
        if old == text.encode():
            return False
        if MARK.encode() not in old:
            agree(f"{path} was not written by this program. Replace it?")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_durably(target, [text.encode()])
    except (OSError, RuntimeError) as error:  # before Python 3.13, links in a circle are a RuntimeError
        kind = Unavailable if getattr(error, "errno", None) in _FULL else Misconfigured
        raise kind(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from None
    return True


def _bash(environ: Mapping[str, str]) -> Place:
    path = _base(environ, "XDG_DATA_HOME", ".local/share") / "bash-completion" / "completions" / "commercive"
    left = "new shells load it where the package bash-completion is installed; elsewhere, add to ~/.bashrc:"
    return Place(path, left, (f"source {quote(str(path))}",))


def _zsh(environ: Mapping[str, str]) -> Place:
    home = _absolute(environ.get("ZDOTDIR")) or Path.home()
    directory, start = home / ".zfunc", home / ".zshrc"
    with suppress(OSError):
        if directory.name.encode() in start.read_bytes():
            return Place(directory / "_commercive", "new shells load it")
    lines = (f"fpath=({quote(str(directory))} $fpath)", "autoload -Uz compinit && compinit")
    return Place(directory / "_commercive", f"new shells load it after you add to {start}:", lines)


def _fish(environ: Mapping[str, str]) -> Place:
    path = _base(environ, "XDG_CONFIG_HOME", ".config") / "fish" / "completions" / "commercive.fish"
    return Place(path, "fish loads it by itself")


def _base(environ: Mapping[str, str], variable: str, default: str) -> Path:
    """Return the user's directory of that kind; relative ones do not count (XDG base directories)."""
    return _absolute(environ.get(variable)) or Path.home() / default


def _absolute(path: str | None) -> Path | None:
    return Path(path) if path and Path(path).is_absolute() else None
