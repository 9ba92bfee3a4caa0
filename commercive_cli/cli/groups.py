"""The groups of commands: their names and help, and the import of their commands."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

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
}


class Group(TyperGroup):
    """A group that prints its help when it is called without a command, as gh and kubectl do."""

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


def load_group(name: str) -> TyperGroup:
    """Return a group with its commands, loading their module."""
    app: typer.Typer = import_module(f"commercive_cli.cli.commands.{name}").app
    return typer.main.get_group(app)
