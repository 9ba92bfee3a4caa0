"""The options of all commands, and the object that passes them to the commands."""

from dataclasses import dataclass

from commercive_cli.domain.errors import Invalid


@dataclass
class GlobalOptions:
    """The values of the global options."""

    profile: str | None = None
    store: str | None = None
    actor: str | None = None
    verbose: bool = False
    debug: bool = False
    no_color: bool = False
    bom: bool = False


BOM_NEEDS_CSV = "--bom goes with -o csv and means nothing without it"
WITH_VALUE = ("--profile", "--store", "--as")
FLAGS = ("--verbose", "-v", "--debug", "--no-color", "--bom")


def global_options_first(arguments: list[str]) -> list[str]:
    """Return the arguments with global options moved to the front, so that they may be anywhere, as in kubectl.

    Arguments after `--` are not moved.
    """
    front: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        name, attached, _ = argument.partition("=")
        if argument == "--":
            rest += [argument, *remaining]
        elif argument in FLAGS or (name in WITH_VALUE and attached):
            front.append(argument)
        elif name in WITH_VALUE:
            front += [argument, _value(argument, next(remaining, None))]
        else:
            rest.append(argument)
    return front + rest


def _value(option: str, value: str | None) -> str:
    if value is None:
        raise Invalid(f"{option} needs a value; see `commercive --help`")
    return value
