"""The options of all commands, and the object that passes them to the commands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from commercive_cli.cli.errors import say
from commercive_cli.cli.render.formats import Format, TimeStyle
from commercive_cli.domain.errors import Invalid

if TYPE_CHECKING:
    from commercive_cli.domain.clock import Clock
    from commercive_cli.store.port import Store

OpenStore = Callable[[], "Store"]


@dataclass
class GlobalOptions:
    """The values of the global options, whether a part of an answer was written, and what stands for the outside."""

    profile: str | None = None
    store: str | None = None
    actor: str | None = None
    verbose: bool = False
    debug: bool = False
    no_color: bool = False
    no_pager: bool = False
    quiet: bool = False
    times: TimeStyle | None = None
    columns: tuple[str, ...] = ()
    access_log: str | None = None
    bom: bool = False
    answer_begun: bool = False
    clock: "Clock | None" = None
    open_store: OpenStore | None = None

    def note(self, message: str) -> None:
        """Write to stderr what is good to know beside the results, unless the user wants it quiet."""
        if not self.quiet:
            say(message)

    def begin_answer(self) -> None:
        """Take note that a part of the answer stands on stdout."""
        self.answer_begun = True

    def words(self) -> list[str]:
        """Return the words that say on a command line which profile, store and actor were asked for."""
        asked = (("--profile", self.profile), ("--store", self.store), ("--as", self.actor))
        return [word for option, value in asked if value is not None for word in (option, value)]


BOM_NEEDS_CSV = "--bom goes with -o csv and means nothing without it"
WITH_VALUE = ("--profile", "--store", "--as", "--time", "--columns", "--access-log")
FLAGS = ("--verbose", "-v", "--debug", "--no-color", "--no-pager", "--quiet", "-q", "--bom")


OUTPUT = ("--output", "-o")
Output = Annotated[Format, typer.Option(*OUTPUT, help="Format of the results on stdout.")]


def global_options_first(arguments: list[str]) -> list[str]:
    """Return the arguments with global options moved to the front, so that they may be anywhere, as in kubectl.

    The format, which is an option of each command, is moved behind the command instead, and `--json` is spelled out.
    Arguments after `--` are not moved.
    """
    front: list[str] = []
    rest: list[str] = []
    output: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        name, attached, _ = argument.partition("=")
        if argument == "--":
            rest += [*output, argument, *remaining]
            output = []
        elif argument == "--json":
            output += ["--output", "json"]
        elif argument in OUTPUT:
            output += ["--output", _value(argument, next(remaining, None))]
        elif name == "--output" or (argument.startswith("-o") and len(argument) > 2):
            output += ["--output", argument.partition("=")[2] if name == "--output" else argument[2:].removeprefix("=")]
        elif argument in FLAGS or (name in WITH_VALUE and attached):
            front.append(argument)
        elif name in WITH_VALUE:
            front += [argument, _value(argument, next(remaining, None))]
        else:
            rest.append(argument)
    return [*front, *rest, *output]


def asked_format(arguments: list[str]) -> str:
    """Return the last format that the arguments ask for, `table` if none."""
    try:
        moved = global_options_first(arguments)
    except Invalid:
        return "table"
    before = moved[: moved.index("--")] if "--" in moved else moved
    positions = [position for position, word in enumerate(before[:-1]) if word == "--output"]
    return before[positions[-1] + 1] if positions else "table"


def _value(option: str, value: str | None) -> str:
    if value is None:
        raise Invalid(f"{option} needs a value; see `commercive --help`")
    return value
