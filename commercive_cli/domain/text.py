"""Checks of text: its length in characters, its form, and that it holds no NUL and no lone surrogates."""

import re
from decimal import Decimal
from unicodedata import normalize

from commercive_cli.domain.encodings import with_unix_lines
from commercive_cli.domain.errors import IllFormed, Invalid
from commercive_cli.domain.ids import usual_id

MESSAGE_LENGTH = 10_000
PREVIEW_LENGTH = 200
NAME_LENGTH = 200
NOTES_LENGTH = 2_000
ID_LENGTH = 128
EMAIL_LENGTH = 254
PHONE_LENGTH = 40
PRODUCT_LINK_LENGTH = 2_048
PENDING_ORDERS_LENGTH = 20
STORE_URL_LENGTH = 255
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_SHOP_SCHEME = re.compile("^([a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_PATH = re.compile("[/?#]")
_END_OF_HOST = re.compile(r"([0-9]*:|[.\s])*")
"""A port, dots and spaces, read from the end: to look for an end from every place takes long."""


def text(value: object, field: str, longest: int, *, shortest: int = 1) -> str:
    """Return `value` stripped, of `shortest` to `longest` characters; raise Invalid naming `field` otherwise.

    Lines end with LF, whatever ended them, and a byte order mark at the beginning is dropped.
    """
    return _checked(with_unix_lines(value) if isinstance(value, str) else value, field, longest, shortest)


def _checked(value: object, field: str, longest: int, shortest: int) -> str:
    if not isinstance(value, str):
        raise Invalid(f"{field} must be text", field=field)
    if "\0" in value or _LONE_SURROGATE.search(value):
        raise IllFormed(f"{field} holds a NUL or half of a surrogate pair; send well-formed Unicode", field=field)
    stripped = value.strip()
    if len(stripped) < shortest:
        raise Invalid(f"{field} is empty; {shortest} to {longest:,} characters are needed", field=field)
    if len(stripped) > longest:
        raise Invalid(f"{field} has {len(stripped):,} characters; the limit is {longest:,}", field=field)
    return stripped


def message_text(value: object) -> str:
    """Return a message of 1 to 10,000 characters."""
    return text(value, "message", MESSAGE_LENGTH)


def identifier(value: object, field: str) -> str:
    """Return an id of 1 to 128 characters; ids are opaque, imported ones keep their shape."""
    return _checked(value, field, ID_LENGTH, 1)


def actor_id(value: object, field: str = "actor") -> str:
    """Return the id of somebody who acts, a UUID in lower case: nothing is stored under it that could be looked for."""
    return usual_id(identifier(value, field))


def preview(message: str) -> str:
    """Return a message as conversation lists show it: at most 200 characters, the last one `…` when it was cut."""
    return message if len(message) <= PREVIEW_LENGTH else message[: PREVIEW_LENGTH - 1] + "…"


def email(value: object, field: str) -> str:
    """Return an e-mail address: at most 254 characters (RFC 5321), one `@` with something on either side."""
    address = text(value, field, EMAIL_LENGTH)
    if not _EMAIL.fullmatch(address):
        raise Invalid(f"{field} must look like name@example.com", field=field)
    return address


def product_link(value: object) -> str:
    """Return a link, or words instead of one, as typed; raise Invalid for a link that is dangerous to follow."""
    from commercive_cli.domain.web_addresses import link_danger  # imported late, as few commands take addresses

    link = text(value, "product_link", PRODUCT_LINK_LENGTH, shortest=0)
    if danger := link_danger(link):
        raise Invalid(f"product_link {danger}", field="product_link")
    return link


def count_text(value: object, field: str) -> str:
    """Return a number, or words such as `about 5`, as text of at most 20 characters."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)
    return text(value, field, PENDING_ORDERS_LENGTH, shortest=0)


def store_url(value: object) -> str:
    """Return a shop's host or http(s) address as typed, at most 255 characters, or nothing."""
    from commercive_cli.domain.web_addresses import address_problem

    shop = text(value, "store_url", STORE_URL_LENGTH, shortest=0)
    if shop and (problem := address_problem(shop)):
        raise Invalid(f"store_url {problem}; write it like shop.example or https://shop.example", field="store_url")
    return shop


def normal_store_url(url: str) -> str:
    """Return the host of a shop's address in lower case, without port: equal for all spellings of one shop."""
    address = _SHOP_SCHEME.sub("", normalize("NFKC", url).strip())
    backwards = _PATH.split(address, maxsplit=1)[0][::-1]
    end = _END_OF_HOST.match(backwards)
    return normalize("NFKC", backwards[end.end() if end else 0 :][::-1].strip().lower())


def alike(words: str) -> str:
    """Return a text as searches compare it: equal for all cases and compositions of the same letters."""
    return normalize("NFKC", normalize("NFKC", words).casefold())
