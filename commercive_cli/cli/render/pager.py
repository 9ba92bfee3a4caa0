"""The pager, for what is longer than the screen; a thread opens at the end, where the newest turn is."""

import shlex
import shutil
import subprocess
from typing import Literal

Opens = Literal["at the beginning", "at the end"]

_LESS: dict[Opens, tuple[str, ...]] = {"at the beginning": ("less", "-R"), "at the end": ("less", "-R", "+G")}


def pager_command(wanted: str | None, opens: Opens) -> tuple[str, ...]:
    """Return the words of the pager that the user wants, `less` by default; none when there is none.

    Only `less` is told where it opens. Raises LookupError when the wanted pager does not exist.
    """
    if wanted is None:
        return _LESS[opens] if shutil.which("less") else ()
    try:
        words = tuple(shlex.split(wanted))
    except ValueError:
        raise LookupError(wanted) from None
    if words in ((), ("cat",)):
        return ()
    if shutil.which(words[0]) is None:
        raise LookupError(words[0])
    return _LESS[opens] if words == ("less",) else words


def page(text: str, command: tuple[str, ...]) -> None:
    """Show a text in the pager and wait until the user leaves it."""
    subprocess.run(command, input=text.encode(), check=False)  # noqa: S603  # the user's own choice of a program
