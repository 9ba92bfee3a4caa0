"""Every character that output may not hold raw, found in Unicode's own tables, and texts that are full of them."""

import sys
import unicodedata

# Signs of category Cf that are seen in print: Arabic, Syriac, Kaithi, and the layout of Egyptian hieroglyphs.
SEEN = set(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
    + "".join(map(chr, range(0x13430, 0x13440)))
)
_NAMES = (
    "ZERO WIDTH",
    "HANGUL FILLER",
    "FILLER",
    "JOINER",
    "INVISIBLE",
    "VARIATION SELECTOR",
    "PATTERN BLANK",
    "NULL NOTE",
    "INHERENT",
)
_INK = ("GAP FILLER", "LINE FILLER", "SPACE FILLER", "SUBJOINER", "CONJOINER")
_RESERVED = frozenset((0x2065, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000), *range(0xFDD0, 0xFDF0)))
"""Default-ignorable code points without a character, the tags, and the first noncharacters."""


def _is_hidden(code: int) -> bool:
    character = chr(code)
    name = unicodedata.name(character, "")
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character not in SEEN
    named = any(part in name for part in _NAMES) and not any(part in name for part in _INK)
    return named or code in _RESERVED or code & 0xFFFE == 0xFFFE


HIDDEN = frozenset(chr(code) for code in range(sys.maxunicode + 1) if _is_hidden(code))
STORABLE = sorted(HIDDEN - {"\0"} - {c for c in HIDDEN if unicodedata.category(c) == "Cs"})
TEXT = "".join(f"a{character}" for character in STORABLE)
"""A text that holds each of them that a store can hold."""

_SHORT = (range(1, 0x20), range(0x7F, 0xA0), range(0x200B, 0x2010), range(0x2028, 0x202F))
_SINGLE = "\u2066\u2069\ufeff\u115f\u1160\u3164\uffa0\u2800\u034f\u061c\xad\U000e0041\U000e007f\ufe0f"

ID = "id" + "".join(chr(code) for codes in _SHORT for code in codes) + _SINGLE
"""One that is short enough for an id."""


def hidden_in(output: str, *, lines: str = "\n\t") -> set[str]:
    """Return the hidden characters in what a command printed, but for line ends and tabs."""
    return set(HIDDEN & set(output.replace("\r\n", "\n"))) - set(lines)
