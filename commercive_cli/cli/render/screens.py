"""The screens of the answers that are more than a table: a sentence first, then rows or facts, then the way on."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from commercive_cli.cli.render import listings
from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.display import Display, Part
from commercive_cli.cli.render.listings import Asked
from commercive_cli.cli.render.moments import distance, distance_in_words
from commercive_cli.cli.render.terminal import Shown, label_of, print_table
from commercive_cli.cli.render.thread import draw_next, draw_thread
from commercive_cli.domain.answers.affiliates import (
    Affiliates,
    AffiliateShown,
    FormURLSet,
    LinkCreated,
    LinkFound,
    Recomputation,
    Stats,
)
from commercive_cli.domain.answers.audit import Audit, History
from commercive_cli.domain.answers.chat import (
    Claimed,
    ConversationChanged,
    Conversations,
    MarkedRead,
    NextUp,
    Noted,
    Released,
    Sent,
    Snoozed,
    Thread,
)
from commercive_cli.domain.answers.leads import LeadDecided, Leads, LeadShown, LeadSubmitted
from commercive_cli.domain.models import AffiliateStats, Conversation, Lead

Draw = Callable[[Display, Any, Asked], None]


@dataclass(frozen=True)
class ScreenOf:
    """How an answer is drawn; a paged one goes through the pager where it is longer than the screen."""

    draw: Draw
    paged: bool = False


DONE = "✓ "


def draw_list(
    display: Display,
    columns: tuple[Column, ...],
    records: list[Any],
    asked: Asked,
    sentence: str,
    *,
    more: bool = False,
) -> None:
    """Write a sentence, with what all rows share, and the rows; of no rows the sentence alone."""
    if not records:
        display.line(asked.sentence(0, more=False))
        return

    def above(shown: Shown) -> None:
        first = sentence or asked.sentence(len(records), more=more)
        shared = "; ".join(f"{column.title or column.name} {value}" for column, value in shown.shared)
        both = f"{first}; {shared}" if shared else first
        for line in (both,) if len(both) <= display.width else (first, shared):
            display.sentence(line)
        display.gap()

    print_table(display, [column for column in columns if column.name not in asked.said], records, above=above)


def _conversations(display: Display, answer: Conversations, asked: Asked) -> None:
    asked = asked if asked.noun else Asked("conversation")
    found, more = answer.conversations, answer.next_cursor is not None
    if asked.order != "waiting":
        draw_list(display, listings.CONVERSATIONS, found, asked, "", more=more)
    elif not found:
        display.line(f"No {asked.words(2)} wait.")
    else:
        draw_list(display, listings.QUEUE, found, asked, _queue_sentence(found, asked, display.now, more=more))


def _queue_sentence(found: list[Conversation], asked: Asked, now: int, *, more: bool) -> str:
    longest = max((now - each.waits_since for each in found if each.waits_since is not None), default=0)
    waits = "waits" if len(found) == 1 else "wait, the longest"
    return f"{asked.sentence(len(found), more=more)} {waits} for {distance_in_words(max(longest, 0))}"


def _leads(display: Display, answer: Leads, asked: Asked) -> None:
    asked = asked if asked.noun else Asked("lead")
    draw_list(display, listings.LEADS, answer.leads, asked, _lead_sentence(answer, asked))


def _lead_sentence(answer: Leads, asked: Asked) -> str:
    first = asked.sentence(len(answer.leads), more=answer.next_cursor is not None)
    approved = [each for each in answer.leads if each.status == "approved"]
    counts = [(name, sum(each.status == name for each in answer.leads)) for name in ("pending", "approved", "rejected")]
    money = sum((each.commission_amount or Decimal() for each in approved), Decimal())
    words = [
        f"{count} {name}{f' for {money:,.2f} USD' if name == 'approved' else ''}" for name, count in counts if count
    ]
    if len(words) == 1:
        return f"{first}{f' for {money:,.2f} USD' if approved else ''}"
    return f"{first}: {', '.join(words)}"


def _lead(display: Display, answer: LeadShown, _: Asked) -> None:
    lead, moments = answer.lead, display.moments
    display.meet("lead", lead.lead_id, label_of(lead))
    display.meet("affiliate", lead.affiliate_id)
    state: Part = (
        lead.status,
        "attention" if lead.status == "pending" else "good" if lead.status == "approved" else "",
    )
    amount: list[Part] = (
        [" for ", (f"{lead.commission_amount:,.2f} USD", "strong")]
        if lead.commission_amount is not None and lead.status == "approved"
        else []
    )
    pending = f" for {distance(max(display.now - lead.created_at, 0))}" if lead.status == "pending" else ""
    display.halves(
        [(lead.lead_name or "no name", "strong"), "  ", state, *amount, pending],
        [(f"lead {display.id(lead.lead_id)}", "quiet")],
    )
    display.gap()
    if lead.damaged:
        display.sentence(("! damaged: " + ", ".join(lead.damaged), "bad"))
    orders = ", ".join(
        filter(None, (lead.order_volume, lead.pending_orders and f"{lead.pending_orders} orders pending"))
    )
    decided = " ".join(
        filter(
            None,
            (
                moments.exact(lead.reviewed_at) if lead.reviewed_at else "",
                lead.reviewed_by and f"by {lead.reviewed_by}",
            ),
        )
    )
    _facts(
        display,
        ("e-mail", lead.lead_email),
        ("phone", lead.lead_phone),
        ("product", lead.product_link),
        ("volume", orders),
        ("submitted", f"{moments.exact(lead.created_at)} over link {lead.link_id}"),
        ("decided", decided),
        ("reason", lead.rejection_reason),
        ("notes", lead.admin_notes),
    )
    display.gap()
    display.line(f"affiliate {display.id(lead.affiliate_id)}")
    display.sentence(stats_sentence(answer.stats), indent=2)


def _facts(display: Display, *facts: tuple[str, str | None]) -> None:
    """Write names and values, leaving out what is not there."""
    margin = max(len(name) for name, _ in facts) + 2
    for name, value in facts:
        for number, line in enumerate(display.wrapped(display.text(value), display.width - margin) if value else ()):
            display.write(display.text(("" if number else name).ljust(margin)) + line)


def stats_sentence(stats: AffiliateStats) -> str:
    """Return an affiliate's record in one line."""
    leads = "1 lead" if stats.total_leads == 1 else f"{stats.total_leads:,} leads"
    return (
        f"{leads}: {stats.pending_leads:,} pending, {stats.approved_leads:,} approved for "
        f"{stats.total_commission:,.2f} USD, {stats.rejected_leads:,} rejected"
    )


