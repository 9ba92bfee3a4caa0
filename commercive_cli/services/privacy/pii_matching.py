"""Finds a person's data in items and replaces it. This module alone decides what counts as such data.

An id that is a whole attribute is replaced by a pseudonym, the same everywhere. Within texts, addresses, phone numbers
in any spacing, full names and ids are replaced by a marker. Two things are left in texts: ids that are plain words or
numbers, and names of one word outside the person's own items.
"""

import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from commercive_cli.domain.attributes import Kind, attributes_of
from commercive_cli.domain.ids import usual_id
from commercive_cli.domain.text import alike, normal_store_url
from commercive_cli.services.chat.notes import NOTES
from commercive_cli.services.privacy import case_folding
from commercive_cli.services.privacy.identity import Identity, normal_name, text_in
from commercive_cli.store.items import Item, OtherValue
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, OPS, TABLES, Table

MARKER = "[erased]"
_PSEUDONYM_LENGTH = 12
_COUNTRY_CODES = (1, 2, 3)
"""Lengths of country codes (ITU-T E.164)."""
_NATIONAL_LENGTH = 8
_DISTINCTIVE_LENGTH = 6
_LETTER = r"\w\u0300-\u036f"
"""Word characters and combining accents, as a case-folded İ has one."""
_UNTOUCHED = frozenset(
    attribute.name
    for table in TABLES
    if table.record
    for attribute in attributes_of(table.record).values()
    if attribute.kind in (Kind.ID, Kind.CHOICE)
)
"""Attributes whose values this program makes, so that they hold no personal data."""


@dataclass(frozen=True)
class PIIMatcher:
    """Finds and replaces one person's data; pseudonyms are derived from the `secret` of one erasure.

    `conversations` are the ids of the person's own conversations; the caller adds them as it finds them.
    """

    identity: Identity
    secret: bytes
    conversations: set[str] = field(default_factory=set)

    def pseudonym(self, value: str) -> str:
        """Return the replacement of an id: the same within one erasure, and not derivable without its secret."""
        value = usual_id(value)
        return f"erased-{hmac.new(self.secret, value.encode(), 'sha256').hexdigest()[:_PSEUDONYM_LENGTH]}"

    @cached_property
    def pseudonyms(self) -> dict[str, str]:
        """Return the pseudonym of each of the person's ids."""
        return {value: self.pseudonym(value) for value in sorted(self.identity.ids)}

    @cached_property
    def email(self) -> str:
        """Return the replacement of the person's addresses; nobody can own it, as RFC 2606 reserves `.invalid`."""
        return f"{self.pseudonym('address')}@erased.invalid"

    def is_own(self, table: Table, item: Item) -> bool:
        """Return whether the item belongs to the person, or did before an erasure changed it."""
        ids = {*self.pseudonyms, *self.pseudonyms.values()}
        if table is CONVERSATIONS:
            return text_in(item, "user_id") in ids
        if table is MESSAGES:
            return item["conversation_id"] in self.conversations
        if table is LEADS:
            return self.identity.has_lead(item) or item.get("lead_email") == self.email
        if table is OPS and str(item["pk"]).startswith(NOTES):
            return str(item["pk"]).removeprefix(NOTES) in self.conversations
        return text_in(item, "affiliate_id") in ids

    def redact(self, table: Table, item: Item) -> Item:
        """Return the item with the person's data replaced; an equal item when it holds none."""
        own = self.is_own(table, item)
        redact_value = self._redact_own if own else self._redact_others
        kept = {} if own or table is not LEADS else {"lead_name": self._redact_contacts(item.get("lead_name"))}
        redacted = {name: value if name in _UNTOUCHED else redact_value(value) for name, value in item.items()}
        redacted |= {name: value for name, value in kept.items() if name in item}
        if table is OPS:
            redacted |= {name: self._redact_key(item[name]) for name in OPS.key_names}
        return redacted | (self._personal_attributes(table, item) if own else {})

    def matches(self, item: Item) -> bool:
        """Return whether the item, its key included, holds an id, an address or a phone number of the person."""
        return any(text in self.pseudonyms or self._has_contact(text) for text in _texts(item))

    def is_namesake(self, lead: Item) -> bool:
        """Return whether the lead is another person's of the same name."""
        name = normal_name(text_in(lead, "lead_name"))
        return name in map(normal_name, self.identity.names) and not self.is_own(LEADS, lead)

    def _personal_attributes(self, table: Table, item: Item) -> Item:
        """Return the replacements of attributes that are personal data as a whole."""
        data: Item = {}
        for attribute in attributes_of(table.record).values() if table.record else ():
            if attribute.personal:
                data[attribute.name] = self.email if attribute.kind is Kind.EMAIL else MARKER
        if table is AFFILIATE_LINKS:
            data["store_url"] = self.shop_pseudonym(text_in(item, "store_url"))
        return {name: value for name, value in data.items() if item.get(name)}

    def shop_pseudonym(self, store_url: str) -> str:
        """Return the replacement of a store URL; one for each store, so that each keeps its primary link."""
        normal = normal_store_url(store_url)
        return store_url if normal.endswith(".erased.invalid") else f"{self.pseudonym(normal)}.erased.invalid"

    def _redact_own(self, value: Any) -> Any:
        return _map_texts(value, lambda text: self._replaced(text, self._own_pattern))

    def _redact_others(self, value: Any) -> Any:
        return _map_texts(value, lambda text: self._replaced(text, self._others_pattern))

    def _redact_contacts(self, value: Any) -> Any:
        return _map_texts(value, lambda text: self._replaced(text, self._contact_pattern))

    def _replaced(self, text: str, words: re.Pattern[str] | None) -> str:
        pseudonym = self.pseudonyms.get(text)
        if pseudonym is not None:
            return pseudonym
        return text if words is None else case_folding.replace_matches(words, text, MARKER)

    def _redact_key(self, key: str) -> str:
        """Return a key of `ops` with the ids among its parts replaced; `#` separates the parts."""
        parts = (self.pseudonyms.get(part, part) for part in key.split("#"))
        return self._replaced("#".join(parts), self._others_pattern)

    def _has_contact(self, text: str) -> bool:
        return self._contact_pattern is not None and case_folding.matches(self._contact_pattern, text)

    @cached_property
    def _contact_pattern(self) -> re.Pattern[str] | None:
        emails, phones, ids = self.identity.emails, self.identity.phones, self.identity.ids
        return _any_of([*map(_address, emails), *map(_number, phones), *map(_token, filter(_distinct, ids))])

    @cached_property
    def _others_pattern(self) -> re.Pattern[str] | None:
        full_names = [name for name in self.identity.names if " " in name]
        return _any_of([*_parts(self._contact_pattern), *map(_name, full_names)])

    @cached_property
    def _own_pattern(self) -> re.Pattern[str] | None:
        return _any_of([*_parts(self._contact_pattern), *map(_name, self.identity.names)])


