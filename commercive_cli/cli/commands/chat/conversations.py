"""Conversations: listed, shown, marked read, closed and opened again."""

from collections.abc import Mapping
from typing import Annotated, Literal

import typer

from commercive_cli.cli import bulk
from commercive_cli.cli import options as o
from commercive_cli.cli.commands.chat.arguments import (
    ClosedConversations,
    Conversation,
    ManyConversations,
    OpenConversations,
)
from commercive_cli.cli.groups import example, new_group
from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.session import Session
from commercive_cli.cli.times import parse_duration, parse_moment, parse_time
from commercive_cli.domain.answers.chat import Conversations
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import SenderType
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.store.schema import CONVERSATIONS

app = new_group("chat")


@app.command("list", epilog=example("commercive chat list --status open --sort waiting", "commercive chat list -o ids"))
def list_conversations(
    context: typer.Context,
    *,
    status: Annotated[Literal["open", "closed", "all"], typer.Option(help="Which conversations.")] = "all",
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="Of this user only.")] = None,
    store_url: Annotated[str | None, typer.Option(metavar="S", help="Of this shop only.")] = None,
    unread: Annotated[bool, typer.Option("--unread", help="With messages that no admin has read.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="That you hold.")] = False,
    sort: Annotated[
        Literal["recent", "waiting"], typer.Option(help="Newest first, or longest unanswered first.")
    ] = "recent",
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="With TEXT in the shop, the user's id or the last message.")
    ] = None,
    since: o.Since = None,
    until: o.Until = None,
    limit: o.Limit = None,
    cursor: o.Cursor = None,
    everything: o.All = False,
    output: o.Output = "table",
) -> None:
    """List conversations, newest first. `--sort waiting` lists the open ones that wait for an answer.

    --since and --until are about the last change. --search compares letters in any case, and of the last message the
    200 characters that lists hold; `chat search` looks into all messages.
    """
    session = Session(context, output)
    first = parse_time(since, "--since", session.now)
    last = parse_time(until, "--until", session.now, whole_day=True)
    wanted = ConversationFilter(status, user, store_url, unread, sort, search, first, last)
    with session.reading() as services:
        session.list(
            Conversations,
            o.Paging(limit, cursor, everything),
            lambda count, start: services.desk.list_conversations(
                wanted, holder=session.actor if mine else None, limit=count, cursor=start
            ),
            _asked(wanted, {"with": search, "since": since, "until": until}, mine=mine),
        )


@app.command(epilog=example("commercive chat show CONVERSATION_ID --tail 20", "commercive chat show ID -o json | jq"))
def show(
    context: typer.Context,
    *,
    conversation: Conversation,
    full: Annotated[bool, typer.Option("--full", help="With every attribute, whole ids and exact times.")] = False,
    tail: Annotated[int | None, typer.Option(min=1, metavar="N", help="The last N messages only.")] = None,
    since: o.Since = None,
    mark_read: Annotated[
        bool, typer.Option("--mark-read", help="Mark the user's messages read, up to the last one shown.")
    ] = False,
    yes: o.Yes = False,
    output: o.Output = "table",
) -> None:
    """Show a conversation with its messages. Says who wrote what and when, and what has been read."""
    if yes and not mark_read:
        raise Invalid("--yes goes with --mark-read and means nothing without it")
    session = Session(context, output)
    after = parse_time(since, "--since", session.now)
    with session.writing(yes=yes) if mark_read else session.reading() as services:
        # --since is inclusive, the service's `since` exclusive.
        conversation = session.typed("conversation", services, "mark read" if mark_read else None).whole(conversation)
        thread = services.desk.show(conversation, tail=tail, since=None if after is None else after - 1)
        session.log_access(thread)
        session.screen.show(
            thread, Asked(order="full" if full else "")
        )  # shown before the write, so that only shown messages are marked read
        session.saw(thread.conversation.conversation_id, thread.messages)
        if mark_read:
            session.note(f"{services.chat.mark_shown(thread).marked} marked read")


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
        session.each(
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
            session.each(
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
        session.many(list(seen), lambda one: services.chat.close(one, session.actor, as_of=seen[one], key=keys(one)))


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
        session.each(
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


def _asked(wanted: ConversationFilter, others: Mapping[str, str | None], *, mine: bool) -> Asked:
    conditions = {
        "held_by": "of yours" if mine else "",
        "user_id": f"of user {wanted.user_id}" if wanted.user_id else "",
        "store_url": f"of shop {wanted.store_url}" if wanted.store_url else "",
        "unread": "with unread messages" if wanted.unread else "",
    }
    state = "" if wanted.status == "all" or wanted.sort == "waiting" else wanted.status
    said = (*("status" for _ in [state] if state), *(name for name, words in conditions.items() if words))
    also = tuple(f"{words} {value}" for words, value in others.items() if value)
    return Asked("conversation", state, (*conditions.values(), *also), wanted.sort, said)


def _check_selection(ids: list[str] | None, idle: str | None, last_from: str | None, as_of: str | None) -> None:
    if bool(ids) == (idle is not None):
        raise Invalid("name conversations by id, or select them with --idle; one of the two")
    if last_from is not None and idle is None:
        raise Invalid("--last-from narrows --idle and means nothing without it")
    bulk.check_one(ids or ["-"], "--as-of", as_of)
