"""Who somebody is to the tables: ids, e-mail addresses, phone numbers and names that belong together."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from commercive_cli.domain.text import EMAIL_LENGTH, text
from commercive_cli.services.access.scan import scan_items
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, LEADS

_SHORTEST_PHONE = 6
_LINKS_OF_LINKS = 5
"""How often an address may lead to an id and that to another address."""


@dataclass(frozen=True)
class Identity:
    """One person: ids as they are, e-mail addresses folded, phone numbers as digits, names as typed."""

    ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, terms: Iterable[str]) -> Self:
        """Return the person behind words that somebody typed: an address, a number, or an id or name."""
        known = [text(term, "USER_OR_EMAIL", EMAIL_LENGTH) for term in terms]
        first, more = known[0], known[1:]
        phones = frozenset(
            digits for term in more if (digits := phone_digits(term)) and not re.search("[^\\W\\d_]", term)
        )
        return cls(
            ids=frozenset({first}),
            emails=frozenset(term.casefold() for term in known if "@" in term),
            phones=phones,
            names=frozenset(term for term in more if "@" not in term and phone_digits(term) not in phones),
        )

    def joined(self, other: "Identity") -> "Identity":
        """Return the person that both are."""
        return Identity(**{name: value | getattr(other, name) for name, value in vars(self).items()})

    def document(self) -> dict[str, list[str]]:
        """Return the identity as JSON values."""
        return {name: sorted(values) for name, values in vars(self).items()}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Return the identity that `document` made."""
        return cls(**{name: frozenset(values) for name, values in document.items()})

    def has_lead(self, lead: Item) -> bool:
        """Return whether the lead is this person: the same address, or the same phone number and name.

        A phone number alone may be a family's or a company's.
        """
        if text_in(lead, "lead_email").casefold() in self.emails:
            return True
        name = same_name(text_in(lead, "lead_name"))
        return phone_digits(lead.get("lead_phone")) in self.phones and name in map(same_name, self.names)


def text_in(item: Item, name: str) -> str:
    """Return an attribute that should be text; empty when there is none, or anything else."""
    value = item.get(name)
    return value if isinstance(value, str) else ""


def phone_digits(phone: object) -> str:
    """Return a phone number's digits without the international prefix 00; empty when it is too short for one."""
    digits = re.sub("[^0-9]", "", str(phone) if isinstance(phone, str | int) else "").removeprefix("00")
    return digits if len(digits) >= _SHORTEST_PHONE else ""


def same_name(name: str) -> str:
    """Return what makes two spellings of one name equal: no matter the case and the spaces."""
    return " ".join(name.split()).casefold()


def identify(store: Store, identity: Identity) -> Identity:
    """Return the person with all that links and leads know: ids and addresses of links, names and phones of leads."""
    for _ in range(_LINKS_OF_LINKS):
        grown = identity.joined(_by_links(store, identity))
        if grown == identity:
            break
        identity = grown
    return identity.joined(_by_leads(store, identity))


def _by_links(store: Store, identity: Identity) -> Identity:
    ids, emails = set[str](), set[str]()

    def visit(link: Item) -> None:
        owner, address = link["affiliate_id"], text_in(link, "affiliate_email").casefold()
        if owner in identity.ids or address in identity.emails:
            ids.add(owner)
            emails.update({address} - {""})

    scan_items(store, AFFILIATE_LINKS, visit)
    return Identity(ids=frozenset(ids), emails=frozenset(emails))


def _by_leads(store: Store, identity: Identity) -> Identity:
    phones, names = set[str](), set[str]()

    def visit(lead: Item) -> None:
        if identity.has_lead(lead):
            phones.update({phone_digits(lead.get("lead_phone"))} - {""})
            names.update({" ".join(text_in(lead, "lead_name").split())} - {""})

    scan_items(store, LEADS, visit)
    return Identity(phones=frozenset(phones), names=frozenset(names))
