"""The options that stand before every group, and the one object that carries them to the commands."""

from dataclasses import dataclass

from commercive_cli.domain.errors import Invalid


@dataclass
class GlobalOptions:
    """What the user asked for before the group's name."""

    profile: str | None = None
    store: str | None = None
    actor: str | None = None
    verbose: bool = False
    debug: bool = False
    no_color: bool = False


WITH_VALUE = ("--profile", "--store", "--as")
FLAGS = ("--verbose", "-v", "--debug", "--no-color")


def hoisted(arguments: list[str]) -> list[str]:
    """Return the arguments with global options moved to the front, so that they may stand anywhere, as in kubectl.

    What follows `--` stays where it is.
    """
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, attached, _ = argument.partition("=")
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in FLAGS or (name in WITH_VALUE and attached):
            front.append(argument)
        elif name in WITH_VALUE:
            front += [argument, _value(argument, next(waiting, None))]
        else:
            rest.append(argument)
    return front + rest


def _value(option: str, value: str | None) -> str:
    if value is None:
        raise Invalid(f"{option} needs a value; see `commercive --help`")
    return value
