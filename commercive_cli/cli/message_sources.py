"""The text of a message: from the command line, a file, stdin, the user's editor, or a canned reply."""

import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from commercive_cli.cli.interrupts import whole_input
from commercive_cli.domain.canned_replies import fill
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.settings import editor_of, environment
from commercive_cli.settings.canned_replies import read_reply


@dataclass(frozen=True)
class MessageSources:
    """The possible sources of a message: TEXT, a file (`-` is stdin), the editor, or a canned reply."""

    text: str | None = None
    file: str | None = None
    editor: bool = False
    template: str | None = None
    variables: Sequence[str] = ()

    def message(self) -> str:
        """Return the message from its source; raise Invalid unless exactly one source was named."""
        named = [each for each in (self.text, self.file, self.template) if each is not None]
        if len(named) + self.editor != 1:
            raise Invalid("the message comes from exactly one of TEXT, -F FILE, -F -, --editor and --template")
        if self.variables and self.template is None:
            raise Invalid("--var goes with --template and means nothing without it")
        if self.text is not None:
            return self.text
        if self.template is not None:
            return fill(read_reply(environment(), self.template), _values(self.variables))
        return _written_in_editor() if self.editor else _read(self.file or "-")


def _values(variables: Sequence[str]) -> dict[str, str]:
    pairs = [variable.partition("=") for variable in variables]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise Invalid(f"--var {quoted(name)} is not of the form NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _read(file: str) -> str:
    try:
        return whole_input(sys.stdin).read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{'stdin' if file == '-' else file} is not UTF-8 text") from None
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}") from None


def _written_in_editor() -> str:
    command = editor_of(environment())
    with tempfile.TemporaryDirectory(prefix="commercive-") as directory:
        path = Path(directory, "message.txt")
        path.touch(mode=0o600)
        try:
            # The user chooses the editor, as with git. It is not run by a shell, so nothing is expanded.
            done = subprocess.run([*shlex.split(command), str(path)], check=False)  # noqa: S603
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no command line"
            raise Invalid(f"the editor {quoted(command)} cannot be started: {why}; set VISUAL or EDITOR") from None
        if done.returncode != 0:
            raise Invalid(f"the editor {quoted(command)} failed with exit code {done.returncode}; nothing was sent")
        text = _read(str(path))
    if not text.strip():
        raise Invalid("the message is empty; nothing was sent")
    return text
