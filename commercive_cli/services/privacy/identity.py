"""The ids, e-mail addresses, phone numbers and names by which the tables know one person."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from commercive_cli.domain.ids import usual_id
from commercive_cli.domain.text import EMAIL_LENGTH, alike, text
from commercive_cli.services.access.scan import scan_items
from commercive_cli.store.items import Item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, LEADS

_SHORTEST_PHONE = 6
_LINK_SCANS = 5
"""How many times links are searched for further ids and addresses of the person."""


@dataclass(frozen=True)
class Identity:
    """One person: ids, e-mail addresses as `alike` has them, phone numbers as digits, names as typed.

    Ids are as they are stored; a UUID stands there in capitals, too.
    """

    ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, terms: Iterable[str]) -> Self:
        """Return the identity for what a user typed: an id or address, then further addresses, numbers and names."""
        typed = tuple(terms)
        known = [text(term, "USER_OR_EMAIL", EMAIL_LENGTH) for term in typed]
        first, more = typed[0].strip(), known[1:]  # an id is compared as it is, whatever ends its lines
        phones = frozenset(
            digits for term in more if (digits := phone_digits(term)) and not re.search("[^\\W\\d_]", term)
        )
        return cls(
            ids=frozenset({first, *_spellings(first)}),
            emails=frozenset(alike(term) for term in known if "@" in term),
            phones=phones,
            names=frozenset(term for term in more if "@" not in term and phone_digits(term) not in phones),
        )

    def joined(self, other: "Identity") -> "Identity":
        """Return one identity with the values of both."""
        return Identity(**{name: value | getattr(other, name) for name, value in vars(self).items()})

    def document(self) -> dict[str, list[str]]:
        """Return the identity as JSON values."""
        return {name: sorted(values) for name, values in vars(self).items()}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Return the identity whose `document` this is."""
        return cls(**{name: frozenset(values) for name, values in document.items()})

    def has_lead(self, lead: Item) -> bool:
        """Return whether the lead is this person: it has the same address, or the same phone number and name.

        The phone number alone does not decide, since a family or a company may share it.
        """
        if alike(text_in(lead, "lead_email")) in self.emails:
            return True
        name = normal_name(text_in(lead, "lead_name"))
        return phone_digits(lead.get("lead_phone")) in self.phones and name in map(normal_name, self.names)


def _spellings(identifier: str) -> tuple[str, ...]:
    """Return the spellings of a UUID that others may have stored: whatever the case, it is this person's."""
    usual = usual_id(identifier)
    return (usual, usual.upper()) if usual_id(usual.upper()) == usual else ()


def text_in(item: Item, name: str) -> str:
    """Return a text attribute; empty when it is missing or not text."""
    value = item.get(name)
    return value if isinstance(value, str) else ""


def phone_digits(phone: object) -> str:
    """Return a phone number's digits without the international prefix 00; empty when there are fewer than six."""
    digits = re.sub("[^0-9]", "", str(phone) if isinstance(phone, str | int) else "").removeprefix("00")
    return digits if len(digits) >= _SHORTEST_PHONE else ""


def normal_name(name: str) -> str:
    """Return a name in the form in which names are compared: as `alike` has it, with single spaces."""
    return " ".join(alike(name).split())


def identify(store: Store, identity: Identity) -> Identity:
    """Return the identity with ids and addresses from links, and names and phone numbers from leads, added."""
    for _ in range(_LINK_SCANS):
        grown = identity.joined(_by_links(store, identity))
        if grown == identity:
            break
        identity = grown
    return identity.joined(_by_leads(store, identity))


def _by_links(store: Store, identity: Identity) -> Identity:
    ids, emails = set[str](), set[str]()

    def visit(link: Item) -> None:
        owner, address = link["affiliate_id"], alike(text_in(link, "affiliate_email"))
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
