"""The text of a message: from the command line, a file, stdin, or the user's editor."""

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings import editor_of, environment


def composed(text: str | None, file: str | None, *, editor: bool) -> str:
    """Return the message from the one source that was named; raise Invalid when none or several were.

    `file` is a path, or `-` for stdin.
    """
    if (text is not None) + (file is not None) + editor != 1:
        raise Invalid("the message comes from exactly one of TEXT, -F FILE, -F - and --editor")
    if text is not None:
        return text
    return _written_in_editor() if editor else _read(file or "-")


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{'stdin' if file == '-' else file} is not UTF-8 text") from None
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}") from None


def _written_in_editor() -> str:
    command = editor_of(environment())
    with tempfile.TemporaryDirectory(prefix="commercive-") as directory:
        draft = Path(directory, "message.txt")
        draft.touch(mode=0o600)
        try:
            # The editor is the user's own choice, as with git; it is no shell command, so nothing is expanded.
            done = subprocess.run([*shlex.split(command), str(draft)], check=False)  # noqa: S603
        except (OSError, ValueError) as error:
            raise Invalid(f"the editor {command!r} cannot be started: {error}; set VISUAL or EDITOR") from None
        if done.returncode != 0:
            raise Invalid(f"the editor {command!r} failed with exit code {done.returncode}; nothing was sent")
        text = _read(str(draft))
    if not text.strip():
        raise Invalid("the message is empty; nothing was sent")
    return text
