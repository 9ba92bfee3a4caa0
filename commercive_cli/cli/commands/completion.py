"""`commercive completion`: the scripts that let a shell complete our commands, and their installation."""

from typing import Annotated

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.completion_files import Shell, place_of, put, users_shell
from commercive_cli.cli.completions import script
from commercive_cli.cli.confirm import confirm
from commercive_cli.cli.groups import example, new_group
from commercive_cli.settings import environment

app = new_group("completion")


@app.command(epilog=example('eval "$(commercive completion bash)"'))
def bash() -> None:
    """Print the completion script of bash."""
    typer.echo(script("bash"), nl=False)


@app.command(epilog=example("commercive completion zsh > ~/.zfunc/_commercive"))
def zsh() -> None:
    """Print the completion script of zsh."""
    typer.echo(script("zsh"), nl=False)


@app.command(epilog=example("commercive completion fish | source"))
def fish() -> None:
    """Print the completion script of fish."""
    typer.echo(script("fish"), nl=False)


@app.command(epilog=example("commercive completion install", "commercive completion install zsh >> ~/.zshrc"))
def install(
    context: typer.Context,
    shell: Annotated[
        Shell | None, typer.Argument(metavar="SHELL", help="bash, zsh or fish; by default that of $SHELL.")
    ] = None,
    *,
    yes: o.Yes = False,
) -> None:
    """Put the script where the shell finds it, and print the lines that the shell's start file needs, if any.

    A file there that this program did not write is replaced only after a question.
    """
    chosen = shell or users_shell(environment())
    place = place_of(chosen, environment())
    changed = put(script(chosen), place.path, lambda question: confirm(question, yes=yes))
    context.obj.note(f"{place.path}: {'written' if changed else 'it is up to date'}")
    context.obj.note(place.left)
    for line in place.lines:
        typer.echo(line)
