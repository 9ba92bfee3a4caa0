"""Candidates: what may be the person's, as forms and links say, and what nobody but people can tell.

Anybody can name somebody else's address in a form. So nothing that is found through contact data joins by itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from commercive_cli.domain.answers.privacy import Candidate
from commercive_cli.domain.attributes import UNREADABLE
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.ids import usual_id
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.domain.text import alike
from commercive_cli.services.access.lookup import find_by_id
from commercive_cli.services.access.scan import OnItems, scan_items
from commercive_cli.services.leads.likeness import email_key
from commercive_cli.services.privacy.identifiers import Identifiers
from commercive_cli.services.privacy.identity import Identity, Registry, phone_number, text_in
from commercive_cli.store.items import Item
from commercive_cli.store.pages import query_items
from commercive_cli.store.port import Query, Store
from commercive_cli.store.schema import AFFILIATE_LINKS, LEADS

_SHORTEST_PART = 6
"""Characters of an id by which a candidate can be named, from its beginning or its end."""

Found = dict[str, Candidate]
"""Candidates by their ids."""


@dataclass(frozen=True)
class CandidateSearch:
    """Searches links and forms, and asks the registry, if there is one, which ids belong together."""

    store: Store
    registry: Registry | None = None
    on_items: OnItems = lambda _items: None

    def taken(self, identity: Identity, include: Iterable[str]) -> tuple[Identity, list[Candidate]]:
        """Return the identity with the candidates to `include`, and the candidates that are left.

        What was taken can lead to further candidates, which can be included as well. Raises Invalid for what is none.
        """
        wanted = list(include)
        while True:
            identity, doubtful = self._proven(identity)
            found = doubtful | self._found(identity)
            wanted = [each for each in wanted if not _is_known(identity, each)]
            now = [candidate for each in wanted if (candidate := _named(found, each)) is not None]
            if not now:
                break
            for candidate in now:
                identity = identity.joined(_of_candidate(candidate))
        if wanted:
            raise Invalid(
                f"{quoted(wanted[0])} is no candidate: nothing stored points from it to this person. Without --export "
                "and --erase the command lists the candidates; --also takes what you know to be theirs",
                field="include",
            )
        return identity, sorted(found.values(), key=lambda each: (each.kind, each.id))

    def _proven(self, identity: Identity) -> tuple[Identity, Found]:
        """Return the identity with the ids that the registry proves, and those that it leaves in doubt."""
        asked, doubtful = set[str](), dict[str, Candidate]()
        while self.registry is not None and (left := identity.ids - asked):
            for one in sorted(each for each in left if "@" not in each):  # which Supabase's ids do not hold
                proof = self.registry.same_person(one)
                identity = replace(identity, ids=identity.ids | frozenset(map(usual_id, proof.ids)))
                doubtful |= {name: Candidate(id=name, kind="id", reason=why) for name, why in proof.doubtful}
            asked |= left
        return identity, {name: each for name, each in doubtful.items() if not identity.has_id(name)}

    def _found(self, identity: Identity) -> Found:
        leads = [lead for each in sorted(identity.leads) if (lead := find_by_id(self.store, LEADS, each)) is not None]
        clues = Clues(identity)
        for link in self._own_links(identity):
            clues.add_address(link, "affiliate_email", f"link {link['link_id']} of theirs")
        for lead in leads:
            clues.add_address(lead, "lead_email", f"lead {lead['lead_id']}")
            clues.add_number(lead, f"lead {lead['lead_id']}")
            clues.names.add(_name(lead))
        found = dict(clues.named)

        def visit_link(link: Item) -> None:
            for candidate in clues.of_link(link):
                found.setdefault(candidate.id, candidate)

        def visit_lead(lead: Item) -> None:
            for candidate in clues.of_lead(lead):
                found.setdefault(candidate.id, candidate)

        scan_items(self.store, AFFILIATE_LINKS, visit_link, self.on_items)
        scan_items(self.store, LEADS, visit_lead, self.on_items)
        return found

    def _own_links(self, identity: Identity) -> Iterator[Item]:
        for one in sorted(identity.ids):
            for spelling in dict.fromkeys((one, one.upper()) if usual_id(one.upper()) == one else (one,)):
                yield from query_items(self.store, Query(AFFILIATE_LINKS, spelling))


class Clues:
    """What forms and links are compared with: addresses, phone numbers and names, the person's or found with them.

    `named` are the addresses and numbers that were found with what is the person's, as candidates: they may be theirs.
    """

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.names: set[str] = set()
        self.named: Found = {}
        self._addresses = {email_key(each) for each in identity.emails}
        self._given = Identifiers(identity)
        self._phones = self._given

    def add_address(self, item: Item, attribute: str, where: str) -> None:
        """Take note of the address in something that is the person's."""
        address = text_in(item, attribute).strip()
        if "@" not in address or address.endswith("@erased.invalid"):
            return
        self._addresses.add(email_key(address))
        if alike(address) not in self.identity.emails:
            reason = f"{attribute} of {where}"
            self.named.setdefault(address, Candidate(id=address, kind="address", reason=reason))

    def add_number(self, lead: Item, where: str) -> None:
        """Take note of the phone number in a lead of the person."""
        number = phone_number(lead.get("lead_phone"))
        if not number or self._given.stands_for(text_in(lead, "lead_phone")):
            return
        self._phones = Identifiers(replace(self._phones.identity, phones=self._phones.identity.phones | {number}))
        self.named.setdefault(number, Candidate(id=number, kind="number", reason=f"lead_phone of {where}"))

    def of_link(self, link: Item) -> Iterator[Candidate]:
        """Yield the affiliate of a link that names an address of the person."""
        owner, address = link["affiliate_id"], text_in(link, "affiliate_email")
        if not self.identity.has_id(owner) and self._is_address(address):
            yield Candidate(id=owner, kind="id", reason=f"affiliate_email of link {link['link_id']}: {address}")

    def of_lead(self, lead: Item) -> Iterator[Candidate]:
        """Yield a lead whose form names an address, number or name of the person, or that cannot be read and does."""
        if lead["lead_id"] in self.identity.leads:
            return
        if reason := "; ".join(self._reasons(lead)):
            yield Candidate(id=lead["lead_id"], kind="lead", reason=reason)

    def _reasons(self, lead: Item) -> Iterator[str]:
        address, phone = text_in(lead, "lead_email"), text_in(lead, "lead_phone")
        if self._is_address(address):
            yield f"lead_email: {address}"
        if phone and self._phones.stands_for(phone):
            yield f"lead_phone: {phone}"
        if _name(lead) in self.names - {""}:
            yield f"lead_name: {text_in(lead, 'lead_name')}"
        if self._given.mentioned_in(lead.get(UNREADABLE)):
            yield "it cannot be read, and names them"

    def _is_address(self, address: str) -> bool:
        return "@" in address and email_key(address) in self._addresses


