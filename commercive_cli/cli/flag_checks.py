"""Flags before approvals: among many, a lead that has some is refused; of a single one they are told."""

from typing import TYPE_CHECKING

from commercive_cli.bootstrap import Services
from commercive_cli.cli.errors import say
from commercive_cli.cli.session import Session
from commercive_cli.domain.errors import CommerciveError, Damaged, NotFound
from commercive_cli.domain.quoting import shortened

if TYPE_CHECKING:
    from commercive_cli.services.leads.flags import Sightings


def compared_with_all(session: Session, services: Services) -> "Sightings":
    """Return what tells the flags of any lead, and say what was read for it: all leads and links, once."""
    reads = services.lead_flags.READS
    with session.progress({"items read": lambda: services.tables.count(reads)}) as (advance,):
        sightings = services.lead_flags.among_all(advance)
    session.note(f"flags: read all {sightings.leads:,} leads, and all links, to compare with")
    return sightings


class FlagCheck:
    """The flags of leads that are about to be approved: of `many`, after one pass over all leads; none if `despite`."""

    def __init__(self, session: Session, services: Services, *, many: bool, despite: bool) -> None:
        self._services = services
        self._looks = not many and not despite
        self._sightings = compared_with_all(session, services) if many and not despite else None

    def objection(self, lead_id: str) -> str | None:
        """Return what speaks against approving a lead among many; of a single one, say its flags on stderr."""
        for words in self.told(lead_id):
            say(f"! lead {shortened(lead_id)}: {words}")  # a warning, which --quiet does not silence
        return None if self._sightings is None else self._services.lead_flags.objection(self._sightings, lead_id)

    def told(self, lead_id: str) -> list[str]:
        """Return the flags of a single lead in words, the first time; none of one that is approved already."""
        if not self._looks:
            return []
        self._looks = False
        try:
            lead = self._services.leads.lead(lead_id)
            found = () if lead.status == "approved" else self._services.lead_flags.look_at(lead).flags
        except (NotFound, Damaged):  # which the approval says
            return []
        except CommerciveError as refusal:
            return [f"its flags could not be looked for: {refusal.message}"]
        return [flag.words() for flag in found]

    def among(self, lead_ids: list[str]) -> int:
        """Return how many of many leads have flags."""
        flagged = {ref.lead_id for ref in self._sightings.flagged} if self._sightings else set()
        return len(flagged & set(lead_ids))
