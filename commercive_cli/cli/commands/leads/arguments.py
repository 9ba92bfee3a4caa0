"""The argument of commands about one lead."""

from typing import Annotated

import typer

from commercive_cli.cli.completers import offered_ids
from commercive_cli.cli.standard_input import id_or_stdin

Lead = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="Id of the lead, or - to read it from stdin.",
        callback=id_or_stdin,
        autocompletion=offered_ids("lead", "leads"),
    ),
]
