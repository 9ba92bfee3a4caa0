r"""Escapes the characters of text that a terminal would obey or nobody would see, visibly, such as \x1b."""

import re

from commercive_cli.domain.hidden_characters import HIDDEN

_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def escape(text: str) -> str:
    """Return the text in one line, with every hidden character as a visible escape."""
    return HIDDEN.sub(visible, text)


def escape_lines(text: str) -> str:
    """Return the text with its line breaks, with every other hidden character as a visible escape."""
    return HIDDEN.sub(lambda match: match[0] if match[0] == "\n" else visible(match), text)


def escape_json(document: str) -> str:
    """Return a JSON text of equal meaning in which hidden characters within strings are JSON escapes."""
    return HIDDEN.sub(lambda match: match[0] if match[0] == "\n" else _json_escape(match), document)


def visible(match: re.Match[str]) -> str:
    """Return the escape that stands for a hidden character."""
    character = match[0]
    code = ord(character)
    return _SHORT.get(character) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def _json_escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + ((code - 0x10000) >> 10):04x}\\u{0xDC00 + ((code - 0x10000) & 0x3FF):04x}"
