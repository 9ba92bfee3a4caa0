"""`commercive leads report`: what became of the leads of some time, by affiliate and week."""

from typing import Annotated

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.completers import offered_ids
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.session import Session
from commercive_cli.cli.times import parse_time
from commercive_cli.store.schema import LEADS

app = App()


@app.command(
    epilog=example(
        "commercive leads report --since 2026-10-01 --until 2026-12-31",
        "commercive leads report --affiliate AFFILIATE_ID",
        "commercive leads report --since 365d -o csv > year.csv",
    )
)
def report(
    context: typer.Context,
    *,
    since: Annotated[str, typer.Option(metavar="TIME", help=f"From TIME on: {o.TIMES}.")] = "90d",
    until: o.Until = None,
    affiliate: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Of this affiliate only.", autocompletion=offered_ids("affiliate", "affiliates")
        ),
    ] = None,
    output: o.Output = "table",
) -> None:
    r"""Report on leads: how many came, what became of them, for how much, and how fast.

    \b
    leads         Those submitted between --since and --until, each in the week of
                  its submission, whenever it was decided.
    week          The ISO week, Monday to Sunday, in the zone of [business_hours]
                  in the config file, else of this machine.
    decided       Approved or rejected now. A decision that was taken back counts
                  nowhere: the lead is pending. An amended one counts as it is now.
    rate          How many in a hundred of the decided leads are approved.
    USD           The sum of the commissions of approved leads, to the cent.
    average       That sum for each approved lead, to the nearest cent.
    p50, p90      Half, and nine in ten, of the decisions took no longer (nearest
                  rank): from the submission to the decision that stands, by the
                  clock, not in business hours.
    unknown when  Leads that another program decided without noting when, or with
                  a time before the submission. They count, but not in p50 and p90.
    not counted   What is too damaged to be read: commercive tables audit.

    Every lead is read once; with --affiliate only those of that affiliate and time. csv has a row for all together, and
    for each week, affiliate, and affiliate and week (`section`); times are milliseconds.
    """
    from commercive_cli.cli.render import lead_report_view as _view  # noqa: F401 - declares the view of the answer

    session = Session(context, output)
    with session.reading() as services:
        zone = services.lead_report.zone
        first = parse_time(since, "--since", session.now, zone=zone) or 0
        last = parse_time(until, "--until", session.now, whole_day=True, zone=zone)
        one = None if affiliate is None else session.typed("affiliate", services).whole(affiliate)
        total = (lambda: services.tables.count((LEADS,))) if one is None else (lambda: None)
        with session.progress({"leads": total}) as (on_items,):
            found = services.lead_report.report(first, last, affiliate_id=one, on_items=on_items)
        session.show(found)
