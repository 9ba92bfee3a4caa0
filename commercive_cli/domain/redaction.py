"""Replaces in texts what points to a person: e-mail addresses, phone numbers and long ids.

What looks like one is replaced, so rather too much than too little. Names and addresses of places are not recognised.
"""

import re

EMAIL, PHONE, ID = "[e-mail]", "[phone]", "[id]"
LONG_ID = 16
"""Characters from which a word with three digits counts as an id: UUIDs, tokens, tracking numbers."""
LONGEST_PHONE = 15
"""Digits of a phone number (ITU-T E.164); a longer number is an id, as those of cards and bank accounts are."""

# Each pattern begins where the one before it cannot have begun, so that long words take no long time.
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+[@\uff20][\w-]+(?:\.[\w-]+)+")
_WORD = re.compile(rf"(?<![\w-])[\w-]{{{LONG_ID},}}", re.ASCII)
_NUMBER = re.compile(r"(?<!\d)[+\uff0b]?\(?\d(?:[^\S\n]?[().\-\u2010-\u2015/·]{0,2}[^\S\n]?\d){6,}")
_DATE = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d|[0-3]?\d[./][01]?\d[./](?:19|20)\d\d")
_DIGIT = re.compile(r"\d")
_FEWEST_DIGITS = 7


def redacted(text: str) -> str:
    """Return a text with [e-mail], [phone] and [id] in place of those; dates stay."""
    return _NUMBER.sub(_number, _WORD.sub(_word, without_emails(text)))


def without_emails(name: str) -> str:
    """Return a name or id with [e-mail] in place of e-mail addresses."""
    return _EMAIL.sub(EMAIL, name)


def _word(found: re.Match[str]) -> str:
    return ID if len(_DIGIT.findall(found[0])) >= 3 and not _is_number(found[0]) else found[0]


def _is_number(word: str) -> bool:
    return all(character.isdigit() or character == "-" for character in word)


def _number(found: re.Match[str]) -> str:
    date = _DATE.match(found[0])
    if date and _count(found[0][date.end() :]) < _FEWEST_DIGITS:
        return found[0]
    return PHONE if _count(found[0]) <= LONGEST_PHONE else ID


def _count(text: str) -> int:
    return len(_DIGIT.findall(text))