def _affiliates(display: Display, answer: Affiliates, asked: Asked) -> None:
    found = answer.affiliates
    leads = sum(each.total_leads for each in found)
    money = sum((each.total_commission for each in found), Decimal())
    first = Asked("affiliate").sentence(len(found), more=answer.next_cursor is not None)
    sentence = f"{first}, {leads:,} leads, {money:,.2f} USD approved"
    draw_list(display, listings.AFFILIATES, found, asked if asked.noun else Asked("affiliate"), sentence)


def _affiliate(display: Display, answer: AffiliateShown, _: Asked) -> None:
    stats = answer.stats
    display.meet("affiliate", answer.affiliate_id)
    name = next((each.affiliate_email for each in answer.affiliate_links if each.affiliate_email), "affiliate")
    display.halves(
        [(name, "strong"), "  ", (f"{stats.total_commission:,.2f} USD", "strong"), " approved"],
        [(f"affiliate {display.id(answer.affiliate_id)}", "quiet")],
    )
    display.sentence(stats_sentence(stats))
    leads = tuple(column for column in listings.LEADS if column.name != "affiliate_id")
    for title, columns, records in (
        ("links", listings.LINKS, answer.affiliate_links),
        ("latest leads", leads, answer.leads),
    ):
        display.gap()
        display.line(title if records else f"no {title}")
        with display.indented():
            if records:
                _rows_alone(display, columns, list(records))
    if stats.total_leads > len(answer.leads):
        display.line((f"commercive leads list --affiliate {display.id(answer.affiliate_id)}", "quiet"))


def _rows_alone(display: Display, columns: tuple[Column, ...], records: list[Any]) -> None:
    def above(shown: Shown) -> None:
        if shown.shared:
            display.line("; ".join(f"{column.title or column.name} {value}" for column, value in shown.shared))

    print_table(display, columns, records, above=above)


def _stats(display: Display, answer: Stats, _: Asked) -> None:
    display.line(f"affiliate {display.id(answer.stats.affiliate_id)}")
    display.sentence(stats_sentence(answer.stats), indent=2)


def _recomputation(display: Display, answer: Recomputation, _: Asked) -> None:
    changed = len(answer.changed)
    compared = "1 affiliate was" if answer.checked == 1 else f"{answer.checked:,} affiliates were"
    sentence = f"{compared} compared with their leads; "
    if not changed:
        display.sentence(sentence + "all were right")
        return
    draw_list(
        display,
        listings.RECOMPUTED,
        list(answer.changed),
        Asked("affiliate"),
        sentence + ("1 was wrong and is right now" if changed == 1 else f"{changed:,} were wrong and are right now"),
    )


def _history(display: Display, answer: History, _: Asked) -> None:
    draw_list(display, listings.HISTORY, answer.history, Asked("change"), "")


def _audit(display: Display, answer: Audit, _: Asked) -> None:
    from commercive_cli.cli.render.columns import FINDING

    if answer.findings:
        print_table(display, FINDING, answer.findings)
    else:
        display.line(f"{DONE}nothing is broken")


def _link(display: Display, answer: LinkFound, _: Asked) -> None:
    if answer.affiliate_link is None:
        display.line("This affiliate has no link.")
    else:
        print_table(
            display, (*listings.LINKS, Column("affiliate_id", "id", title="affiliate")), [answer.affiliate_link]
        )


