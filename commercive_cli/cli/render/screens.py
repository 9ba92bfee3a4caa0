"""The screens of the answers that are more than a table: a sentence first, then rows or facts, then the way on."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from commercive_cli.cli.render import listings
from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.bulk_screens import draw_bulk
from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.decision_screens import draw_file_decided
from commercive_cli.cli.render.display import Display
from commercive_cli.cli.render.lead_screens import (
    draw_lead,
    draw_lead_history,
    draw_leads,
    draw_stats,
    record_sentence,
    stats_sentence,
    warn_of_stats,
)
from commercive_cli.cli.render.lists import draw_list
from commercive_cli.cli.render.moments import distance_in_words
from commercive_cli.cli.render.pager import Opens
from commercive_cli.cli.render.sentences import DONE, SENTENCES, Draw
from commercive_cli.cli.render.terminal import Shown, print_table
from commercive_cli.cli.render.thread import draw_next, draw_thread
from commercive_cli.domain.answers.affiliates import (
    AffiliateFlagged,
    Affiliates,
    AffiliateShown,
    LinkFound,
    Recomputation,
    Stats,
)
from commercive_cli.domain.answers.audit import Audit
from commercive_cli.domain.answers.bulk import Bulk, FileDecided
from commercive_cli.domain.answers.chat import NextUp
from commercive_cli.domain.answers.history import History
from commercive_cli.domain.answers.leads import FlaggedLeads, LeadHistory, Leads, LeadShown
from commercive_cli.domain.answers.threads import Conversations, Thread
from commercive_cli.domain.models import Conversation


@dataclass(frozen=True)
class ScreenOf:
    """How an answer is drawn, and where the pager opens it if it is longer than the screen; None for no pager."""

    draw: Draw
    paged: Opens | None = None


def _conversations(display: Display, answer: Conversations, asked: Asked) -> None:
    asked = asked if asked.noun else Asked("conversation")
    found, more = answer.conversations, answer.next_cursor is not None
    if asked.order != "waiting":
        draw_list(display, listings.CONVERSATIONS, found, asked, "", more=more)
    elif not found:
        display.sentence(f"No {asked.words(2)} wait.")
    else:
        draw_list(display, listings.QUEUE, found, asked, _queue_sentence(found, asked, display.now, more=more))


def _queue_sentence(found: list[Conversation], asked: Asked, now: int, *, more: bool) -> str:
    longest = max((now - each.waits_since for each in found if each.waits_since is not None), default=0)
    waits = "waits" if len(found) == 1 else "wait, the longest"
    return f"{asked.sentence(len(found), more=more)} {waits} for {distance_in_words(max(longest, 0))}"


def _affiliates(display: Display, answer: Affiliates, asked: Asked) -> None:
    found = answer.affiliates
    leads = sum(each.total_leads for each in found)
    money = sum((each.total_commission for each in found), Decimal())
    first = Asked("affiliate").sentence(len(found), more=answer.next_cursor is not None)
    sentence = f"{first}, {leads:,} leads, {money:,.2f} USD approved"
    draw_list(display, listings.AFFILIATES, found, asked if asked.noun else Asked("affiliate"), sentence)


FEW_LEADS = 6
"""Latest leads of an affiliate on the screen, which fits 24 lines with them; json has ten."""


def _affiliate(display: Display, answer: AffiliateShown, _: Asked) -> None:
    stats = answer.stats
    display.meet("affiliate", answer.affiliate_id)
    name = next((each.affiliate_email for each in answer.affiliate_links if each.affiliate_email), "affiliate")
    display.halves(
        [(name, "strong"), "  ", (f"{stats.total_commission:,.2f} USD", "strong"), " approved"],
        [(f"affiliate {display.id(answer.affiliate_id)}", "quiet")],
    )
    display.sentence(stats_sentence(stats))
    if record := record_sentence(stats, display.now - answer.leads[0].created_at if answer.leads else None):
        display.sentence(record)
    warn_of_stats(display, stats, len(answer.leads))
    columns: tuple[Column, ...] = listings.LEADS
    flags = ""
    if isinstance(answer, AffiliateFlagged):
        columns = listings.FLAGGED_LEADS
        flags = f", flags among {'all' if answer.compared_all else 'the latest'} {answer.compared:,}"
    leads = tuple(column for column in columns if column.name != "affiliate_id")
    counted = "" if answer.counted_all else f", by the latest {answer.counted_leads:,} leads"
    for title, columns, records in (
        (f"links{counted}", listings.LINK_USES, _links_and_uses(answer)),
        (f"latest leads{flags}", leads, answer.leads[:FEW_LEADS]),
    ):
        display.gap()
        display.sentence(title if records else f"no {title}")
        with display.indented():
            if records:
                _rows_alone(display, columns, list(records))
    if max(stats.total_leads, answer.counted_leads) > len(answer.leads[:FEW_LEADS]):
        display.line((f"commercive leads list --affiliate {display.id(answer.affiliate_id)}", "quiet"))


def _links_and_uses(answer: AffiliateShown) -> list[dict[str, Any]]:
    """Return what came through each link, with what is stored of the link, unless that is gone."""
    stored = {each.link_id: dict(each) for each in answer.affiliate_links}
    return [stored.get(each.link_id, {}) | dict(each) for each in answer.link_uses]


def _rows_alone(display: Display, columns: tuple[Column, ...], records: list[Any]) -> None:
    def above(shown: Shown) -> None:
        if shown.shared:
            display.line("; ".join(f"{column.title or column.name} {value}" for column, value in shown.shared))

    print_table(display, columns, records, above=above)


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
        display.sentence("This affiliate has no link.")
    else:
        print_table(
            display, (*listings.LINKS, Column("affiliate_id", "id", title="affiliate")), [answer.affiliate_link]
        )


# Answers of a single command are added by the modules that draw them.
DRAWN: dict[type, Draw] = {
    Conversations: _conversations,
    Leads: draw_leads,
    FlaggedLeads: draw_leads,
    Affiliates: _affiliates,
    History: _history,
    LeadHistory: draw_lead_history,
    Thread: lambda display, answer, asked: draw_thread(display, answer, full=asked.order == "full"),
    NextUp: lambda display, answer, _: draw_next(display, answer),
    LeadShown: draw_lead,
    FileDecided: draw_file_decided,
    AffiliateShown: _affiliate,
    Stats: lambda display, answer, _: draw_stats(display, answer.stats),
    Recomputation: _recomputation,
    Audit: _audit,
    Bulk: draw_bulk,
    LinkFound: _link,
    **SENTENCES,
}
PAGED: dict[type, Opens] = {Thread: "at the end"}
"""Answers that go through the pager where they are longer than the screen."""

LISTED: dict[type, tuple[Column, ...]] = {
    Conversations: listings.CONVERSATIONS,
    Leads: listings.LEADS,
    FlaggedLeads: listings.FLAGGED_LEADS,
    Affiliates: listings.AFFILIATES,
    History: listings.HISTORY,
}
"""The columns of each list, for `--all`, which draws it page by page."""


def screen_of(answer: type) -> ScreenOf | None:
    """Return the screen of an answer's type or its nearest base, None when it is shown as its rows."""
    draw = next((DRAWN[base] for base in answer.__mro__ if base in DRAWN), None)
    paged = None if answer is NextUp else next((PAGED[base] for base in answer.__mro__ if base in PAGED), None)
    return ScreenOf(draw, paged) if draw else None
