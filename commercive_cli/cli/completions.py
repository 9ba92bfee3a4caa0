"""Shell completion: the scripts for bash, zsh and fish, made from Typer's, and the answers to shells' requests.

`python -m commercive_cli.cli.completions DIRECTORY` writes the scripts; a test compares them.
"""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer._completion_shared import get_completion_script
from typer.completion import get_completion_inspect_parameters
from typer.core import TyperGroup

from commercive_cli.settings import environment

FILES = {"bash": "commercive.bash", "zsh": "_commercive", "fish": "commercive.fish"}
_VARIABLE = "_COMMERCIVE_COMPLETE"
_AUTOLOADED = """if [ "$funcstack[1]" = "_commercive" ]; then
  _commercive_completion "$@"
else
  compdef _commercive_completion commercive
fi"""
"""At the first Tab, zsh runs an autoloaded file as the completion function, so the file must complete then, too."""


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print a shell's completion script."""
    typer.echo(script(shell), nl=False)


def script(shell: str) -> str:
    """Return the completion script of bash, zsh or fish."""
    text = get_completion_script(prog_name="commercive", complete_var=_VARIABLE, shell=shell)
    if shell == "zsh":
        text = text.replace("compdef _commercive_completion commercive", _AUTOLOADED)
    return f"{text}\n"


def answer_shell(command: TyperGroup, program: str) -> None:
    """Answer a shell's request for completions, and exit; return if there is no such request."""
    if _VARIABLE in environment():
        get_completion_inspect_parameters()  # registers the shells with Typer
        command.main([], prog_name=program, complete_var=_VARIABLE)


def write_scripts(directory: Path) -> None:
    """Write the scripts of all shells under the file names that the shells expect."""
    directory.mkdir(parents=True, exist_ok=True)
    for shell, name in FILES.items():
        (directory / name).write_text(script(shell), encoding="utf-8")


if __name__ == "__main__":
    write_scripts(Path(sys.argv[1]))
