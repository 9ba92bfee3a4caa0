"""`commercive leads`: the list, one lead, those that look alike, and new ones."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Literal

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.commands.leads.arguments import Lead
from commercive_cli.cli.completers import offered_ids
from commercive_cli.cli.flag_checks import compared_with_all
from commercive_cli.cli.groups import example, new_group
from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.session import Session
from commercive_cli.cli.times import parse_time
from commercive_cli.domain.answers.leads import FlaggedLeads, Leads
from commercive_cli.domain.models import ORDER_VOLUMES
from commercive_cli.services.leads.listing import LeadFilter

app = new_group("leads")
_AFFILIATES = offered_ids("affiliate", "affiliates")
_CODES = offered_ids("link", "links")


@app.command(
    "list", epilog=example("commercive leads list --status pending --since 7d", "commercive leads list -o csv")
)
def list_leads(
    context: typer.Context,
    *,
    status: Annotated[Literal["pending", "approved", "rejected", "all"], typer.Option(help="Which leads.")] = "all",
    affiliate: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Of this affiliate only.", autocompletion=_AFFILIATES),
    ] = None,
    link: Annotated[
        str | None, typer.Option(metavar="CODE", help="That came through this link only.", autocompletion=_CODES)
    ] = None,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="With TEXT in the name, business, e-mail, phone or product link.")
    ] = None,
    since: o.Since = None,
    until: o.Until = None,
    flags: Annotated[
        bool, typer.Option("--flags", help="With what looks odd; reads all leads once, to compare them.")
    ] = False,
    limit: o.Limit = None,
    cursor: o.Cursor = None,
    everything: o.All = False,
    output: o.Output = "table",
) -> None:
    """List leads, newest first."""
    session = Session(context, output)
    first = parse_time(since, "--since", session.now)
    last = parse_time(until, "--until", session.now, whole_day=True)
    wanted = LeadFilter(status, affiliate, link, search, first, last)
    with session.reading() as services:
        if affiliate is not None:
            wanted = replace(wanted, affiliate_id=session.typed("affiliate", services).whole(affiliate))
        listed: Callable[..., Leads | FlaggedLeads] = services.lead_reader.list_leads
        if flags:
            listed = partial(services.lead_flags.list_leads, compared_with_all(session, services))
        session.list(
            FlaggedLeads if flags else Leads,
            o.Paging(limit, cursor, everything),
            lambda count, start: listed(wanted, limit=count, cursor=start),
            _asked(status, affiliate, link, {"with": search, "since": since, "until": until}),
        )


@app.command(epilog=example("commercive leads show LEAD_ID"))
def show(context: typer.Context, *, lead: Lead, output: o.Output = "table") -> None:
    """Show a lead, the stats of its affiliate, and what looks odd among the leads of that affiliate."""
    session = Session(context, output)
    with session.reading() as services:
        session.show(services.lead_flags.show(session.typed("lead", services).whole(lead)))


@app.command(epilog=example("commercive leads duplicates --since 7d", "commercive leads duplicates --all -o csv"))
def duplicates(
    context: typer.Context,
    *,
    since: o.Since = None,
    until: o.Until = None,
    limit: o.Limit = None,
    cursor: o.Cursor = None,
    everything: o.All = False,
    output: o.Output = "table",
) -> None:
    """List the leads that look odd, newest first; reads all leads and links once.

    They share e-mail, phone or shop with another lead, whenever that came, or with their own affiliate; or they came
    with many over one link.
    """
    session = Session(context, output)
    first = parse_time(since, "--since", session.now)
    last = parse_time(until, "--until", session.now, whole_day=True)
    with session.reading() as services:
        found = partial(services.lead_flags.duplicates, compared_with_all(session, services), since=first, until=last)
        session.list(
            FlaggedLeads,
            o.Paging(limit, cursor, everything),
            lambda count, start: found(limit=count, cursor=start),
            replace(_asked("all", None, None, {"since": since, "until": until}), before="flagged"),
        )


@app.command(
    epilog=example(
        "commercive leads submit --link 7Q2M9XKD --name 'Ann Lee' --email ann@example.com --order-volume 5-20"
    )
)
def submit(
    context: typer.Context,
    *,
    link: Annotated[str, typer.Option(metavar="CODE", help="Code of the affiliate link.", autocompletion=_CODES)],
    name: Annotated[str, typer.Option(metavar="N", help="Name of the prospect.")],
    email: Annotated[str, typer.Option(metavar="E", help="E-mail address of the prospect.")],
    phone: Annotated[str, typer.Option(metavar="P", help="Phone number, as typed.")] = "",
    product_link: Annotated[str, typer.Option(metavar="URL", help="Web address of the product.")] = "",
    order_volume: Annotated[
        str,
        typer.Option(
            metavar="V", help=f"Orders a day: {', '.join(ORDER_VOLUMES)}.", autocompletion=lambda: ORDER_VOLUMES
        ),
    ] = "",
    pending_orders: Annotated[str, typer.Option(metavar="N", help="Orders that wait now.")] = "",
    business_name: Annotated[str, typer.Option(metavar="B", help="Name of the business.")] = "",
    key: o.Key = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Submit a lead through an affiliate's link."""
    form = {
        "name": name,
        "email": email,
        "phone": phone,
        "product_link": product_link,
        "order_volume": order_volume,
        "pending_orders": pending_orders,
        "business_name": business_name,
    }
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        session.write(lambda: services.leads.submit(link, form, key=key))


def _asked(status: str, affiliate: str | None, link: str | None, others: Mapping[str, str | None]) -> Asked:
    state = "" if status == "all" else status
    told = {"status": state, "affiliate_id": affiliate, "link_id": link}
    of = (f"of affiliate {affiliate}" if affiliate else "", f"of link {link}" if link else "")
    also = tuple(f"{words} {value}" for words, value in others.items() if value)
    return Asked("lead", state, (*of, *also), said=tuple(name for name, value in told.items() if value))
