"""The screens of leads: the list with its sentence, and one lead with its facts."""

from collections.abc import Mapping
from decimal import Decimal

from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.render.display import Display, Part
from commercive_cli.cli.render.listings import FLAGGED_LEADS, HISTORY, LEADS
from commercive_cli.cli.render.lists import draw_list
from commercive_cli.cli.render.moments import Moments, distance, distance_in_words
from commercive_cli.cli.render.roles import Role
from commercive_cli.cli.render.terminal import GAP, label_of
from commercive_cli.domain.answers.flags import Compared
from commercive_cli.domain.answers.leads import FlaggedLeads, LeadHistory, Leads, LeadShown
from commercive_cli.domain.figures import average, percent
from commercive_cli.domain.models import AffiliateStats, Lead

_ROLES: dict[str, Role] = {"pending": "attention", "approved": "good"}


def draw_leads(display: Display, answer: Leads | FlaggedLeads, asked: Asked) -> None:
    """Write leads, with how many there are in which state and for how much."""
    asked = asked if asked.noun else Asked("lead")
    columns = FLAGGED_LEADS if isinstance(answer, FlaggedLeads) else LEADS
    draw_list(display, columns, list(answer.leads), asked, _sentence(answer, asked))


def _sentence(answer: Leads | FlaggedLeads, asked: Asked) -> str:
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


def draw_lead(display: Display, answer: LeadShown, _: Asked) -> None:
    """Write a lead: who and in which state, the facts, and the record of its affiliate."""
    lead = answer.lead
    display.meet("lead", lead.lead_id, label_of(lead))
    display.meet("affiliate", lead.affiliate_id)
    display.halves(headline(lead, display.now), [(f"lead {display.id(lead.lead_id)}", "quiet")])
    display.gap()
    if lead.damaged:
        display.sentence(("! damaged: " + ", ".join(lead.damaged), "bad"))
    if answer.flags:
        draw_flags(display, answer)
        display.gap()
    _write_facts(display, _facts(lead, display.moments))
    display.gap()
    draw_stats(display, answer.stats, at_least=1)
    if answer.compared:
        display.gap()
        display.sentence(
            (f"{compared_with(answer.compared, flagged=bool(answer.flags))}; to compare all leads:", "quiet")
        )
        display.line(("commercive leads duplicates", "quiet"))


def draw_flags(display: Display, answer: LeadShown) -> None:
    """Write the flags of a lead, one a line."""
    named = {each.lead_id: each for each in answer.named}
    for flag in answer.flags:
        words = f"! {flag.beginning}"
        if flag.names_another:
            words += f" {_other(display, flag.others[0], named.get(flag.others[0]))}{flag.end}"
        display.sentence((words, "attention"))


def _other(display: Display, lead_id: str, lead: Lead | None) -> str:
    """Return the id of another lead, with who that is and what was decided, if it was read."""
    display.meet("lead", lead_id, label_of(lead) if lead else "")
    if lead is None:
        return display.id(lead_id)
    amount = f" for {amount_of(lead)}" if amount_of(lead) else ""
    when = f" on {display.moments.day(lead.reviewed_at)}" if lead.reviewed_at and lead.status != "pending" else ""
    return f"{display.id(lead_id)} ({lead.lead_name or 'no name'}, {lead.status}{amount}{when})"


def compared_with(compared: Compared, *, flagged: bool) -> str:
    """Return with what a lead was compared, so that no flag is not taken for more than that."""
    count = "the other lead" if compared.leads == 1 else f"the {compared.leads:,} other leads"
    others = count if compared.all_of_affiliate else f"the {compared.leads:,} nearest leads"
    if not compared.leads:
        return f"{'' if flagged else 'no flags; '}this affiliate has no other leads to compare with"
    return f"{'compared with' if flagged else 'no flags among'} {others} of this affiliate"


