"""One person: the ids that are proven theirs, and what somebody who answers for it says is theirs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.ids import usual_id
from commercive_cli.domain.models import AI_SENDER
from commercive_cli.domain.proof import Proof
from commercive_cli.domain.quoting import quoted
from commercive_cli.domain.text import EMAIL_LENGTH, alike, identifier, text
from commercive_cli.services.leads.likeness import phone_key
from commercive_cli.store.items import Item

FEWEST_DIGITS = 9
"""Digits of a phone number that cannot be mistaken for another number in a text; shorter ones are not looked for."""

_MOST_DIGITS = 15
"""The longest number of ITU-T E.164."""


@dataclass(frozen=True)
class Identity:
    """What a person is known by.

    Ids are as `usual_id` has them, e-mail addresses as `alike` has them; a phone number is its digits, after a + where
    it has its country's code. `leads` are the ids of leads whose form is about them. `taken` are the candidates that
    were taken, by the ids under which they were listed.
    """

    ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()

    @classmethod
    def of(cls, terms: Iterable[str]) -> Self:
        """Return the identity for what a user typed: ids, addresses with an @, phone numbers that begin with +."""
        identity = cls()
        for term in terms:
            identity = identity.joined(_meant(term))
        return identity

    def joined(self, other: "Identity") -> Self:
        """Return one identity with the values of both."""
        return replace(self, **{name: value | getattr(other, name) for name, value in vars(self).items()})

    def has_id(self, value: object) -> bool:
        """Return whether a stored value is an id of the person; the case of a UUID says nothing."""
        return isinstance(value, str) and usual_id(value) in self.ids

    def document(self) -> dict[str, list[str]]:
        """Return the identity as JSON values."""
        return {name: sorted(values) for name, values in vars(self).items()}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Return the identity whose `document` this is."""
        return cls(**{name: frozenset(document.get(name, ())) for name in vars(cls())})


class Registry(Protocol):
    """Knows which ids of users and affiliates belong to one person."""

    def same_person(self, one: str) -> Proof:
        """Return what is known about an id; raise Unavailable when that cannot be asked now."""
        ...


def _meant(term: str) -> Identity:
    words = text(term, "WHO", EMAIL_LENGTH)
    if words.startswith("+"):
        number = phone_number(words)
        if not number or len(number) > _MOST_DIGITS + 1:
            raise Invalid(f"{quoted(words)} is no phone number: {FEWEST_DIGITS} to {_MOST_DIGITS} digits follow the +")
        return Identity(phones=frozenset({number}))
    if "@" in words:  # which an id may be, too, where the client is trusted
        return Identity(ids=frozenset({term.strip()}), emails=frozenset({alike(words)}))
    one = usual_id(identifier(term, "WHO"))
    if one == AI_SENDER:
        raise Invalid(f"{AI_SENDER} writes the automatic answers and is no person; name a user, affiliate or admin")
    return Identity(ids=frozenset({one}))


def phone_number(typed: object) -> str:
    """Return a phone number as identities hold it; empty for what is too short to tell anybody from others."""
    words = typed.strip() if isinstance(typed, str) else ""
    digits = phone_key(words)
    if len(digits) < FEWEST_DIGITS:
        return ""
    return f"+{digits}" if re.match(r"\+|\D*00", words) else digits


def text_in(item: Item, name: str) -> str:
    """Return a text attribute; empty when it is missing or not text."""
    value = item.get(name)
    return value if isinstance(value, str) else ""
