"""What stands for a person in texts and cannot be mistaken: their addresses, phone numbers and long ids.

These alone are replaced in what others wrote. A name, a short id or a number may be a common word or somebody else's.
"""

import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from commercive_cli.domain.ids import usual_id
from commercive_cli.domain.text import alike, normal_store_url
from commercive_cli.services.privacy import case_folding
from commercive_cli.services.privacy.identity import FEWEST_DIGITS, Identity
from commercive_cli.store.items import Item, OtherValue

MARKER = "[erased]"
_PSEUDONYM_LENGTH = 12
_COUNTRY_CODES = (1, 2, 3)
"""Lengths of country codes (ITU-T E.164)."""
_LETTER = r"\w\u0300-\u036f"
"""Word characters and combining accents, as a case-folded İ has one."""
_LONG_ID = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a UUID
    r"|[A-Z]{2,8}-[A-Z0-9]{8,}"  # as the former backend made them
    r"|(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])\S{16,}",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True)
class Identifiers:
    """Finds and replaces one person's identifiers; pseudonyms are derived from the `secret` of one erasure."""

    identity: Identity
    secret: bytes = b""

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

    def shop_pseudonym(self, store_url: str) -> str:
        """Return the replacement of a store URL; one for each store, so that each keeps its primary link."""
        normal = normal_store_url(store_url)
        return store_url if normal.endswith(".erased.invalid") else f"{self.pseudonym(normal)}.erased.invalid"

    def is_theirs(self, value: object) -> bool:
        """Return whether a value is an id of the person, or was one before it got its pseudonym."""
        return self.identity.has_id(value) or value in self._given

    def renamed(self, value: Any) -> Any:
        """Return the pseudonym of an id of the person, and any other value as it is."""
        return self.pseudonym(value) if self.identity.has_id(value) else value

    def without(self, value: Any) -> Any:
        """Return a text, or what holds texts, with the marker in place of the person's identifiers."""
        words = self._pattern
        if words is None:
            return value
        return map_texts(value, lambda each: case_folding.replace_matches(words, each, MARKER))

    def mentioned_in(self, value: Any) -> bool:
        """Return whether an identifier of the person stands in a text, or in what holds texts."""
        words = self._pattern
        return words is not None and any(case_folding.matches(words, each) for each in _texts(value))

    def stands_for(self, phone: str) -> bool:
        """Return whether a phone number, in whatever spelling, is one of the person's."""
        words = _any_of(map(_number, self.identity.phones))
        return words is not None and words.search(phone) is not None

    @cached_property
    def _given(self) -> frozenset[str]:
        return frozenset(self.pseudonyms.values())

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        identity = self.identity
        ids = filter(is_long, identity.ids)
        return _any_of([*map(_address, identity.emails), *map(_number, identity.phones), *map(_token, ids)])


def is_long(one: str) -> bool:
    """Return whether an id can be nothing else in a text: a UUID, `AFF-7Q2M9XKD`, or 16 letters and digits."""
    return _LONG_ID.fullmatch(one) is not None


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return a value with every text in it changed."""
    match value:
        case str():
            return change(value)
        case dict():
            return {name: map_texts(each, change) for name, each in value.items()}
        case list():
            return [map_texts(each, change) for each in value]
        case OtherValue("SS", elements):
            return OtherValue("SS", tuple(sorted({change(str(each)) for each in elements})))
    return value


def _texts(value: Item | Any) -> Iterator[str]:
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
    # The longest first, so that of two addresses with the same beginning the longer one is replaced whole.
    ordered = sorted(patterns, key=len, reverse=True)
    return re.compile("|".join(ordered), re.IGNORECASE) if ordered else None


def _address(email: str) -> str:
    """Return the pattern of an address: as it is written, and as it stands in the query of a web address."""
    spellings = dict.fromkeys((alike(email), alike(quote(email, safe="", errors="replace"))))
    return rf"(?<![{_LETTER}.+-])(?:{'|'.join(map(re.escape, spellings))})(?![{_LETTER}-]|\.\w)"


def _number(phone: str) -> str:
    """Return the pattern of a phone number: as it is, and with 0 in place of the country's code, if it has that."""
    digits = phone.removeprefix("+")
    national = [f"0{digits[code:]}" for code in _COUNTRY_CODES if len(digits) - code >= FEWEST_DIGITS - 1]
    spelled = (digits, *national) if phone.startswith("+") else (digits,)
    spellings = "|".join(r"[\s()./-]{0,3}".join(spelling) for spelling in spelled)
    return rf"(?<!\d)(?:\+|00)?(?:{spellings})(?!\d)"


def _token(one: str) -> str:
    return rf"(?<![{_LETTER}-]){re.escape(alike(one))}(?![{_LETTER}-])"
