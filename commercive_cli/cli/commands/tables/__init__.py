"""`commercive tables`: what operators do with the tables, in the order in which help lists it."""

from commercive_cli.cli.commands.tables import data, mend, schema
from commercive_cli.cli.commands.tables.lifecycle import app

__all__ = ["app"]

app.add_typer(mend.app)
app.add_typer(schema.app)
app.add_typer(data.app)
