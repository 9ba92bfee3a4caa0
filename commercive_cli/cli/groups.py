"""The groups of commands: their names and help, and the import of their commands."""

from dataclasses import dataclass
from importlib import import_module

import typer
from typer.core import TyperCommand, TyperGroup


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
}


COMMANDS = {"whoami": "Who acts on which store, and by what clock."}
"""The commands that stand alone, with their help; each has a module of its own."""


class Group(TyperGroup):
    """A group that prints its help when it is called without a command, as gh and kubectl do."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # same class, public name
        """Parse the group's own options."""
        return super().parse_args(ctx, args or ([] if ctx.resilient_parsing else ["--help"]))


def example(*lines: str) -> str:
    r"""Return the epilog with a command's examples; the \b keeps the line breaks."""
    return "\b\n" + "\n".join(("Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)))


def new_group(name: str) -> typer.Typer:
    """Return the group of that name without commands."""
    info = GROUPS[name]
    return typer.Typer(
        name=name,
        cls=Group,
        help=info.help,
        epilog=example(info.example),
        rich_markup_mode=None,
        add_completion=False,
        callback=lambda: None,
    )


def load_command(name: str) -> TyperCommand:
    """Return a command that stands alone, loading its module."""
    app: typer.Typer = import_module(f"commercive_cli.cli.commands.{name}").app
    found = typer.main.get_command(app)
    assert isinstance(found, TyperCommand)
    found.name = name
    return found


def load_group(name: str) -> TyperGroup:
    """Return a group with its commands, loading their module."""
    app: typer.Typer = import_module(f"commercive_cli.cli.commands.{name}").app
    return typer.main.get_group(app)
