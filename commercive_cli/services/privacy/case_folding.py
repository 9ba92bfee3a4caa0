"""Search and replacement in texts without regard to case and composition: ß and ss, é as one character or as two.

Identities are compared in the form of `alike`, so texts are searched in that form, too, and both find the same
spellings.
"""

import re
from unicodedata import category

from commercive_cli.domain.text import alike

_JAMO = range(0x1160, 0x1200)
"""The Korean vowels and final consonants, which make one syllable with what stands before them."""


def matches(words: re.Pattern[str], text: str) -> bool:
    """Return whether a pattern of words in the form of `alike` matches anywhere in the text."""
    return words.search(alike(text)) is not None


def replace_matches(words: re.Pattern[str], text: str, marker: str) -> str:
    """Return the text with the marker in place of every match of a pattern of words in the form of `alike`."""
    if not matches(words, text):
        return text
    letters = _letters(text)
    folded = [alike(letter) for letter in letters]
    positions = [position for position, letter in enumerate(folded) for _ in letter]
    kept, end = [], 0
    for start, stop in (match.span() for match in words.finditer("".join(folded))):
        kept.append("".join(letters[end : positions[start]]))
        end = positions[stop - 1] + 1
    return marker.join([*kept, "".join(letters[end:])])


def _letters(text: str) -> list[str]:
    """Return the letters of a text, each with the marks that follow it: what may be written as one character."""
    letters: list[str] = []
    for character in text:
        if letters and (category(character).startswith("M") or ord(character) in _JAMO):
            letters[-1] += character
        else:
            letters.append(character)
    return letters
