"""Where a person shows in an item, and the item without them. Which words count is said here and nowhere else.

Ids are replaced wherever they stand alone in an attribute, by a pseudonym that is the same everywhere. In texts,
addresses, phone numbers however they are spaced, full names and ids give way to a marker. Two things are not taken
for the person: ids in texts that are short plain words or numbers, and names of one word outside their conversations.
"""

import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from commercive_cli.domain.attributes import Kind, attributes_of
from commercive_cli.domain.text import normal_store_url
from commercive_cli.services.privacy import case_folding
from commercive_cli.services.privacy.identity import Identity, same_name, text_in
from commercive_cli.store.items import Item, OtherValue
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, LEADS, MESSAGES, OPS, TABLES, Table

MARKER = "[erased]"
_PSEUDONYM_LENGTH = 12
_COUNTRY_CODES = (1, 2, 3)
"""Lengths of country codes (ITU-T E.164)."""
_NATIONAL_LENGTH = 8
_DISTINCTIVE_LENGTH = 6
_LETTER = r"\w\u0300-\u036f"
"""With the accents that stand behind their letter, as in a folded İ."""
_UNTOUCHED = frozenset(
    attribute.name
    for table in TABLES
    if table.record
    for attribute in attributes_of(table.record).values()
    if attribute.kind in (Kind.ID, Kind.CHOICE)
)
"""Made by this program, and no text of anybody's."""


@dataclass(frozen=True)
class PIIMatcher:
    """What of a person is to be found, and the secret of one erasure that makes its pseudonyms.

    `conversations` are the ids of the person's own conversations, as far as they are known yet.
    """

    identity: Identity
    secret: bytes
    conversations: set[str] = field(default_factory=set)

    def pseudonym(self, value: str) -> str:
        """Return what stands for an id: the same throughout one erasure, and derivable by nobody without its secret."""
        return f"erased-{hmac.new(self.secret, value.encode(), 'sha256').hexdigest()[:_PSEUDONYM_LENGTH]}"

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Return the pseudonyms by id."""
        return {value: self.pseudonym(value) for value in sorted(self.identity.ids)}

    @cached_property
    def email(self) -> str:
        """Return the address that stands for the person's; RFC 2606 keeps it from ever being anybody's."""
        return f"{self.pseudonym('address')}@erased.invalid"

    def is_own(self, table: Table, item: Item) -> bool:
        """Return whether the item is the person's, or was before it was erased."""
        ours = {*self.aliases, *self.aliases.values()}
        if table is CONVERSATIONS:
            return text_in(item, "user_id") in ours
        if table is MESSAGES:
            return item["conversation_id"] in self.conversations
        if table is LEADS:
            return self.identity.has_lead(item) or item.get("lead_email") == self.email
        return text_in(item, "affiliate_id") in ours

    def without(self, table: Table, item: Item) -> Item:
        """Return the item without the person; an equal one when they are not in it."""
        own = self.is_own(table, item)
        clean = self._cleaned if own else self._cleaned_of_others
        kept = {} if own or table is not LEADS else {"lead_name": self._without_contacts(item.get("lead_name"))}
        found = {name: value if name in _UNTOUCHED else clean(value) for name, value in item.items()}
        found |= {name: value for name, value in kept.items() if name in item}
        if table is OPS:
            found |= {name: self._key(item[name]) for name in OPS.key_names}
        return found | (self._own_data(table, item) if own else {})

    def shows(self, item: Item) -> bool:
        """Return whether an id or an address is still in the item, even in its key."""
        return any(text in self.aliases or self._contacts_in(text) for text in _texts(item))

    def is_namesake(self, lead: Item) -> bool:
        """Return whether a lead of somebody else bears the same name."""
        name = same_name(text_in(lead, "lead_name"))
        return name in map(same_name, self.identity.names) and not self.is_own(LEADS, lead)

    def _own_data(self, table: Table, item: Item) -> Item:
        """Return the attributes that are personal as a whole, each with what takes its place."""
        data: Item = {}
        for attribute in attributes_of(table.record).values() if table.record else ():
            if attribute.personal:
                data[attribute.name] = self.email if attribute.kind is Kind.EMAIL else MARKER
        if table is AFFILIATE_LINKS:
            data["store_url"] = self.shop(text_in(item, "store_url"))
        return {name: value for name, value in data.items() if item.get(name)}

    def shop(self, store_url: str) -> str:
        """Return what stands for a shop: one for each, so that each keeps its primary link."""
        normal = normal_store_url(store_url)
        return store_url if normal.endswith(".erased.invalid") else f"{self.pseudonym(normal)}.erased.invalid"

    def _cleaned(self, value: Any) -> Any:
        return _deep(value, lambda text: self._in_id_or(text, self._own_words))

    def _cleaned_of_others(self, value: Any) -> Any:
        return _deep(value, lambda text: self._in_id_or(text, self._words))

    def _without_contacts(self, value: Any) -> Any:
        return _deep(value, lambda text: self._in_id_or(text, self._contacts))

    def _in_id_or(self, text: str, words: re.Pattern[str] | None) -> str:
        alias = self.aliases.get(text)
        if alias is not None:
            return alias
        return text if words is None else case_folding.replaced(words, text, MARKER)

    def _key(self, key: str) -> str:
        """Return a key of `ops`, whose parts are set apart by #."""
        parts = (self.aliases.get(part, part) for part in key.split("#"))
        return self._in_id_or("#".join(parts), self._words)

    def _contacts_in(self, text: str) -> bool:
        return self._contacts is not None and case_folding.shows(self._contacts, text)

    @cached_property
    def _contacts(self) -> re.Pattern[str] | None:
        who = self.identity
        return _any_of(
            [*map(_address, who.emails), *map(_number, who.phones), *map(_token, filter(_distinct, who.ids))]
        )

    @cached_property
    def _words(self) -> re.Pattern[str] | None:
        return _any_of([*_parts(self._contacts), *(_name(name) for name in self.identity.names if " " in name)])

    @cached_property
    def _own_words(self) -> re.Pattern[str] | None:
        return _any_of([*_parts(self._contacts), *map(_name, self.identity.names)])


