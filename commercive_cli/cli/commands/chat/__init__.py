"""`commercive chat`: the support staff's commands for conversations, in the order of the help."""

from commercive_cli.cli.commands.chat import desk, messages, overviews, templates, watch
from commercive_cli.cli.commands.chat.conversations import app

__all__ = ["app"]

app.add_typer(messages.app)
app.add_typer(desk.app)
app.add_typer(watch.app)
app.add_typer(overviews.app)
app.add_typer(templates.app)
