"""The groups of commands: their names and help, and the import of their commands."""

import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer._coercion import RuntimeParam, build_runtime_param
from typer.core import TyperCommand, TyperGroup

from commercive_cli.cli.global_options import BOM_NEEDS_CSV
from commercive_cli.domain.errors import Invalid


@dataclass(frozen=True)
class GroupInfo:
    """A group's line in `commercive --help`, and the example in its own help."""

    help: str
    example: str


GROUPS = {
    "chat": GroupInfo(
        "Support conversations: read, answer, close and reopen them.",
        "commercive chat list --status open --sort waiting",
    ),
    "leads": GroupInfo(
        "Leads of the affiliate programme: review and decide them.", "commercive leads list --status pending"
    ),
    "affiliates": GroupInfo(
        "Affiliates: their links, their stats and what they earned.", "commercive affiliates show AFFILIATE_ID"
    ),
    "tables": GroupInfo("The tables themselves: create, inspect, check and delete them.", "commercive tables create"),
    "api": GroupInfo(
        "The API that the dashboard calls: serve it here, call it, deploy it.", "commercive api serve --auth none"
    ),
    "config": GroupInfo(
        "Profiles and settings of this program.", "commercive config set profiles.dev.store sqlite:///dev.db"
    ),
    "completion": GroupInfo(
        "Completion of commands, ids and names in bash, zsh and fish.", "commercive completion install"
    ),
}


SUBGROUPS = {
    "chat templates": GroupInfo(
        "Canned replies: text files in the directory templates beside the config file.",
        "commercive chat templates check",
    ),
}
"""The groups within groups."""

COMMANDS = {"whoami": "Who acts on which store, and by what clock."}
"""The commands that stand alone, with their help; each has a module of its own."""

ALIASES = {"ls": "list", "view": "show"}
"""Words of other tools for commands of ours; they stand in no help."""

_PYTHON_TYPE = re.compile(r"^( +\S+) <(?:str|file|path|directory)>", re.MULTILINE)
_RANGE = re.compile(r"(\[|; )x>=([0-9]+)\]")


class _OfGivenValues(RuntimeParam):
    """Reads the values of one parameter; what that takes is made for a value only, and most options have none."""

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        return build_runtime_param(param.type_descriptor).coerce(value, param, ctx)


def _read_when_given(parameters: Iterable[Any]) -> None:
    for each in parameters:
        each._runtime_param = _OfGivenValues(each.type_descriptor.parameter_info, each.type_descriptor.annotation)


class Command(TyperCommand):
    """A command, whose help says how many and not which type of Python, and names the options of all commands."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        _read_when_given(self.params)
        # The mark that keeps line breaks is one character, for which a raw docstring holds two.
        self.help = self.help and self.help.replace("\\b\n", "\b\n")

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]  # same class, public name
        """Return the help."""
        help_text = _PYTHON_TYPE.sub(_blanked, super().get_help(ctx))
        return f"{_RANGE.sub(_at_least, help_text)}\n\n{GLOBAL}"


GLOBAL = (
    "Before or after any command: --profile, --store, --as, --access-log, --json,\n"
    "--columns, --bom, --time, --no-pager, --no-color, --quiet, --verbose, --debug;\n"
    "see `commercive --help`."
)


def _blanked(match: re.Match[str]) -> str:
    return match[1] + " " * (len(match[0]) - len(match[1]))


def _at_least(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]} or more]"


class App(typer.Typer):
    """A group under construction; its commands are of our class."""

    def command(self, name: str | None = None, **attributes: Any) -> Callable[[Any], Any]:
        """Register a command."""
        return super().command(name, cls=Command, **attributes)


class Group(TyperGroup):
    """A group that prints its help when it is called without a command, as gh and kubectl do."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        _read_when_given(self.params)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # same class, public name
        """Return a command by its name or by another tool's word for it."""
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, ALIASES.get(cmd_name, cmd_name))

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # same class, public name
        """Parse the group's own options."""
        return super().parse_args(ctx, args or ([] if ctx.resilient_parsing else ["--help"]))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the arguments name; refuse --bom for one that writes no CSV."""
        name, command, rest = super().resolve_command(ctx, args)
        is_group, parameters = isinstance(command, TyperGroup), getattr(command, "params", ())
        if ctx.find_root().params.get("bom") and not (is_group or any(each.name == "output" for each in parameters)):
            raise Invalid(BOM_NEEDS_CSV)
        return name, command, rest


def example(*lines: str) -> str:
    r"""Return the epilog with a command's examples; the \b keeps the line breaks."""
    return "\b\n" + "\n".join(("Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)))


def new_group(name: str) -> App:
    """Return the group of that name without commands; one within a group is named by both words."""
    info = (GROUPS | SUBGROUPS)[name]
    return App(
        name=name.rpartition(" ")[2],
        cls=Group,
        help=info.help,
        epilog=example(info.example),
        rich_markup_mode=None,
        add_completion=False,
        callback=lambda: None,
    )


@cache
def load_command(name: str) -> TyperCommand:
    """Return a command that stands alone, loading its module."""
    app: typer.Typer = import_module(f"commercive_cli.cli.commands.{name}").app
    found = typer.main.get_command(app)
    assert isinstance(found, TyperCommand)
    found.name = name
    return found


@cache
def load_group(name: str, called: str = "") -> TyperGroup:
    """Return a group with its commands, loading their modules; if it has the command that is `called`, with that alone.

    What is not called need not be loaded and made: of a large group that takes longer than all else that a run does.
    """
    parts: list[typer.Typer] = []
    for part in _parts_of(name):
        merges = not parts or not part.info.name
        parts.append(part)
        for info in part.registered_commands if called and merges else ():
            if info.callback and called == (info.name or typer.main.get_command_name(info.callback.__name__)):
                return _made(parts[0], [info], [])
    return _made(parts[0], parts[0].registered_commands, parts[1:])


def _parts_of(name: str) -> Iterator[typer.Typer]:
    """Yield what a group is made of, loading one module after the other: first the group, then what merges into it."""
    module = import_module(f"commercive_cli.cli.commands.{name}")
    for subject in getattr(module, "SUBJECTS", ()):
        yield import_module(f"{module.__name__}.{subject}").app
    if hasattr(module, "app"):
        yield module.app


def _made(group: typer.Typer, commands: list[Any], others: list[typer.Typer]) -> TyperGroup:
    app = copy(group)
    app.registered_commands, app.registered_groups = commands, []
    for other in others:
        app.add_typer(other)
    return typer.main.get_group(app)
