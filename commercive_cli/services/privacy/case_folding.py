"""Search and replacement in texts without regard to case, including ß and ss, and İ and an i with a dot.

Identities are compared in case-folded form, so texts are searched in that form, too, and both find the same spellings.
"""

import re


def matches(words: re.Pattern[str], text: str) -> bool:
    """Return whether a pattern of case-folded words matches anywhere in the text."""
    return words.search(text.casefold()) is not None


def replace_matches(words: re.Pattern[str], text: str, marker: str) -> str:
    """Return the text with the marker in place of every match of a pattern of case-folded words."""
    found = [match.span() for match in words.finditer(text.casefold())]
    if not found:
        return text
    positions = _positions(text)
    kept, end = [], 0
    for start, stop in found:
        kept.append(text[end : positions[start]])
        end = positions[stop - 1] + 1
    return marker.join([*kept, text[end:]])


def _positions(text: str) -> list[int]:
    """Return the position in the text of each character of the folded text: some fold to two or three characters."""
    return [position for position, character in enumerate(text) for _ in character.casefold()]
