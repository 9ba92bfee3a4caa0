"""A dry run in the words of those whom it is about: what they would see, and what it would come to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from commercive_cli.cli.render.bulk_screens import draw_rehearsed
from commercive_cli.cli.render.display import Display, Part
from commercive_cli.cli.render.listings import RECOMPUTED
from commercive_cli.cli.render.roles import Role
from commercive_cli.cli.render.terminal import print_table
from commercive_cli.domain.answers.affiliates import EmailSet, LinkCreated, Recomputation
from commercive_cli.domain.answers.bulk import Bulk
from commercive_cli.domain.answers.chat import Claimed, ConversationChanged, MarkedRead, Noted, Released, Sent, Snoozed
from commercive_cli.domain.answers.leads import LeadDecided, LeadSubmitted
from commercive_cli.domain.models import AffiliateStats, Conversation, Lead, Message
from commercive_cli.store.dry_run import PlannedWrite

_DONE = {"open": "opened", "closed": "closed"}
WOULD: Role = "attention"


def draw_rehearsal(display: Display, answer: BaseModel, changes: Sequence[PlannedWrite]) -> bool:
    """Write what one command would do; return False for commands of which only the writes can be shown."""
    if not changes:
        return False
    match answer:
        case Sent():
            _message(display, changes)
        case LeadDecided():
            _decision(display, answer, changes)
        case ConversationChanged():
            which = display.id(answer.conversation_id)
            display.sentence(f"Conversation {which} ", ("would be ", WOULD), f"{_DONE[answer.status]}.")
        case Snoozed():
            which, until = display.id(answer.conversation_id), display.moments.until(answer.until)
            display.sentence(f"Conversation {which} ", ("would be ", WOULD), f"put off until {until}.")
        case Noted():
            display.sentence(("Would ", WOULD), f"be noted about conversation {display.id(answer.conversation_id)}.")
        case Claimed():
            which, until = display.id(answer.conversation_id), display.moments.until(answer.until)
            display.sentence(f"Conversation {which} ", ("would be ", WOULD), f"held by {answer.holder} until {until}.")
        case Released():
            display.sentence(f"Conversation {display.id(answer.conversation_id)} ", ("would be ", WOULD), "released.")
        case Bulk():
            draw_rehearsed(display, answer)
        case Recomputation():
            _recomputation(display, answer)
        case LinkCreated():
            who = f"affiliate {display.id(answer.affiliate_id)}"
            display.sentence(f"A link of {who} ", ("would be ", WOULD), "created; its code is made up then.")
        case EmailSet():
            who, many = f"affiliate {display.id(answer.affiliate_id)}", "" if len(answer.link_ids) == 1 else "s"
            display.sentence(
                f"{answer.affiliate_email} ",
                ("would be ", WOULD),
                f"the address of {who}, in ",
                f"{len(answer.link_ids):,} link{many}.",
            )
        case LeadSubmitted():
            display.sentence(("Would be ", WOULD), "submitted as a pending lead.")
        case MarkedRead():
            which, many = display.id(answer.conversation_id), "" if answer.marked == 1 else "s"
            display.sentence(("Would ", WOULD), f"mark {answer.marked:,} message{many} of conversation {which} read.")
        case _:
            return False
    display.sentence(("Nothing was written.", WOULD), " The exact writes: -o json")
    return True


def _recomputation(display: Display, answer: Recomputation) -> None:
    count = f"{len(answer.changed):,} of {answer.checked:,} affiliates' stats "
    display.sentence(count, ("would be ", WOULD), "corrected:")
    display.gap()
    titled = [replace(each, title="would be USD") if each.name == "is" else each for each in RECOMPUTED]
    print_table(display, titled, answer.changed)
    display.gap()


def _message(display: Display, changes: Sequence[PlannedWrite]) -> None:
    message = Message.of(_item(changes, "messages"))
    before, after = (Conversation.of(each) for each in _states(changes, "conversations"))
    to_user = message.sender_type != "user"
    whom = after.store_url.removesuffix(".myshopify.com") or after.user_id
    parts: list[Part] = [("Would be sent", WOULD)]
    parts += [f" to {whom} as {message.sender_id}" if to_user else f" as user {message.sender_id}"]
    if after.status != before.status and before.status:
        parts.append(f", and the conversation {_DONE[after.status]}")
    display.sentence(*parts, ":")
    display.gap()
    display.sentence(message.message_text, indent=2)
    display.gap()
    unread, reader = (after.unread_user, "They") if to_user else (after.unread_admin, "Admins")
    words = [f"{reader} would see {unread:,} unread message{'' if unread == 1 else 's'}."]
    if before.waits_since is not None and after.waits_since is None:
        words.append("The conversation would leave the queue.")
    display.sentence(" ".join(words))


def _decision(display: Display, answer: LeadDecided, changes: Sequence[PlannedWrite]) -> None:
    lead = answer.lead
    parts: list[Part] = [
        f"{lead.lead_name or 'The lead'} ({display.id(lead.lead_id)}) ",
        ("would be ", WOULD),
        lead.status,
    ]
    if lead.status == "approved" and lead.commission_amount is not None:
        parts.append((f" for {lead.commission_amount:,.2f} USD", "strong"))
    was = Lead.of(_states(changes, "leads")[0])
    parts.append(f"; it is {was.status} now.")
    display.sentence(*parts)
    stats = [AffiliateStats.of(each) for each in _states(changes, "affiliate_stats")]
    if stats[0].total_commission != stats[1].total_commission:
        total = f"from {stats[0].total_commission:,.2f} to {stats[1].total_commission:,.2f} USD"
        display.sentence(f"The affiliate's total would go {total}.")


def _states(changes: Sequence[PlannedWrite], table: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the item of a table before the first change of it and after the last one; empty where there is none."""
    found = [change for change in changes if change.table.endswith(table)]
    if not found:
        return {}, {}
    return dict(found[0].before or {}), dict(found[-1].after or {})


def _item(changes: Sequence[PlannedWrite], table: str) -> dict[str, Any]:
    return _states(changes, table)[1]
