"""Words in texts, however they are spelled: in capitals or not, with ß or ss, with İ or i and its dot.

Who somebody is goes by folded words, so texts are looked through folded, too: no spelling is found by the one and
missed by the other.
"""

import re


def shows(words: re.Pattern[str], text: str) -> bool:
    """Return whether a pattern of folded words is anywhere in the text."""
    return words.search(text.casefold()) is not None


def replaced(words: re.Pattern[str], text: str, marker: str) -> str:
    """Return the text with the marker in place of whatever a pattern of folded words finds in it."""
    found = [match.span() for match in words.finditer(text.casefold())]
    if not found:
        return text
    places = _places(text)
    kept, end = [], 0
    for start, stop in found:
        kept.append(text[end : places[start]])
        end = places[stop - 1] + 1
    return marker.join([*kept, text[end:]])


def _places(text: str) -> list[int]:
    """Return where each character of the folded text comes from: some characters fold to two or three."""
    return [place for place, character in enumerate(text) for _ in character.casefold()]
