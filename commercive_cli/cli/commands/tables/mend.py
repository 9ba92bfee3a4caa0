"""`commercive tables mend`: what the audit names and leaves alone, set right by a person."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.confirm import confirm
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.render import table_views as _views  # noqa: F401 - declares the views of the answers
from commercive_cli.cli.session import Session
from commercive_cli.cli.standard_input import id_or_stdin
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.store.schema import TABLES

app = App()


@app.command(
    epilog=example(
        "commercive tables mend leads LEAD_ID --set pending_orders=5 --remove lead_phone",
        "commercive tables mend leads LEAD_ID --set status=approved --set commission_amount:=25.50 --dry-run",
        "commercive tables mend messages 'CONVERSATION_ID MESSAGE_ID' --set is_read:=true",
        "commercive tables mend leads LEAD_ID --quarantine aside.jsonl --set affiliate_id=AFF-7H2K9QXZ",
    )
)
def mend(
    context: typer.Context,
    *,
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE", help="The table, with or without prefix.", autocompletion=lambda: [t.name for t in TABLES]
        ),
    ],
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help="Id of the item, or its partition and sort key with a blank between; - is stdin.",
            callback=id_or_stdin,
        ),
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Set an attribute to a text; NAME:=VALUE takes JSON."),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="NAME", help="Remove an attribute; repeatable.")
    ] = None,
    quarantine: Annotated[
        Path | None,
        typer.Option(
            "--quarantine", metavar="FILE", help="Change an item in this file of `tables adopt`, and no table."
        ),
    ] = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Set or remove attributes of one item, where only a person can say what they should hold.

    Takes the keys of malformed items as `tables audit` names them. Keys stay as they are, values must be of the kind
    that belongs there, stats stay exact, and an audit row says who did it. With --quarantine it completes what
    `tables adopt` could not bring, whatever is set there: the next adoption takes it.
    """
    from commercive_cli.services.audit.mend import Changes

    session = Session(context, output)
    changes = Changes(read_attributes(set_ or ()), tuple(remove or ()))
    if quarantine is not None:
        from commercive_cli.services.adopt.quarantine import complete_line

        if dry_run or yes:
            raise Invalid("--quarantine takes neither --dry-run nor --yes: no table is changed")
        return session.show(complete_line(quarantine, table, key, changes))
    if not dry_run and not session.settings.read_only:
        names = ", ".join(changes.names) or "nothing"
        confirm(f"Change {names} of {key} in {table} of {session.settings.store}?", yes=yes)
    with session.writing(yes=True, dry_run=dry_run) as services:
        session.write(lambda: services.mending.mend(table, key, session.actor, changes))
    return None


def read_attributes(pairs: Sequence[str]) -> dict[str, Any]:
    """Return what NAME=VALUE and NAME:=JSON say. A number of JSON is taken digit by digit."""
    attributes: dict[str, Any] = {}
    for pair in pairs:
        name, found, value = pair.partition("=")
        if not found or not name.removesuffix(":"):
            raise Invalid(f"--set {quoted(pair)} is not NAME=VALUE or NAME:=JSON")
        if name.removesuffix(":") in attributes:
            raise Invalid(f"--set names {shortened(name.removesuffix(':'))} twice")
        attributes[name.removesuffix(":")] = _json(pair, value) if name.endswith(":") else value
    return attributes


def _json(pair: str, text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Invalid(f"--set {quoted(pair)}: what follows := must be JSON") from None
