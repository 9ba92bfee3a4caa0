"""`commercive config`: profiles and settings."""

from typing import Annotated

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.groups import example, new_group
from commercive_cli.cli.render.settings_views import profiles_shown, settings_shown
from commercive_cli.cli.session import Session
from commercive_cli.settings import environment
from commercive_cli.settings.config_edit import SETTABLE, change_config
from commercive_cli.settings.config_file import config_path, read_config

app = new_group("config")


@app.command(epilog=example("commercive --profile prod config show"))
def show(context: typer.Context, *, output: o.Output = "table") -> None:
    """Show the current settings, and where each comes from."""
    session = Session(context, output)
    session.show(settings_shown(session.settings, config_path(environment())))


@app.command(epilog=example("$EDITOR $(commercive config path)"))
def path() -> None:
    """Print the path of the config file, whether or not it exists."""
    typer.echo(str(config_path(environment())))


@app.command(
    "set",
    epilog=example(
        "commercive config set profiles.prod.protected true",
        "commercive --profile dev config set store sqlite:///dev.db",
    ),
)
def set_value(
    context: typer.Context,
    *,
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help="default_profile, profiles.NAME.SETTING, or a SETTING of --profile.",
            autocompletion=lambda: SETTABLE,
        ),
    ],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Text, or true or false.")],
) -> None:
    """Set one value in the config file. Comments stay, and the file is checked before it is written."""
    change_config(config_path(environment()), Session(context).options.profile, key, value)


@app.command(epilog=example("commercive config profiles"))
def profiles(context: typer.Context, *, output: o.Output = "table") -> None:
    """List the profiles of the config file."""
    Session(context, output).show(profiles_shown(read_config(config_path(environment()))))
