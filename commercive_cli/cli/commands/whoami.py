"""`commercive whoami`: who acts on which store, and whether the clocks agree."""

import typer

from commercive_cli.bootstrap import Services
from commercive_cli.cli import options as o
from commercive_cli.cli.groups import COMMANDS, App, example
from commercive_cli.cli.render.whoami_view import who_am_i
from commercive_cli.cli.session import Session
from commercive_cli.domain.errors import CommerciveError
from commercive_cli.store.port import StoreClock

app = App(rich_markup_mode=None, add_completion=False)


@app.command(help=COMMANDS["whoami"], epilog=example("commercive --profile prod whoami"))
def whoami(context: typer.Context, *, output: o.Output = "table") -> None:
    """Show the answer also when the store refuses or is silent, then fail as any other command would."""
    session = Session(context, output)
    with session.reading(may_be_missing=True) as services:
        clock = _clock(services)
        session.show(who_am_i(session.settings, services.store, clock, session.time.local()))
    refusal = session.first_run() or clock.refusal
    if refusal is not None:
        refusal.answer_begun = True
        raise refusal


def _clock(services: Services) -> StoreClock:
    try:
        return services.store.clock()
    except CommerciveError as error:
        return StoreClock(None, error)