def _map_texts(value: Any, redact: Callable[[str], str]) -> Any:
    match value:
        case str():
            return redact(value)
        case dict():
            return {name: _map_texts(each, redact) for name, each in value.items()}
        case list():
            return [_map_texts(each, redact) for each in value]
        case OtherValue("SS", elements):
            return OtherValue("SS", tuple(sorted({redact(str(each)) for each in elements})))
    return value


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
        case OtherValue("SS", elements):
            yield from map(str, elements)


def _any_of(patterns: Iterable[str]) -> re.Pattern[str] | None:
    # The longest first, so that of two names or addresses with the same beginning the longer one is replaced whole.
    ordered = sorted(patterns, key=len, reverse=True)
    return re.compile("|".join(ordered), re.IGNORECASE) if ordered else None


def _parts(pattern: re.Pattern[str] | None) -> list[str]:
    return [] if pattern is None else [pattern.pattern]


def _address(email: str) -> str:
    return rf"(?<![{_LETTER}.+-]){re.escape(alike(email))}(?![{_LETTER}-]|\.\w)"


def _number(digits: str) -> str:
    """Return the pattern of a phone number: international, or national with 0 in place of the country code."""
    national = [f"0{digits[code:]}" for code in _COUNTRY_CODES if len(digits) - code >= _NATIONAL_LENGTH]
    spellings = "|".join(r"[\s()./-]{0,3}".join(spelling) for spelling in (digits, *national))
    return rf"(?<!\d)(?:\+|00)?(?:{spellings})(?!\d)"


def _name(name: str) -> str:
    return rf"(?<![{_LETTER}])" + r"\s+".join(map(re.escape, alike(name).split())) + rf"(?![{_LETTER}])"


def _token(identifier: str) -> str:
    return rf"(?<![{_LETTER}-]){re.escape(alike(identifier))}(?![{_LETTER}-])"


def _distinct(identifier: str) -> bool:
    """Return whether an id cannot be mistaken for an ordinary word or number."""
    mixed = re.search("[0-9]", identifier) and re.search("[^0-9]", identifier)
    return bool(mixed) or (len(identifier) >= _DISTINCTIVE_LENGTH and not identifier.isalpha())
