"""`commercive tables`, the commands for the tables themselves."""

from typing import Annotated

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.commands.tables import data
from commercive_cli.cli.commands.tables.outcome import say_accepted
from commercive_cli.cli.confirm import ask
from commercive_cli.cli.errors import DIFFERS, say
from commercive_cli.cli.groups import example, new_group
from commercive_cli.cli.interrupts import resumable
from commercive_cli.cli.render.views import TablesDescribed, in_words
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.tables import Tables
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.seed.plan import Plan, usual_conversations
from commercive_cli.store.schema import TABLES

app = new_group("tables")


@app.command(epilog=example("commercive tables create", "commercive tables create --seed"))
def create(
    context: typer.Context,
    *,
    seed: Annotated[bool, typer.Option("--seed", help="Load the demo data set, unless it was loaded already.")] = False,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Create the tables that are missing. Waits until all can be used; those that exist stay as they are.

    Creates nothing, and exits 6, when one of those that exist is not ours, by its key. Exits 78 where the server has no
    transactions.
    """
    session, loaded = Session(context, output), "the demo data set would be loaded into the new tables"
    with session.writing(yes=yes, dry_run=dry_run, may_be_missing=True) as services:

        def made() -> Tables:
            nonlocal loaded
            tables = services.tables.create()
            if not session.plans_changes:
                services.tables.check_transactions()
            if seed and not session.plans_changes:
                loaded = in_words(services.seed.demo())
            return tables

        shown = session.write(made)  # the tables last, so that a full disk does not keep the data from being loaded
        say_accepted(session, [f"{each.table}: {', '.join(each.accepted)}" for each in shown.tables if each.accepted])
        if seed:
            session.note(loaded)


@app.command("list", epilog=example("commercive tables list"))
def list_tables(context: typer.Context, *, output: o.Output = "table") -> None:
    """List the tables with their status, items and bytes."""
    session = Session(context, output)
    with session.reading(may_be_missing=True) as services:
        session.show(services.tables.list_tables())


@app.command(epilog=example("commercive tables describe leads"))
def describe(
    context: typer.Context,
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="The table, with or without prefix.", autocompletion=lambda: [t.name for t in TABLES]
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Read N items a table: sizes, hot keys and costs on DynamoDB."),
    ] = None,
    cost: Annotated[bool, typer.Option("--cost", help="What polling dashboards cost a month on AWS.")] = False,
    users: Annotated[
        int | None, typer.Option("--users", min=1, metavar="N", help="With --cost: N open dashboards.  [default: 1000]")
    ] = None,
    output: o.Output = "table",
) -> None:
    """Describe one table, or all of them. Says keys, indexes, billing and protections."""
    if cost and name is not None:
        raise Invalid("--cost is about all tables; leave out NAME")
    if users is not None and not cost:
        raise Invalid("--users goes with --cost and means nothing without it")
    session = Session(context, output)
    with session.reading(may_be_missing=True) as services:
        if cost:
            costs = services.polling_costs.estimate(users, sample=sample)
            session.show(costs)
            thread = f"threads of {costs.thread_messages} messages, {costs.thread_bytes:,} bytes in an answer"
            session.note(f"{costs.users:,} users who poll every {costs.every_seconds} s; {thread}; {costs.basis}")
            return
        if sample is not None:
            data.show_sizes(session, services.cost_estimate.estimate(sample, name))
            return
        found = services.tables.describe(name) if name else services.tables.list_tables()
        session.show(TablesDescribed(tables=found.tables, unsupported=found.unsupported))


@app.command("seed", epilog=example("commercive tables seed --conversations 1000 --messages 10000 --rng 7"))
def load_seed(
    context: typer.Context,
    *,
    conversations: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="How many conversations; by default one for ten messages.")
    ] = None,
    messages: Annotated[int, typer.Option(min=0, metavar="N", help="How many messages.")] = 1_000,
    affiliates: Annotated[int, typer.Option(min=0, metavar="N", help="How many affiliates.")] = 20,
    leads: Annotated[int, typer.Option(min=0, metavar="N", help="How many leads.")] = 200,
    rng: Annotated[int, typer.Option(metavar="SEED", help="Random seed; the same seed gives the same data.")] = 0,
    write_units: o.WriteUnits = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Load made-up data that keeps every invariant. The same command again changes nothing."""
    talks = usual_conversations(messages) if conversations is None else conversations
    plan = Plan(conversations=talks, messages=messages, affiliates=affiliates, leads=leads, rng=rng)
    session = Session(context, output, write_units=write_units)
    with session.writing(yes=yes, dry_run=dry_run) as services, resumable():
        with session.progress({"items stored": lambda: plan.items}) as (advance,):
            seeded = services.seed.run(plan, advance)
        session.show(seeded)


@app.command(
    epilog=example(
        "commercive tables audit", "commercive tables audit --fix --dry-run", "commercive tables audit --fix"
    )
)
def audit(
    context: typer.Context,
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Repair what is broken.")] = False,
    write_units: o.WriteUnits = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Check every invariant of the data. Exits 3 when one is broken and was not repaired.

    Repairs what has one right answer. What it names and leaves alone, a person sets right with `tables mend`.
    """
    if dry_run and not fix:
        raise Invalid("--dry-run shows what --fix would change; pass both")
    if yes and not fix:
        raise Invalid("--yes goes with --fix and means nothing without it")
    if write_units and not fix:
        raise Invalid("--write-units goes with --fix and means nothing without it")
    session = Session(context, output, write_units=write_units)
    with session.writing(yes=yes, dry_run=dry_run) if fix else session.reading() as services:
        with session.progress({"items read": lambda: services.tables.count(services.audit.READS)}) as (advance,):
            answer = services.audit.run(session.actor, fix=fix, on_items=advance)
        session.show(answer)
        broken = sum(not finding.fixed for finding in answer.findings)
        checked = sum(answer.checked.values())
        session.note(f"{checked:,} items checked, {len(answer.findings)} broken, {broken} not repaired")
        if broken:
            raise typer.Exit(DIFFERS)


@app.command(epilog=example("commercive tables delete --confirm commercive_"))
def delete(
    context: typer.Context,
    *,
    confirm: Annotated[
        str | None, typer.Option(metavar="PREFIX", help="The prefix of the tables, if there is no terminal to ask on.")
    ] = None,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Delete all six tables. Asks for their prefix to be typed first; everything in them is lost.

    A table that is not ours, by its key, is left alone.
    """
    session = Session(context, output)
    prefix = session.settings.store.prefix
    if dry_run:
        confirm = prefix
    elif confirm is None and not session.settings.read_only:
        question = f"This deletes the six tables of {session.settings.store} with everything in them. Type the prefix: "
        confirm = ask(question, "pass --confirm PREFIX").strip()
    with session.writing(yes=True, dry_run=dry_run, may_be_missing=True) as services:
        for table in session.write(lambda: services.tables.delete(confirm or "")).tables:
            if table.state == "foreign":
                say(f"{table.table} is not our table and was left alone")
