"""The user's editor: started as git starts it, and what it left in the file."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from commercive_cli.cli.drafts import Draft
from commercive_cli.cli.editor_file import with_quotes
from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.domain.quoting import quoted

_FOR_A_SHELL = re.compile(r"[|&;<>()$`\\\"' \t\n*?\[#~=%]")
"""Characters with which git passes an editor's command line to a shell (run-command.c)."""
_CANNOT_START = (126, 127)
"""What a shell ends with when a command cannot be run, or is not there."""
_LONG_AGO = 1
"""A time of change, in seconds, that no file has which an editor has saved."""


def edited(draft: Draft, quotes: str, command: str) -> str:
    """Let the user edit a draft with what is quoted below it; return the text, which the draft holds then.

    Raises Invalid when the editor failed, when nothing was saved and when the cut-off line is gone, Misconfigured when
    there is no such editor. The draft then holds what was saved, else what it held before; if that is nothing, it goes.
    """
    before = draft.text
    draft.note(quotes=quotes, process=os.getpid())
    draft.write(with_quotes(before, quotes))
    os.utime(draft.path, (_LONG_AGO, _LONG_AGO))
    try:
        run_editor(command, draft.path)
    finally:
        is_saved = draft.exists and draft.path.stat().st_mtime != _LONG_AGO and not draft.is_blank
        if not is_saved:
            _put_back(draft, before)
    if not is_saved:
        raise Invalid("no text was saved in the editor, so the message is empty; nothing was sent")
    if draft.is_uncut:
        raise Invalid("the cut-off line is gone, and with it what parts your text from the thread; nothing was sent")
    text = draft.text
    draft.write(text)
    draft.note(quotes="", process=0)
    return text


def _put_back(draft: Draft, before: str) -> None:
    if not before:
        return draft.remove()
    draft.write(before)
    return draft.note(quotes="", process=0)


def run_editor(command: str, path: Path) -> None:
    """Let the user edit a file; raise Invalid when the editor failed, Misconfigured when there is none."""
    # The user chooses the editor, as with git: a shell reads the command line when it needs one.
    line = ["/bin/sh", "-c", f'{command} "$@"', command] if _FOR_A_SHELL.search(command) else [command]
    try:
        with _undisturbed():
            done = subprocess.run([*line, str(path)], check=False, stdout=_terminal())  # noqa: S603
    except (OSError, ValueError) as error:
        raise _no_editor(command, getattr(error, "strerror", None) or "it is no command line") from None
    if done.returncode in _CANNOT_START:
        raise _no_editor(command, f"exit code {done.returncode}")
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise Invalid(f"the editor {quoted(command)} was ended by {name}; nothing was sent")
    if done.returncode:
        raise Invalid(f"the editor {quoted(command)} failed with exit code {done.returncode}; nothing was sent")


def _no_editor(command: str, problem: str) -> Misconfigured:
    return Misconfigured(
        f"the editor {quoted(command)} cannot be started ({problem}); set VISUAL or EDITOR, or pass TEXT, - or -F FILE"
    )


def _terminal() -> IO[str] | None:
    """Return where the editor draws: stdout, but stderr when that alone is a terminal."""
    return sys.stderr if sys.stderr.isatty() and not sys.stdout.isatty() else None


@contextmanager
def _undisturbed() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
