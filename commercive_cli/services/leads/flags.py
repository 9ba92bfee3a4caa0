"""Flags: what makes a lead look like one that nobody should be paid for, or not twice."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import NamedTuple, Self

from commercive_cli.domain.answers.flags import Flag, FlagName
from commercive_cli.domain.models import AffiliateLink, Lead
from commercive_cli.domain.text import alike
from commercive_cli.services.leads.likeness import email_key, phone_key, store_key

MANY = 4
"""Leads over one link that are many at once, when no more than `SPAN_MS` lie between the first and the last."""

SPAN_MS = 10 * 60_000
NAMED = 10
"""Other leads that a flag names; it counts them all."""


Traits = Sequence[tuple[str, str]]
"""What a lead may have in common with others, by name: email, phone, store."""


class Ref(NamedTuple):
    """A lead as sightings keep it: its key, by which the older one comes first."""

    created_at: int
    lead_id: str


class Burst(NamedTuple):
    """Leads that came over a link at once: a part of all that came over it."""

    leads: Sequence[Ref]
    first: int
    end: int


class Sightings:
    """The leads with which others are compared. Of what they have in common it keeps hashes, and no text.

    Links are added first, then leads; `finished` comes before the first question. Memory grows by about 0.7 kB a lead.
    Without `phones` their numbers are not compared.
    """

    def __init__(self, *, phones: bool = True) -> None:
        self.leads = 0
        self._phones = phones
        self._sharing: dict[int, list[Ref]] = {}
        self._by_link: dict[str, list[Ref]] = {}
        self._bursts: dict[Ref, Burst] = {}
        self._of_affiliates: set[int] = set()
        self._self_referrals: list[Ref] = []

    def add_link(self, link: AffiliateLink) -> None:
        """Take note of what a link says of its affiliate."""
        own = (("email", email_key(link.affiliate_email)), ("store", store_key(link.store_url)))
        self._of_affiliates.update(hash((link.affiliate_id, *trait)) for trait in own if trait[1])

    def add_lead(self, lead: Lead) -> None:
        """Take note of a lead, with which others are compared then."""
        self.leads += 1
        ref, traits = ref_of(lead), self._traits(lead)
        for trait in traits:
            self._sharing.setdefault(hash(trait), []).append(ref)
        if lead.link_id and "created_at" not in lead.damaged:
            self._by_link.setdefault(lead.link_id, []).append(ref)
        if self._owned(lead, traits):
            self._self_referrals.append(ref)

    def finished(self) -> Self:
        """Return the sightings, ready to be asked."""
        for refs in self._sharing.values():
            refs.sort()
        for refs in self._by_link.values():
            refs.sort()
            self._bursts.update(_bursts(refs))
        return self

    def flags(self, lead: Lead) -> tuple[Flag, ...]:
        """Return the flags of a lead, the gravest first; it need not have been added."""
        traits = self._traits(lead)
        return (*self._self_referral(lead, traits), *self._shared(lead, traits), *self._many_at_once(lead))

    @cached_property
    def flagged(self) -> Sequence[Ref]:
        """Return the leads, of those that were added, that have flags, the oldest first."""
        shared = (ref for refs in self._sharing.values() if len(refs) > 1 for ref in refs)
        return sorted({*self._self_referrals, *shared, *self._bursts})

    def _traits(self, lead: Lead) -> Traits:
        """Return what a lead may have in common with others, by name."""
        found = {
            "email": email_key(lead.lead_email),
            "phone": phone_key(lead.lead_phone) if self._phones else "",
            "store": store_key(lead.product_link),
        }
        return [(name, value) for name, value in found.items() if value]

    def _self_referral(self, lead: Lead, traits: Traits) -> Iterator[Flag]:
        if same := self._owned(lead, traits):
            yield Flag(flag="self_referral", same=same)

    def _owned(self, lead: Lead, traits: Traits) -> tuple[str, ...]:
        """Return what a lead has of the affiliate whom it credits: what its links say, or its id as name or address."""
        user = lead.affiliate_id
        own = [name for name, value in traits if hash((user, name, value)) in self._of_affiliates]
        named = user and alike(user) in (alike(lead.lead_name), alike(lead.lead_email))
        return (*own, "user") if named or ("email", email_key(user)) in traits else tuple(own)

    def _shared(self, lead: Lead, traits: Traits) -> Iterator[Flag]:
        names: dict[str, FlagName] = {"email": "same_email", "phone": "same_phone", "store": "same_store"}
        for trait in traits:
            others, count = _others(ref_of(lead), self._sharing.get(hash(trait), []))
            if count:
                yield Flag(flag=names[trait[0]], others=others, count=count)

    def _many_at_once(self, lead: Lead) -> Iterator[Flag]:
        if burst := self._bursts.get(ref_of(lead)):
            others, count = _others(ref_of(lead), burst.leads, burst.first, burst.end)
            minutes = SPAN_MS // 60_000
            yield Flag(flag="many_at_once", others=others, count=count, minutes=minutes, link_id=lead.link_id)


def ref_of(lead: Lead) -> Ref:
    """Return a lead as sightings keep it."""
    return Ref(lead.created_at, lead.lead_id)


def _others(own: Ref, refs: Sequence[Ref], first: int = 0, end: int | None = None) -> tuple[tuple[str, ...], int]:
    """Return the ids of the newest others in a part of sorted leads, and how many others there are."""
    end = len(refs) if end is None else end
    newest = (refs[at] for at in range(end - 1, first - 1, -1))
    at = bisect_left(refs, own, first, end)
    is_among = at < end and refs[at] == own
    return tuple(islice((ref.lead_id for ref in newest if ref != own), NAMED)), end - first - is_among


def _bursts(refs: Sequence[Ref]) -> Iterator[tuple[Ref, Burst]]:
    """Yield the leads of one link, oldest first, that came with many, each with the fullest span around it."""
    ends = [bisect_right(refs, ref.created_at + SPAN_MS, key=lambda each: each.created_at) for ref in refs]
    starts: deque[int] = deque()
    """Of spans that hold the present lead; the fullest first, and behind it only those that end later."""
    for position, ref in enumerate(refs):
        while starts and ends[starts[-1]] - starts[-1] <= ends[position] - position:
            starts.pop()
        starts.append(position)
        while ends[starts[0]] <= position:
            starts.popleft()
        if ends[starts[0]] - starts[0] >= MANY:
            yield ref, Burst(refs, starts[0], ends[starts[0]])
