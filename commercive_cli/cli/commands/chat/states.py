"""The state of conversations: marked read, closed and opened again, and who did so when."""

from typing import Annotated

import typer

from commercive_cli.cli import bulk
from commercive_cli.cli import options as o
from commercive_cli.cli.commands.chat.arguments import (
    ClosedConversations,
    Conversation,
    ManyConversations,
    OpenConversations,
)
from commercive_cli.cli.groups import App, example
from commercive_cli.cli.session import Session
from commercive_cli.cli.times import parse_duration, parse_moment
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import SenderType
from commercive_cli.store.schema import CONVERSATIONS

app = App()


@app.command("mark-read", epilog=example("commercive chat mark-read CONVERSATION_ID --up-to MESSAGE_ID"))
def mark_read(
    context: typer.Context,
    *,
    ids: ManyConversations,
    reader: Annotated[SenderType, typer.Option(help="Who has read the other side's messages.")] = "admin",
    up_to: Annotated[
        str | None, typer.Option(metavar="MESSAGE_ID", help="The last message that was seen; later ones stay unread.")
    ] = None,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Mark the messages of conversations read."""
    bulk.check_one(ids, "--up-to", up_to)
    keys = bulk.request_keys(key, many=bulk.is_many(ids))
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        bulk.each(
            session,
            ids,
            lambda one: services.chat.mark_read(one, reader, up_to=up_to, actor=session.actor, key=keys(one)),
            session.typed("conversation", services, "mark read"),
        )


@app.command(
    epilog=example(
        "commercive chat close CONVERSATION_ID",
        "commercive chat list --user u-17 -o ids | commercive chat close -",
        "commercive chat close --idle 7d --last-from admin --dry-run",
    )
)
def close(
    context: typer.Context,
    *,
    ids: OpenConversations = None,
    idle: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Select open conversations without a message for 7d, 12h.")
    ] = None,
    last_from: Annotated[
        SenderType | None, typer.Option(help="With --idle: only where this side wrote the last message.")
    ] = None,
    as_of: o.AsOf = None,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Close conversations, by id or by a rule. Closing a closed one changes nothing."""
    _check_selection(ids, idle, last_from, as_of)
    found, keys = ids or [], bulk.request_keys(key, many=idle is not None or bulk.is_many(ids or []))
    last = parse_moment(as_of, "--as-of")
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        if idle is None:
            bulk.each(
                session,
                found,
                lambda one: services.chat.close(one, session.actor, as_of=last, key=keys(one)),
                session.typed("conversation", services, "close"),
            )
            return
        since = session.now - parse_duration(idle, "--idle")
        # `as_of` keeps a conversation open that got a message since it was selected.
        with session.progress({"conversations read": lambda: services.tables.count([CONVERSATIONS])}) as (advance,):
            idle_ones = services.chat.idle(since, last_from, on_items=advance)
            seen = {each.conversation_id: each.updated_at for each in idle_ones}
        bulk.many(
            session, list(seen), lambda one: services.chat.close(one, session.actor, as_of=seen[one], key=keys(one))
        )


@app.command(epilog=example("commercive chat reopen CONVERSATION_ID"))
def reopen(
    context: typer.Context,
    *,
    ids: ClosedConversations,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Open closed conversations again. Opening an open one changes nothing."""
    keys = bulk.request_keys(key, many=bulk.is_many(ids))
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        bulk.each(
            session,
            ids,
            lambda one: services.chat.reopen(one, session.actor, key=keys(one)),
            session.typed("conversation", services, "reopen"),
        )


@app.command(epilog=example("commercive chat history CONVERSATION_ID"))
def history(context: typer.Context, *, conversation: Conversation, output: o.Output = "table") -> None:
    """Show who closed or reopened it, and when."""
    session = Session(context, output)
    with session.reading() as services:
        session.show(services.chat.history(session.typed("conversation", services).whole(conversation)))


def _check_selection(ids: list[str] | None, idle: str | None, last_from: str | None, as_of: str | None) -> None:
    if bool(ids) == (idle is not None):
        raise Invalid("name conversations by id, or select them with --idle; one of the two")
    if last_from is not None and idle is None:
        raise Invalid("--last-from narrows --idle and means nothing without it")
    bulk.check_one(ids or ["-"], "--as-of", as_of)
