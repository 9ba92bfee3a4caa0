"""The command that `chat watch --exec` runs for each event: the event is its stdin, and no shell reads any of it."""

import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass

from commercive_cli.cli.errors import say
from commercive_cli.cli.render.documents import lines
from commercive_cli.cli.render.escape import escape
from commercive_cli.domain.answers.changes import Change
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.settings import environment
from commercive_cli.settings.event_variables import with_event

LONGEST_SECONDS = 60
"""After so long a command is ended."""


@dataclass(frozen=True)
class EventCommand:
    """A program with its arguments, which are the same for every event."""

    words: tuple[str, ...]
    seconds: float = LONGEST_SECONDS

    @classmethod
    def of(cls, line: str) -> "EventCommand":
        """Return the command of a line, which is divided as a shell would; raise Invalid when there is no such one."""
        try:
            words = tuple(shlex.split(line))
        except ValueError:
            raise Invalid(f"--exec {quoted(line)} has a quote without its end") from None
        if not words or shutil.which(words[0]) is None:
            raise Invalid(f"--exec {quoted(line)}: there is no program {quoted(words[0] if words else '')}")
        return cls(words)

    def run(self, change: Change) -> None:
        """Run it for one event and pass what it prints to stderr; that it fails is said there, and nothing more."""
        try:
            done = subprocess.run(  # noqa: S603  # the user's own choice of a program
                self.words,
                input="".join(lines([change])).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=_environment(change),
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            _say_failed(change, f"took longer than {self.seconds:g} s and was ended")
        except OSError as error:
            _say_failed(change, f"could not be started ({error.strerror})")
        else:
            sys.stderr.write(done.stdout.decode(errors="backslashreplace"))
            sys.stderr.flush()
            if done.returncode:
                _say_failed(change, f"ended with exit code {done.returncode}")


def _environment(change: Change) -> dict[str, str]:
    conversation = "" if change.conversation is None else change.conversation.conversation_id
    message = "" if change.message is None else change.message.message_id
    return with_event(environment(), change.event, escape(conversation), escape(message))


def _say_failed(change: Change, what: str) -> None:
    name = "" if change.conversation is None else shortened(change.conversation.conversation_id)
    say(f"--exec {what} for the event {change.event} of conversation {name}; the watch goes on")