def draw_lead_history(display: Display, answer: LeadHistory, _: Asked) -> None:
    """Write what happened to a lead, and the words of its decision."""
    draw_list(display, HISTORY, answer.history, Asked("change"), "")
    words = {"reason": answer.rejection_reason, "notes": answer.admin_notes}
    if any(words.values()):
        display.gap()
        _write_facts(display, words)


def amount_of(lead: Lead) -> str:
    """Return what an approved lead is approved for, nothing for another."""
    if lead.status != "approved" or lead.commission_amount is None:
        return ""
    return f"{lead.commission_amount:,.2f} USD"


def headline(lead: Lead, now: int) -> list[Part]:
    """Return who a lead is, and in which state."""
    parts: list[Part] = [(lead.lead_name or "no name", "strong"), "  ", (lead.status, _ROLES.get(lead.status, ""))]
    if amount := amount_of(lead):
        parts += [" for ", (amount, "strong")]
    if lead.status == "pending":
        parts.append(f" for {distance(now - lead.created_at)}")
    return parts


def volume_of(lead: Lead) -> str:
    """Return how many orders a day the prospect has, and how many wait."""
    pending = f"{lead.pending_orders} orders pending" if lead.pending_orders else ""
    return ", ".join(filter(None, (lead.order_volume, pending)))


def _facts(lead: Lead, moments: Moments) -> dict[str, str | None]:
    when = moments.exact(lead.reviewed_at) if lead.reviewed_at else ""
    by = f"by {lead.reviewed_by}" if lead.reviewed_by else ""
    return {
        "business": lead.business_name,
        "e-mail": lead.lead_email,
        "phone": lead.lead_phone,
        "product": lead.product_link,
        "volume": volume_of(lead),
        "submitted": f"{moments.exact(lead.created_at)} over link {lead.link_id}",
        "decided": " ".join(filter(None, (when, by))),
        "reason": lead.rejection_reason,
        "notes": lead.admin_notes,
    }


def _write_facts(display: Display, facts: Mapping[str, str | None]) -> None:
    """Write names and values, leaving out what is not there."""
    margin = max(map(len, facts)) + GAP
    for name, value in facts.items():
        for number, line in enumerate(display.wrapped(display.text(value), display.width - margin) if value else ()):
            display.write(display.text(("" if number else name).ljust(margin)) + line)


def draw_stats(display: Display, stats: AffiliateStats, at_least: int = 0) -> None:
    """Write an affiliate's id and record; they have `at_least` so many leads."""
    if not stats.affiliate_id:
        display.sentence(("! credits no affiliate that can be read", "bad"))
        return
    display.line(f"affiliate {display.id(stats.affiliate_id)}")
    display.sentence(stats_sentence(stats), indent=2)
    warn_of_stats(display, stats, at_least)


def record_sentence(stats: AffiliateStats, age: int | None) -> str:
    """Return how many of the decided leads were approved, for how much on average, and the age of the latest lead."""
    rate = percent(stats.approved_leads, stats.approved_leads + stats.rejected_leads)
    mean = average(stats.total_commission, stats.approved_leads)
    money = "" if mean is None else f", for {mean:,.2f} USD on average"
    decided = "" if rate is None else f"{rate} % of the decided are approved{money}"
    latest = "" if age is None else f"the latest lead came {distance_in_words(max(age, 0))} ago"
    return "; ".join(filter(None, (decided, latest)))


def warn_of_stats(display: Display, stats: AffiliateStats, at_least: int) -> None:
    """Say when stats cannot be right, and what counts the leads again."""
    if stats.damaged or stats.total_leads < at_least:
        display.sentence(("! these counts are not right; this counts again:", "bad"), indent=2)
        display.line(f"commercive affiliates recompute {display.id(stats.affiliate_id)}")


def stats_sentence(stats: AffiliateStats) -> str:
    """Return an affiliate's record in one line."""
    leads = "1 lead" if stats.total_leads == 1 else f"{stats.total_leads:,} leads"
    return (
        f"{leads}: {stats.pending_leads:,} pending, {stats.approved_leads:,} approved for "
        f"{stats.total_commission:,.2f} USD, {stats.rejected_leads:,} rejected"
    )