def _name(lead: Item) -> str:
    return " ".join(alike(text_in(lead, "lead_name")).split())


def _of_candidate(candidate: Candidate) -> Identity:
    one = candidate.id
    known = {
        "lead": Identity(leads=frozenset({one})),
        "id": Identity(ids=frozenset({usual_id(one)})),
        "address": Identity(emails=frozenset({alike(one)})),
        "number": Identity(phones=frozenset({one})),
    }[candidate.kind]
    return replace(known, taken=frozenset({one}))


def _is_known(identity: Identity, typed: str) -> bool:
    """Return whether something to include is the person's already: it was taken before, or given with the person."""
    one = typed.strip()
    known = {*identity.taken, *identity.leads, *identity.emails, *identity.phones}
    return identity.has_id(one) or one in known or alike(one) in known or usual_id(one) in known or _part(known, one)


def _part(known: Iterable[str], one: str) -> bool:
    return sum(_is_part(one, each) for each in known) == 1


def _is_part(one: str, whole: str) -> bool:
    ends = (whole.lower().startswith(one.lower()), whole.lower().endswith(one.lower()))
    return len(one) >= _SHORTEST_PART and any(ends)


def _named(found: Found, typed: str) -> Candidate | None:
    """Return the candidate that is meant, by its id, or the beginning or end of it; raise Invalid for two of them."""
    one = typed.strip()
    for spelling in (one, usual_id(one)):
        if spelling in found:
            return found[spelling]
    same = [each for each in found.values() if alike(each.id) == alike(one)]
    meant = same or [each for each in found.values() if _is_part(one, each.id)]
    if len(meant) > 1:
        raise Invalid(
            f"{shortened(one)} is more than one candidate: {', '.join(each.id for each in meant[:5])}; pass a whole id",
            field="include",
        )
    return meant[0] if meant else None
