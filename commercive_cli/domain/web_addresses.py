"""Which texts are web addresses: a host, or an http(s) URL. And which are no harmless link, whatever else they are."""

import re
from ipaddress import AddressValueError, IPv6Address
from unicodedata import normalize

from commercive_cli.domain.hidden_characters import HIDDEN

HOST_LENGTH = 253
"""Characters of a host as DNS has it, in ASCII (RFC 1035, section 2.3.4); a label has 63."""

_SKIPPED = re.compile("[\x00-\x20]")
"""Characters that a browser ignores when it reads a link's scheme (WHATWG URL, section 4.4)."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_BARE_WITH_PORT = re.compile(r"(localhost|(?=[^/:]+\.[^/:])[^/:]+):[0-9]*([/?#].*)?", re.IGNORECASE)
_HARMLESS = re.compile(r"(?:https?://)?[^:@]*")
"""Matches most links: with no other scheme, and nobody before the host, they need no closer look."""

_BEFORE_AUTHORITY = re.compile(r"(?:(?P<scheme>[a-z][a-z0-9+.-]*):)?//", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{0,5}))?")
_END_OF_AUTHORITY = re.compile(r"[/?#]")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE | re.ASCII)


def address_problem(address: str) -> str | None:
    """Return what is wrong with the address of a host or an http(s) URL, None for a right one.

    A host may have a port and a path, and letters of any script that a domain may have (IDNA).
    """
    form = normalize("NFKC", address)
    if HIDDEN.search(address) or HIDDEN.search(form) or re.search(r"\s", form):
        return "holds white space or a hidden character"
    if "\\" in form:
        return "holds a backslash"
    if danger := link_danger(form):
        return danger
    # It is cut as it is written: where a full-width slash would end the host, browsers find no host at all.
    begun = _BEFORE_AUTHORITY.match(address)
    authority = _END_OF_AUTHORITY.split(address[begun.end() if begun else 0 :], maxsplit=1)[0]
    parts = _AUTHORITY.fullmatch(normalize("NFKC", authority))
    if (
        parts is None
        or (parts[0].lower() in ("http:", "https:") and not begun)
        or int(parts["port"] or 0) > 65535
        or not _is_host(parts["host"])
    ):
        return "names no host such as shop.example"
    return None


def link_danger(link: str) -> str | None:
    """Return what makes a link dangerous to follow, None for a harmless one or for text that is no link.

    That is another scheme than http or https, which a browser might run, or a user before the host, which looks like a
    host to people.
    """
    if _HARMLESS.fullmatch(link):
        return None
    visible = _SKIPPED.sub("", link)
    scheme = _SCHEME.match(visible)
    if scheme and scheme[1].lower() not in ("http", "https") and not _BARE_WITH_PORT.fullmatch(visible):
        return f"has the scheme {scheme[1][:20]}:, and only http and https are taken"
    begun = re.match(r"(?:https?:)?[/\\]{2,}", visible, re.IGNORECASE)
    if begun and "@" in re.split(r"[/?#\\]", visible[begun.end() :], maxsplit=1)[0]:
        return "names a user or password before the host"
    return None


def is_web_url(url: str) -> bool:
    """Return whether a text is a whole http(s) URL."""
    return url.lower().startswith(("https://", "http://")) and address_problem(url) is None


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return _is_ipv6(host[1:-1])
    try:
        labels = [_in_ascii(label) for label in host.removesuffix(".").split(".")]
    except UnicodeError:  # a label that is empty or too long, or holds what no domain may hold
        return False
    return len(".".join(labels)) <= HOST_LENGTH and all(map(_LABEL.fullmatch, labels))


def _in_ascii(label: str) -> str:
    """Return a label as DNS has it; the module that translates other scripts is loaded only for them."""
    return label if label.isascii() else label.encode("idna").decode()


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return True
