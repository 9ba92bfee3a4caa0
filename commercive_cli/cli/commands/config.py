"""`commercive config`: profiles and settings."""

from typing import Annotated

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.completers import profile_names
from commercive_cli.cli.errors import DIFFERS
from commercive_cli.cli.global_options import GlobalOptions
from commercive_cli.cli.groups import example, new_group
from commercive_cli.cli.render.settings_views import profiles_shown, settings_shown
from commercive_cli.cli.session import Session
from commercive_cli.domain.quoting import shortened
from commercive_cli.settings import environment
from commercive_cli.settings.config_edit import set_value, unset_value, use_profile
from commercive_cli.settings.config_file import read_config
from commercive_cli.settings.config_get import value_of
from commercive_cli.settings.config_keys import KNOWN, setting_keys, stored_keys
from commercive_cli.settings.places import config_path
from commercive_cli.settings.resolve import NAMES, OPTIONS, VARIABLES

app = new_group("config")
_KEY = "default_profile, commission.NAME, profiles.NAME.SETTING, or a SETTING of --profile"


def _given(context: typer.Context) -> dict[str, str | None]:
    options: GlobalOptions = context.obj
    return {name: getattr(options, name) for name in OPTIONS}


@app.command(epilog=example("commercive --profile prod config show"))
def show(context: typer.Context, *, output: o.Output = "table") -> None:
    """Show each setting, where its value comes from, and what is wrong with it."""
    from commercive_cli.settings.overview import overview

    Session(context, output).show(settings_shown(overview(environment(), _given(context))))


@app.command(epilog=example("commercive config check && commercive api serve"))
def check(context: typer.Context, *, output: o.Output = "table") -> None:
    """List everything that is wrong with the settings and in the config file; exit 3 if anything is."""
    from commercive_cli.settings.overview import overview

    wrong = [each for each in overview(environment(), _given(context)) if each.problem]
    if wrong or output != "table":
        Session(context, output).show(settings_shown(wrong))
    if wrong:
        raise typer.Exit(DIFFERS)
    context.obj.note(f"nothing is wrong with the settings and {config_path(environment())}")


@app.command(epilog=example("$EDITOR $(commercive config path)"))
def path() -> None:
    """Print the path of the config file, whether or not it exists."""
    typer.echo(str(config_path(environment())))


@app.command(
    "get",
    epilog=example("commercive --profile prod config get store", "commercive config get profiles.prod.store"),
)
def get_value(
    context: typer.Context,
    *,
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help="A SETTING of this run, or default_profile or profiles.NAME.SETTING of the config file.",
            autocompletion=lambda: [*NAMES, "default_profile"],
        ),
    ],
) -> None:
    """Print one value: of a setting in force, or of a key of the config file (exit 5 if it is not set there)."""
    typer.echo(value_of(environment(), _given(context), key))


@app.command(
    "set",
    epilog=example(
        "commercive config set profiles.prod.protected true",
        "commercive --profile dev config set store sqlite:///dev.db",
    ),
)
def set_(
    context: typer.Context,
    *,
    key: Annotated[str, typer.Argument(metavar="KEY", help=f"{_KEY}.", autocompletion=lambda: KNOWN)],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Text, or true or false.")],
) -> None:
    """Set one value in the config file. All else in it stays, and the whole file is checked before it is written."""
    set_value(config_path(environment()), setting_keys(key, _given(context)["profile"]), value)


@app.command(epilog=example("commercive config unset profiles.prod.actor", "commercive config unset profiles.old"))
def unset(
    context: typer.Context,
    *,
    key: Annotated[
        str, typer.Argument(metavar="KEY", help=f"{_KEY}, or profiles.NAME as a whole.", autocompletion=lambda: KNOWN)
    ],
) -> None:
    """Remove one value, or a whole profile, from the config file (exit 5 if it is not there)."""
    unset_value(config_path(environment()), stored_keys(key, _given(context)["profile"]))


@app.command(epilog=example("commercive config use prod"))
def use(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A profile of the config file.", autocompletion=profile_names)
    ],
) -> None:
    """Make a profile the default one, which is used when no other is named."""
    use_profile(config_path(environment()), name)
    variable = VARIABLES["profile"]
    other = environment().get(variable, name)
    differs = f"; but here {variable}={shortened(other)} is used" if other not in ("", name) else ""
    context.obj.note(f"default profile: {shortened(name)}{differs}")


@app.command(epilog=example("commercive config profiles"))
def profiles(context: typer.Context, *, output: o.Output = "table") -> None:
    """List the profiles of the config file."""
    Session(context, output).show(profiles_shown(read_config(config_path(environment()))))
