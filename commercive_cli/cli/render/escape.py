r"""Escapes characters in text that a terminal would interpret or hide, visibly, such as \x1b.

Escaped are control characters, bidirectional controls, line and paragraph separators, invisible format characters, tag
characters and lone surrogates. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
"""

import re

_DANGEROUS = (
    "\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
_ALL = re.compile(f"[{_DANGEROUS}]")
_ALL_BUT_NEWLINE = re.compile(f"(?!\n)[{_DANGEROUS}]")
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def escape(text: str) -> str:
    """Return the text in one line, with every dangerous character as a visible escape."""
    return _ALL.sub(_visible, text)


def escape_lines(text: str) -> str:
    """Return the text with its line breaks, with every other dangerous character as a visible escape."""
    return _ALL_BUT_NEWLINE.sub(_visible, text)


def escape_json(document: str) -> str:
    """Return a JSON text of equal meaning in which dangerous characters within strings are JSON escapes."""
    return _ALL_BUT_NEWLINE.sub(_json_escape, document)


def _visible(match: re.Match[str]) -> str:
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