def _deep(value: Any, clean: Callable[[str], str]) -> Any:
    match value:
        case str():
            return clean(value)
        case dict():
            return {name: _deep(each, clean) for name, each in value.items()}
        case list():
            return [_deep(each, clean) for each in value]
        case OtherValue("SS", elements):
            return OtherValue("SS", tuple(sorted({clean(str(each)) for each in elements})))
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
    # The longest first: of two addresses or names that begin alike, the whole one is to go.
    ordered = sorted(patterns, key=len, reverse=True)
    return re.compile("|".join(ordered), re.IGNORECASE) if ordered else None


def _parts(pattern: re.Pattern[str] | None) -> list[str]:
    return [] if pattern is None else [pattern.pattern]


def _address(email: str) -> str:
    return rf"(?<![{_LETTER}.+-]){re.escape(email.casefold())}(?![{_LETTER}-]|\.\w)"


def _number(digits: str) -> str:
    """Return the pattern of a phone number: international, or national with a 0 in place of the country's code."""
    national = [f"0{digits[code:]}" for code in _COUNTRY_CODES if len(digits) - code >= _NATIONAL_LENGTH]
    spellings = "|".join(r"[\s()./-]{0,3}".join(case_folding) for case_folding in (digits, *national))
    return rf"(?<!\d)(?:\+|00)?(?:{spellings})(?!\d)"


def _name(name: str) -> str:
    return rf"(?<![{_LETTER}])" + r"\s+".join(map(re.escape, name.casefold().split())) + rf"(?![{_LETTER}])"


def _token(identifier: str) -> str:
    return rf"(?<![{_LETTER}-]){re.escape(identifier.casefold())}(?![{_LETTER}-])"


def _distinct(identifier: str) -> bool:
    """Return whether an id can be told from a word or a number that people use."""
    mixed = re.search("[0-9]", identifier) and re.search("[^0-9]", identifier)
    return bool(mixed) or (len(identifier) >= _DISTINCTIVE_LENGTH and not identifier.isalpha())
