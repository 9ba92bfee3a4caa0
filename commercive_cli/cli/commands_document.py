"""`commercive commands`: every command, its arguments and options, and every exit code, as data."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from typer.core import TyperArgument, TyperGroup

from commercive_cli.cli.errors import ANSWER_LOST, BUG, DIFFERS, INTERRUPTED, PARTIAL
from commercive_cli.cli.groups import COMMANDS, GROUPS, load_command, load_group
from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.domain.answers.base import Answer

EXIT_CODES = {
    0: "done; an empty list is fine",
    BUG: "a bug",
    2: "invalid input, or a question that nobody was there to answer",
    DIFFERS: "a check found differences",
    4: "credentials are missing or wrong, or this is not allowed",
    5: "no such thing",
    6: "conflict: another state than was assumed, or a damaged item",
    PARTIAL: "some of many failed",
    ANSWER_LOST: "it is done, but the answer could not be written",
    75: "try again",
    78: "something has to be set up first",
    INTERRUPTED: "interrupted",
}
"""What README's table of exit codes says, in short."""


class ParameterShown(BaseModel):
    """An argument or option; `choices` is empty where any text of the type may stand."""

    name: str
    kind: str
    type: str
    required: bool
    many: bool
    choices: list[str]
    default: str | None
    help: str


class CommandShown(BaseModel):
    """A command: the words that call it, what it does, and what it takes."""

    command: str
    help: str
    parameters: list[ParameterShown]


class CommandsShown(Answer):
    """All commands, the options that each of them takes besides, and the exit codes."""

    commands: list[CommandShown]
    global_options: list[ParameterShown]
    exit_codes: dict[int, str]


def commands_document(root: TyperGroup) -> CommandsShown:
    """Return all commands of the program as data."""
    return CommandsShown(
        commands=[_shown(words, each) for words, each in _leaves(root)],
        global_options=_parameters(root),
        exit_codes=EXIT_CODES,
    )


def _leaves(root: TyperGroup) -> Iterator[tuple[str, Any]]:
    for name, command in sorted(root.commands.items()):
        if name in GROUPS:
            yield from _leaves_of(name, load_group(name))
        else:
            yield name, load_command(name) if name in COMMANDS else command


def _leaves_of(words: str, group: TyperGroup) -> Iterator[tuple[str, Any]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, TyperGroup):
            yield from _leaves_of(f"{words} {name}", command)
        else:
            yield f"{words} {name}", command


def _shown(words: str, command: Any) -> CommandShown:
    return CommandShown(command=words, help=" ".join((command.help or "").split()), parameters=_parameters(command))


def _parameters(command: Any) -> list[ParameterShown]:
    return [_parameter(each) for each in command.params if not getattr(each, "hidden", False) and each.name != "help"]


def _parameter(parameter: Any) -> ParameterShown:
    argument = isinstance(parameter, TyperArgument)
    descriptor = parameter.type_descriptor
    choices = [str(each) for each in descriptor.choices] if descriptor.is_choice else []
    flag = getattr(parameter, "is_flag", False)
    default = parameter.default if isinstance(parameter.default, str | int | float) and not flag else None
    return ParameterShown(
        name=(parameter.metavar or parameter.name) if argument else max(parameter.opts, key=len),
        kind="argument" if argument else "option",
        type="flag" if flag else "choice" if choices else parameter.bare_type(),
        required=parameter.required,
        many=parameter.nargs == -1 or getattr(parameter, "multiple", False),
        choices=choices,
        default=None if default is None else str(default),
        help=" ".join((getattr(parameter, "help", None) or "").split()),
    )


VIEWS[CommandsShown] = View(
    lambda answer: answer.commands, (Column("command", "id", names=True), Column("help", "prose"))
)
