"""The text of a message: from the command line, a file, stdin, the user's editor, a canned reply, or a draft."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from commercive_cli.cli.standard_input import STDIN, read_text
from commercive_cli.domain.canned_replies import fill_for
from commercive_cli.domain.encodings import decoded
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted
from commercive_cli.settings import environment
from commercive_cli.settings.canned_replies import read_reply
from commercive_cli.settings.whole_files import read_whole


@dataclass(frozen=True)
class MessageSources:
    """The possible sources of a message: TEXT or a file (`-` is stdin), a canned reply, the editor, or a draft."""

    text: str | None = None
    file: str | None = None
    template: str | None = None
    variables: Sequence[str] = ()
    editor: bool = False
    draft: bool = False

    def checked(self) -> Self:
        """Return the sources; raise Invalid unless exactly one was named."""
        if self._named != 1:
            raise Invalid("a message comes from exactly one of TEXT, - (stdin), -F FILE, --template, --editor, --draft")
        if self.variables and self.template is None:
            raise Invalid("--var goes with --template and means nothing without it")
        return self

    def or_editor(self) -> Self:
        """Return the sources, or the editor when none was named and there is a terminal for it."""
        return replace(self, editor=True) if self._named == 0 and has_terminal() else self

    @property
    def in_editor(self) -> bool:
        """Return whether the user writes the message in the editor."""
        return self.editor or (self.draft and has_terminal())

    @property
    def may_be_draft(self) -> bool:
        """Return whether a draft may be gone on with: one is asked for, or can be offered."""
        return self.draft or (self.editor and has_terminal())

    @property
    def is_nowhere_else(self) -> bool:
        """Return whether the message exists here alone: it was read from stdin, or typed on a terminal."""
        return STDIN in (self.text, self.file) or (self.text is not None and has_terminal())

    @property
    def is_lost_after_a_dry_run(self) -> bool:
        """Return whether only a draft keeps the message for the run that sends it: it was typed into stdin."""
        return STDIN in (self.text, self.file) and sys.stdin.isatty()

    def message(self, known: Callable[[], Mapping[str, str]] = dict) -> str:
        """Return the message from the command line, a file, stdin or a canned reply.

        `known` returns the values of a canned reply's variables that need none on the command line.
        """
        if self.text is not None:
            return read_text() if self.text == STDIN else self.text
        if self.template is not None:
            return fill_for(read_reply(environment(), self.template), values_in(self.variables), known)
        return _read(self.file or STDIN)

    @property
    def _named(self) -> int:
        given = [each for each in (self.text, self.file, self.template) if each is not None]
        return len(given) + self.editor + self.draft


def has_terminal() -> bool:
    """Return whether there is a terminal to ask and to edit on."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def values_in(variables: Sequence[str]) -> dict[str, str]:
    """Return the values of NAME=VALUE pairs; raise Invalid for what is no such pair."""
    pairs = [variable.partition("=") for variable in variables]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise Invalid(f"--var {quoted(name)} is not of the form NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _read(file: str) -> str:
    try:
        return read_text() if file == STDIN else decoded(read_whole(Path(file)), file)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}") from None
