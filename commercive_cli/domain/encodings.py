"""Text as it comes from files, streams and request bodies: its encoding, its byte order mark, its line breaks."""

import codecs

from commercive_cli.domain.errors import Invalid

BYTE_ORDER_MARK = "\ufeff"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(raw: bytes, source: str) -> str:
    """Return the text that some bytes hold, without byte order mark, its lines ended by LF.

    It is UTF-8, or UTF-16 where a byte order mark says so, as Windows saves it. Raises Invalid, naming the source.
    """
    try:
        text = raw.decode("utf-16" if raw.startswith(_UTF_16) else "utf-8")
    except UnicodeDecodeError:
        raise Invalid(f"{source} is not UTF-8 text; convert it to UTF-8") from None
    return with_unix_lines(text)


def with_unix_lines(text: str) -> str:
    """Return a text without byte order mark, CRLF and lone CR replaced by LF."""
    return text.removeprefix(BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")