def _sentence(words: Callable[[Display, Any], str]) -> Draw:
    """Return the screen of an answer that is one sentence: what was done, or that nothing was to be done."""

    def draw(display: Display, answer: Any, _: Asked) -> None:
        text = words(display, answer)
        done = len(DONE) if text.startswith(DONE) else 0
        display.sentence((text[:done], "good"), text[done:])

    return draw


def _sent(display: Display, answer: Sent) -> str:
    at = display.moments.in_thread(answer.created_at)
    return f"{DONE}Sent to conversation {display.id(answer.conversation_id)}, {at}"


def _changed(display: Display, answer: ConversationChanged) -> str:
    which = f"Conversation {display.id(answer.conversation_id)}"
    return (
        f"{DONE}{which} is {answer.status}"
        if answer.changed
        else f"{which} was {answer.status} before; nothing changed"
    )


def _noted(display: Display, answer: Noted) -> str:
    return f"{DONE}Noted about conversation {display.id(answer.conversation_id)}; its user never gets to see it"


def _snoozed(display: Display, answer: Snoozed) -> str:
    until = display.moments.until(answer.until)
    return f"{DONE}Conversation {display.id(answer.conversation_id)} is put off until {until}, or until its user writes"


def _claimed(display: Display, answer: Claimed) -> str:
    until = display.moments.until(answer.until)
    return f"{DONE}Conversation {display.id(answer.conversation_id)} is held by {answer.holder} until {until}"


def _released(display: Display, answer: Released) -> str:
    which = f"onversation {display.id(answer.conversation_id)}"
    return f"{DONE}C{which} is released" if answer.changed else f"Nobody held c{which}; nothing changed"


def _marked(display: Display, answer: MarkedRead) -> str:
    messages = "1 message" if answer.marked == 1 else f"{answer.marked:,} messages"
    return f"{DONE}{messages} of conversation {display.id(answer.conversation_id)} marked read"


def _decided(display: Display, answer: LeadDecided) -> str:
    lead: Lead = answer.lead
    amount = (
        f" for {lead.commission_amount:,.2f} USD"
        if lead.status == "approved" and lead.commission_amount is not None
        else ""
    )
    if not answer.changed:
        return f"Lead {display.id(lead.lead_id)} was {lead.status}{amount} before; nothing changed"
    back = "" if lead.status == "pending" else f". Take back: commercive leads reset {display.id(lead.lead_id)}"
    return f"{DONE}{lead.lead_name or 'Lead'} is {lead.status}{amount}{back}"


def _submitted(display: Display, answer: LeadSubmitted) -> str:
    return f"{DONE}Submitted as lead {display.id(answer.lead_id)}"


def _created(display: Display, answer: LinkCreated) -> str:
    what = f"link {answer.link_id} of affiliate {display.id(answer.affiliate_id)}: {answer.affiliate_url}"
    return f"{DONE}Created {what}" if answer.created else f"It was there before: {what}"


def _form_url(display: Display, answer: FormURLSet) -> str:
    who = f"affiliate {display.id(answer.affiliate_id)}"
    if not answer.changed:
        return f"Supabase shows the right link of {who}: {answer.form_url}"
    return f"{DONE}Supabase shows {answer.form_url} of {who}; before it was {answer.before or 'nothing'}"


# Answers of a single command are added by the modules that draw them.
DRAWN: dict[type, Draw] = {
    Conversations: _conversations,
    Leads: _leads,
    Affiliates: _affiliates,
    History: _history,
    Thread: lambda display, answer, asked: draw_thread(display, answer, full=asked.order == "full"),
    NextUp: lambda display, answer, _: draw_next(display, answer),
    LeadShown: _lead,
    AffiliateShown: _affiliate,
    Stats: _stats,
    Recomputation: _recomputation,
    Audit: _audit,
    LinkFound: _link,
    Sent: _sentence(_sent),
    ConversationChanged: _sentence(_changed),
    Noted: _sentence(_noted),
    Snoozed: _sentence(_snoozed),
    Claimed: _sentence(_claimed),
    Released: _sentence(_released),
    MarkedRead: _sentence(_marked),
    LeadDecided: _sentence(_decided),
    LeadSubmitted: _sentence(_submitted),
    LinkCreated: _sentence(_created),
    FormURLSet: _sentence(_form_url),
}
LISTED: dict[type, tuple[Column, ...]] = {
    Conversations: listings.CONVERSATIONS,
    Leads: listings.LEADS,
    Affiliates: listings.AFFILIATES,
    History: listings.HISTORY,
}
"""The columns of each list, for `--all`, which draws it page by page."""


def screen_of(answer: type) -> ScreenOf | None:
    """Return the screen of an answer's type or its nearest base, None when it is shown as its rows."""
    draw = next((DRAWN[base] for base in answer.__mro__ if base in DRAWN), None)
    return ScreenOf(draw, paged=issubclass(answer, Thread) and answer is not NextUp) if draw else None
