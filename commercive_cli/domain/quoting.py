"""What somebody typed, as messages repeat it: at most 80 characters, cut where a reader sees the end of one."""

import unicodedata

LONGEST = 80
"""Characters, the `…` of what was cut included."""

_JOINER = "\u200d"
_FLAGS = range(0x1F1E6, 0x1F200)
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_JAMO = range(0x1160, 0x1200)


def quoted(value: object) -> str:
    """Return a value in quotes, its control characters as escapes."""
    return repr(shortened(value))


def shortened(value: object) -> str:
    """Return a value as text that ends in `…` where it was cut."""
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: _end(text)]}…"


def _end(text: str) -> int:
    """Return where to cut: between two clusters of characters that are seen as one (Unicode, annex 29), if any end."""
    end = LONGEST - 1
    while end > 0 and _continues(text, end):
        end -= 1
    return end or LONGEST - 1


def _continues(text: str, position: int) -> bool:
    """Return whether the character is part of the one before it."""
    before, character = text[position - 1], text[position]
    code = ord(character)
    if _JOINER in (before, character) or code in _SKIN_TONES or code in _JAMO or (before, character) == ("\r", "\n"):
        return True
    is_second_of_flag = code in _FLAGS and _flags_before(text, position) % 2 == 1
    return unicodedata.category(character).startswith("M") or is_second_of_flag


def _flags_before(text: str, position: int) -> int:
    count = 0
    while count < position and ord(text[position - count - 1]) in _FLAGS:
        count += 1
    return count
