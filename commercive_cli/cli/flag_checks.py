"""Flags before approvals: many leads are not approved while they have some, of a single one they are told."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from commercive_cli.bootstrap import Services
from commercive_cli.cli import bulk
from commercive_cli.cli.session import Session
from commercive_cli.domain.errors import CommerciveError, Damaged, NotFound
from commercive_cli.domain.quoting import shortened

if TYPE_CHECKING:
    from commercive_cli.services.leads.flags import Sightings

Check = Callable[[str], str | None]
"""Returns, by the whole id of a lead, what speaks against approving it; None for nothing."""


def compared_with_all(session: Session, services: Services) -> "Sightings":
    """Return what tells the flags of any lead, and say what was read for it: all leads and links, once."""
    reads = services.lead_flags.READS
    with session.progress({"items read": lambda: services.tables.count(reads)}) as (advance,):
        sightings = services.lead_flags.among_all(advance)
    session.note(f"flags: read all {sightings.leads:,} leads, and all links, to compare with")
    return sightings


def flag_check(session: Session, services: Services, ids: Sequence[str], *, despite_flags: bool) -> Check:
    """Return the check of each lead that is about to be approved; for many ids, after one pass over all leads.

    Of a single one, the check says the flags on stderr and speaks against nothing.
    """
    if despite_flags:
        return lambda _: None
    if bulk.is_many(ids):
        return services.lead_flags.objections(compared_with_all(session, services))

    def warn(lead_id: str) -> None:
        for line in _warnings(services, lead_id):
            session.note(line)

    return warn


def _warnings(services: Services, lead_id: str) -> list[str]:
    try:
        lead = services.leads.lead(lead_id)
        flags = () if lead.status == "approved" else services.lead_flags.look_at(lead).flags
    except (NotFound, Damaged):  # which the approval says
        return []
    except CommerciveError as refusal:
        return [f"flags could not be looked for: {refusal.message}"]
    return [f"! lead {shortened(lead.lead_id)}: {flag.words()}" for flag in flags]
