"""`commercive leads`: the admins' commands for the leads of the affiliate programme."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from commercive_cli.cli import bulk
from commercive_cli.cli import options as o
from commercive_cli.cli.completers import Completer, amount_names, offered_ids
from commercive_cli.cli.flag_checks import FlagCheck, compared_with_all
from commercive_cli.cli.groups import example, new_group
from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.session import Session
from commercive_cli.cli.standard_input import id_or_stdin, may_be_stdin, text_or_stdin
from commercive_cli.cli.times import parse_moment, parse_time
from commercive_cli.domain.answers.leads import FlaggedLeads, Leads
from commercive_cli.domain.models import ORDER_VOLUMES
from commercive_cli.services.leads.listing import LeadFilter

app = new_group("leads")


def _leads(offered: Completer) -> Any:
    help_text = "Ids of leads, or - to read them from stdin."
    return typer.Argument(metavar="ID", help=help_text, callback=may_be_stdin, autocompletion=offered)


Lead = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="Id of the lead, or - to read it from stdin.",
        callback=id_or_stdin,
        autocompletion=offered_ids("lead", "leads"),
    ),
]
PendingLeads = Annotated[list[str], _leads(offered_ids("lead", "pending", "pending"))]
DecidedLeads = Annotated[list[str], _leads(offered_ids("lead", "leads", "approved", "rejected"))]
_AFFILIATES = offered_ids("affiliate", "affiliates")
_CODES = offered_ids("link", "links")
Notes = Annotated[
    str | None,
    typer.Option(
        "--notes", metavar="TEXT", help="Why, or - for stdin; at most 2,000 characters.", callback=text_or_stdin
    ),
]
Amend = Annotated[bool, typer.Option("--amend", help="Replace an earlier, different decision.")]

DespiteFlags = Annotated[
    bool, typer.Option("--despite-flags", help="Also leads that look odd, which are refused among many.")
]


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
        str | None, typer.Option(metavar="TEXT", help="With TEXT in the name, e-mail, phone or product link.")
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
        listed: Callable[..., Leads | FlaggedLeads] = services.leads.list_leads
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
    }
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        session.write(lambda: services.leads.submit(link, form, key=key))


@app.command(
    epilog=example(
        "commercive leads approve LEAD_ID --commission 25.50",
        "commercive leads approve LEAD_ID --commission standard",
        "commercive leads list --status pending -o ids | commercive leads approve - --commission 10",
    )
)
def approve(
    context: typer.Context,
    *,
    ids: PendingLeads,
    commission: Annotated[
        str,
        typer.Option(
            metavar="AMOUNT",
            help="Commission in USD, such as 25.50, or its name in the config file.",
            autocompletion=amount_names,
        ),
    ],
    notes: Notes = None,
    amend: Amend = False,
    despite_flags: DespiteFlags = False,
    as_of: o.AsOf = None,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Approve leads with a commission. Approving again with the same amount changes nothing."""
    from commercive_cli.cli.money_asks import MoneyAsk

    session = Session(context, output)
    amount = session.settings.amounts.parse(commission, "--commission")
    seen, keys = _seen(ids, as_of), bulk.request_keys(key, many=bulk.is_many(ids))
    with session.writing(yes=yes, dry_run=dry_run) as services:
        typed = session.typed("lead", services, "approve")
        flags = FlagCheck(session, services, many=bulk.is_many(ids), despite=despite_flags)
        session.each(
            MoneyAsk(session, services.leads, typed, flags, amount, amend, yes).agreed(ids),
            lambda one: services.leads.decide(
                one,
                "approved",
                session.actor,
                commission=amount,
                notes=notes,
                amend=amend,
                as_of=seen,
                objection=flags.objection(one),
                key=keys(one),
            ),
            typed,
        )


@app.command(epilog=example("commercive leads reject LEAD_ID --reason 'Volume too low'"))
def reject(
    context: typer.Context,
    *,
    ids: PendingLeads,
    reason: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Why, as it is told outside, or - for stdin; at most 2,000 characters.",
            callback=text_or_stdin,
        ),
    ] = None,
    notes: Notes = None,
    amend: Amend = False,
    as_of: o.AsOf = None,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Reject leads. Rejecting a rejected one changes nothing."""
    seen, keys = _seen(ids, as_of), bulk.request_keys(key, many=bulk.is_many(ids))
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        session.each(
            ids,
            lambda one: services.leads.decide(
                one,
                "rejected",
                session.actor,
                notes=notes,
                reason=reason,
                amend=amend,
                as_of=seen,
                key=keys(one),
            ),
            session.typed("lead", services, "reject"),
        )


@app.command(
    epilog=example(
        "commercive leads list --status pending --all -o csv > decisions.csv", "commercive leads decide decisions.csv"
    )
)
def decide(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with lead_id, decision, commission_amount ...")],
    despite_flags: DespiteFlags = False,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Decide leads as a CSV file says: approve or reject in its column decision, or empty to leave one as it is.

    The file is checked whole before anything is decided. A lead that changed since `leads list -o csv` wrote its
    revision is refused. FILE.result.csv tells what came of each row. The same file again changes nothing.
    """
    from commercive_cli.cli.decision_files import read_decisions
    from commercive_cli.cli.decisions import decide_file

    session = Session(context, output)
    decided = read_decisions(file, session.settings.amounts, session.settings.bounds)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        flags = FlagCheck(session, services, many=True, despite=despite_flags or not decided.count("approved"))
        decide_file(session, services, decided, flags, key=key, yes=yes)


@app.command(epilog=example("commercive leads reset LEAD_ID"))
def reset(
    context: typer.Context,
    *,
    ids: DecidedLeads,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Take decisions back. The leads are pending again and their commissions are no longer counted."""
    keys = bulk.request_keys(key, many=bulk.is_many(ids))
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        session.each(
            ids,
            lambda one: services.leads.reset(one, session.actor, key=keys(one)),
            session.typed("lead", services, "reset"),
        )


@app.command(epilog=example("commercive leads history LEAD_ID"))
def history(context: typer.Context, *, lead: Lead, output: o.Output = "table") -> None:
    """Show who decided what about a lead, and when."""
    session = Session(context, output)
    with session.reading() as services:
        session.show(services.leads.history(session.typed("lead", services).whole(lead)))


def _asked(status: str, affiliate: str | None, link: str | None, others: Mapping[str, str | None]) -> Asked:
    state = "" if status == "all" else status
    told = {"status": state, "affiliate_id": affiliate, "link_id": link}
    of = (f"of affiliate {affiliate}" if affiliate else "", f"of link {link}" if link else "")
    also = tuple(f"{words} {value}" for words, value in others.items() if value)
    return Asked("lead", state, (*of, *also), said=tuple(name for name, value in told.items() if value))


def _seen(ids: list[str], as_of: str | None) -> int | None:
    bulk.check_one(ids, "--as-of", as_of)
    return parse_moment(as_of, "--as-of")
