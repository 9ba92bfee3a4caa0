"""The only place where errors become lines on stderr and exit codes."""

import errno
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperOption

from commercive_cli.cli.first_run import FirstRun
from commercive_cli.cli.inert_streams import inert
from commercive_cli.cli.render.escape import escape, escape_json
from commercive_cli.domain.errors import (
    CommerciveError,
    Conflict,
    Damaged,
    Denied,
    Invalid,
    Misconfigured,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from commercive_cli.domain.quoting import LONGEST, quoted, shortened
from commercive_cli.domain.secrets import redact

API_MODULES = ("aws_lambda_powertools", "h11", "jwt", "packaging")
"""Modules that only the extra `api` installs."""

_PACKAGE = "commercive_cli"
_FULL = (errno.ENOSPC, errno.EDQUOT)

BUG, USAGE, DIFFERS, PARTIAL, ANSWER_LOST, INTERRUPTED = 1, 2, 3, 7, 74, 130
EXIT_CODES: dict[type[CommerciveError], int] = {
    Invalid: 2,
    Unauthenticated: 4,
    Denied: 4,
    NotFound: 5,
    Conflict: 6,
    RateLimited: 75,
    Unavailable: 75,
    Misconfigured: 78,
    Damaged: 6,
}
"""ARCHITECTURE.md, "Errors"."""


class OutputClosed(Exception):
    """The reader of stdout closed the pipe, as `head` does."""


class Interrupted(Exception):
    """The user pressed Ctrl-C."""


class AnswerLost(Exception):
    """The change was made, but the answer could not be written to stdout; the cause says why."""


class AsItIs(str):
    """A note with the user's own text, which no filter for secrets may change: it stands nowhere else."""

    __slots__ = ()


@contextmanager
def answering(*, changed: bool) -> Iterator[None]:
    """Raise AnswerLost when an answer cannot be written after a change, since a repetition might change it twice."""
    try:
        yield
    except OSError as error:
        if not changed or isinstance(error, BrokenPipeError):
            raise
        raise AnswerLost(
            f"it is done, but the answer could not be written: {error.strerror or type(error).__name__}"
        ) from error


def exit_code(error: CommerciveError) -> int:
    """Return the exit code of an error's type."""
    return next((EXIT_CODES[base] for base in type(error).__mro__ if base in EXIT_CODES), BUG)


def report(error: Exception, given: Sequence[str], *, debug: bool, document: bool = False) -> int:
    """Write the error to stderr in one line, and return the exit code.

    `given` are the arguments; what the message repeats of them is cut to 80 characters. `debug` adds the traceback, and
    `document` the API's document on stdout, unless a part of an answer stands there.
    """
    if debug:
        traceback.print_exception(error)
    failure = _failure(error, given)
    if document and not isinstance(error, AnswerLost) and not getattr(error, "answer_begun", False):
        import json  # imported late, as most commands do not fail

        with suppress(OSError):
            sys.stdout.write(f"{escape_json(json.dumps(failure.document(), ensure_ascii=False))}\n")
            sys.stdout.flush()
    say(failure.message)
    say_notes(error)
    for way in error.ways if isinstance(error, FirstRun) and not document else ():
        sys.stderr.write(f"{escape(way)}\n")
    return failure.exit_code


@dataclass(frozen=True)
class _Failure:
    message: str
    exit_code: int
    code: str = "internal"
    field: str | None = None

    def document(self) -> dict[str, Any]:
        return {"success": False, "error": redact(self.message), "code": self.code, "field": self.field}


def _failure(error: Exception, given: Sequence[str]) -> _Failure:
    match error:
        case CommerciveError():
            return _Failure(error.message, exit_code(error), error.code, error.field)
        case typer.TyperException():
            message, parameter = usage_message(error, given), getattr(error, "param", None)
            return _Failure(message, USAGE, Invalid.code, getattr(parameter, "name", None))
        case typer.Abort():
            return _Failure("cancelled", INTERRUPTED)
        case ModuleNotFoundError() if error.name in API_MODULES:
            advice = "run pip install '.[api]' in the source directory"
            return _Failure(f"this command needs {error.name}: {advice}", USAGE, Invalid.code)
        case AnswerLost():
            return _Failure(str(error), ANSWER_LOST)
        case OSError():
            name = shortened(error.filename) if error.errno == errno.ENAMETOOLONG else error.filename
            place = f"{name}: " if name else ""
            full = error.errno in _FULL
            code, number = (Unavailable.code, EXIT_CODES[Unavailable]) if full else (CommerciveError.code, BUG)
            return _Failure(f"{place}{error.strerror or type(error).__name__}", number, code)
    return _Failure(f"{bug_summary(error)}; run again with --debug for a traceback", BUG)


def bug_summary(error: BaseException) -> str:
    """Return what a bug was and where, without its text, which could hold anything."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _PACKAGE in Path(frame.filename).parts]
    place = f" in {Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else ""
    return f"internal error: {type(error).__name__}{place}"


def say(message: str) -> None:
    """Write the message to stderr in one line, with control characters escaped."""
    sys.stderr.write(f"commercive: {escape(message)}\n")
    sys.stderr.flush()


def say_notes(error: BaseException) -> None:
    """Write the notes of an error, or of its cause, to stderr: what else to know, in indented lines."""
    for note in (*getattr(error, "__notes__", ()), *getattr(error.__cause__, "__notes__", ())):
        out = inert(sys.stderr) if isinstance(note, AsItIs) else sys.stderr
        out.writelines(f"  {escape(line)}\n" for line in note.split("\n"))
    sys.stderr.flush()


def say_as_it_is(text: str) -> None:
    """Write a text of the user's own to stderr in indented lines; no filter for secrets changes it."""
    inert(sys.stderr).writelines(f"  {escape(line)}\n" for line in text.split("\n"))
    sys.stderr.flush()


def usage_message(error: typer.TyperException, given: Sequence[str] = ()) -> str:
    """Return one line for an error in the command line, with the nearest valid word and the help command."""
    context = getattr(error, "ctx", None)
    text = _value_message(error) or _option_message(error) or _plain_message(error, given)
    if context is None:
        return text
    return f"{text}{' See' if text.endswith('?') else '; see'} `{context.command_path} --help`"


def _plain_message(error: typer.TyperException, given: Sequence[str]) -> str:
    message = error.format_message()
    for word in sorted({*given, *(word.partition("=")[2] for word in given)}, key=len, reverse=True):
        for echo in (word, repr(word)[1:-1]):
            message = message.replace(echo, shortened(echo)) if len(echo) > LONGEST else message
    text = " ".join(message.split()).rstrip(".")
    return (text[:1].lower() + text[1:]).replace(". Did", "; did")


def _option_message(error: typer.TyperException) -> str | None:
    name = getattr(error, "option_name", None)
    if not hasattr(error, "possibilities") or name is None:
        return None
    near: Sequence[str] = getattr(error, "possibilities", None) or ()
    return (
        f"there is no option {shortened(name)}" + (f"; did you mean {near[0]}?" if near else "") + _way_of_text(error)
    )


def _way_of_text(error: typer.TyperException) -> str:
    """Return how to write a text that looks like an option, for the commands that take a text; else nothing."""
    context = getattr(error, "ctx", None)
    arguments = [each for each in context.command.params if isinstance(each, TyperArgument)] if context else []
    if context is None or not any(each.name == "text" for each in arguments):
        return ""
    leading = arguments[: [each.name for each in arguments].index("text")]
    before = " ".join([context.command_path, *(str(each.metavar) for each in leading)])
    return f"; a text that begins with - goes behind --: {before} -- TEXT"


def _value_message(error: typer.TyperException) -> str | None:
    """Return the message for an invalid value: the value, the nearest choice and all choices; else None."""
    parameter: Any = getattr(error, "param", None)
    descriptor = getattr(parameter, "type_descriptor", None)
    mistakes = getattr(error.__cause__, "errors", None)
    if descriptor is None or mistakes is None:
        return None
    from commercive_cli.domain.choices import choose

    mistake = mistakes()[0]
    name = max(parameter.opts, key=len) if isinstance(parameter, TyperOption) else parameter.name
    if not descriptor.is_choice:
        problem = mistake["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        return f"{name} {quoted(mistake['input'])} should be {problem}"
    try:
        choose(mistake["input"], tuple(map(str, descriptor.choices)), name)
    except Invalid as refusal:
        return refusal.message
    return None
