"""`commercive leads`: what admins decide, one by one or from a file, and who decided what."""

from pathlib import Path
from typing import Annotated, Any

import typer

from commercive_cli.cli import bulk
from commercive_cli.cli import options as o
from commercive_cli.cli.commands.leads.arguments import Lead
from commercive_cli.cli.completers import Completer, amount_names, offered_ids
from commercive_cli.cli.flag_checks import FlagCheck
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.session import Session
from commercive_cli.cli.standard_input import may_be_stdin, text_or_stdin
from commercive_cli.cli.times import parse_moment

app = App()


def _leads(offered: Completer) -> Any:
    help_text = "Ids of leads, or - to read them from stdin."
    return typer.Argument(metavar="ID", help=help_text, callback=may_be_stdin, autocompletion=offered)


PendingLeads = Annotated[list[str], _leads(offered_ids("lead", "pending", "pending"))]
DecidedLeads = Annotated[list[str], _leads(offered_ids("lead", "leads", "approved", "rejected"))]
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
        bulk.each(
            session,
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
        bulk.each(
            session,
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
        bulk.each(
            session,
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


def _seen(ids: list[str], as_of: str | None) -> int | None:
    bulk.check_one(ids, "--as-of", as_of)
    return parse_moment(as_of, "--as-of")
