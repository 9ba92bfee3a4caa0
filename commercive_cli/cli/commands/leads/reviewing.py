"""`commercive leads review`: pending leads one after another, each decided with a key."""

import shlex
from dataclasses import replace
from typing import Annotated

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.completers import amount_names, offered_ids
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.money_asks import is_asked
from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.session import Session
from commercive_cli.cli.times import parse_time
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.leads.listing import LeadFilter

app = App()
_WORDS = {"affiliate": "of affiliate", "link": "of link", "since": "since", "until": "until"}


@app.command(
    epilog=example(
        "commercive leads review",
        "commercive leads review --commission standard --affiliate AFFILIATE_ID",
    )
)
def review(
    context: typer.Context,
    *,
    commission: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="What Enter alone approves for: in USD, or a name in the config file; if not given, its standard.",
            autocompletion=amount_names,
        ),
    ] = None,
    affiliate: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Of this affiliate only.", autocompletion=offered_ids("affiliate", "affiliates")
        ),
    ] = None,
    link: Annotated[
        str | None,
        typer.Option(
            metavar="CODE", help="That came through this link only.", autocompletion=offered_ids("link", "links")
        ),
    ] = None,
    since: o.Since = None,
    until: o.Until = None,
) -> None:
    r"""Review the pending leads on a terminal, one after another, oldest first.

    Each is shown with the record of its affiliate and what looks odd among the leads of that affiliate. Then one key,
    without Enter:

    \b
    a approve   asks for the amount; of a flagged lead also whether to approve
    r reject    asks for the reason, as it is told outside
    n note      stores a note for admins, and the lead stays pending
    s skip      leaves it; the next review shows it last
    b back      to the pending lead before
    u undo      takes back the last decision of this review, which is a
                decision of its own in the history
    q quit      and Ctrl-C, and the end of input

    A single dot leaves a question, and nothing is written. What others decide or change meanwhile is told and stays as
    it is. Whoever comes back goes on with what is still pending.
    """
    from commercive_cli.cli.reviewing import review_leads

    session = Session(context)
    if not (session.screen.for_people and is_asked(session)):
        raise Invalid(
            "leads are reviewed on a terminal, and there is none; decide by file: commercive leads list --status "
            "pending --all -o csv > decisions.csv, then commercive leads decide decisions.csv"
        )
    first = parse_time(since, "--since", session.now)
    last = parse_time(until, "--until", session.now, whole_day=True)
    filters = {"affiliate": affiliate, "link": link, "since": since, "until": until}
    options = [f"--{name}={value}" for name, value in {"commission": commission, **filters}.items() if value]
    go_on = shlex.join(["commercive", "leads", "review", *options])
    asked = Asked("lead", "pending", tuple(f"{_WORDS[name]} {value}" for name, value in filters.items() if value))
    wanted = LeadFilter("pending", affiliate, link, None, first, last)
    with session.writing() as services:
        if affiliate is not None:
            wanted = replace(wanted, affiliate_id=session.typed("affiliate", services).whole(affiliate))
        review_leads(session, services, wanted, commission, asked, go_on)
