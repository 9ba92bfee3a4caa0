"""`commercive tables`: the operators' commands for the tables, in the order of the help."""

from commercive_cli.cli.commands.tables import data, mend, schema
from commercive_cli.cli.commands.tables.lifecycle import app

__all__ = ["app"]

app.add_typer(mend.app)
app.add_typer(schema.app)
app.add_typer(data.app)
