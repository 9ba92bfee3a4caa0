"""What is equal for all spellings of one e-mail address, phone number or shop, as leads are compared.

Each function returns an empty text for what tells nobody from others; that is like nothing. What it returns for its own
result is that result.
"""

import re
from unicodedata import decimal, normalize

from commercive_cli.domain.text import alike, normal_store_url
from commercive_cli.domain.web_addresses import address_problem

FEWEST_DIGITS = 7
"""Digits of a phone number that is compared: a shorter one lacks its area, or is made up."""

SHARED_HOSTS = (
    *("1688", "alibaba", "aliexpress", "amazon", "cjdropshipping", "depop", "ebay", "etsy", "lazada"),
    *("mercadolibre", "patreon", "shopee", "taobao", "temu", "tmall", "vinted", "walmart"),
    *("facebook", "instagram", "pinterest", "telegram", "tiktok", "twitter", "youtube"),
    *(
        "bit.ly",
        "dropbox",
        "example.com",
        "example.net",
        "example.org",
        "google",
        "ko-fi",
        "linktr.ee",
        "notion",
        "shop.app",
        "t.me",
        "wa.me",
        "x.com",
        "youtu.be",
    ),
)
"""Hosts, or their names below any top-level domain, where many have a shop or page, or that stand for none (RFC 2606).

Their paths count as well.
"""

_GMAIL = ("gmail.com", "googlemail.com")
_INTERNATIONAL = re.compile(r"\+[\s(]*[0-9]")
_EXTENSION = re.compile(r"(?<=[0-9])[\s.]*(?:[x#;,]|ext).*", re.IGNORECASE | re.DOTALL)
_WWW = re.compile(r"\A(?:www\.)+(?=[^.]+\.)")
_DOMAIN = re.compile(r".+\.(?:[a-z]{2,}|xn--[a-z0-9-]+)")
_SHARED = re.compile(
    r"(?:.+\.)?(?:{})".format(
        "|".join(re.escape(each) + ("" if "." in each else r"\.(?:com?\.)?[a-z]{2,4}") for each in SHARED_HOSTS)
    )
)
_OF_ETSY = re.compile(r"(?!(?:[a-z]{2}|m|help)\.)([a-z0-9-]+)\.etsy\.com")
"""A host that Etsy gives a shop beside the page `etsy.com/shop/NAME`."""
_PLAIN_NUMBER = re.compile(r"[0-9+() ./-]+")
_ENDING = 4
"""Digits at the end of a number that every spelling of it has.

A key has seven at least, of which a country has three at most; what countries leave out or add stands before the rest.
"""
_BEFORE_HOST = re.compile(r"\A(?:[a-z]+:)?//", re.IGNORECASE)
_BEHIND_PATH = re.compile("[?#].*", re.DOTALL)


def email_key(address: str) -> str:
    """Return an address without case, without what stands behind a plus sign, and without the dots that Gmail ignores.

    A domain with letters of other scripts is equal to its form in ASCII.
    """
    local, _, domain = alike(address.strip()).rpartition("@")
    local, domain = local.strip(), _ascii(domain.strip().rstrip("."))
    if not local or not domain:
        return ""
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", "") or local, _GMAIL[0]
    return f"{local}@{domain}"


def phone_key(number: str) -> str:
    """Return the digits of a number: of E.164 when it begins with + or 00, else as it was typed.

    No country is assumed for a number without its code: such numbers are compared by their digits only.
    """
    typed = _EXTENSION.sub("", _with_ascii_digits(normalize("NFKC", number)))
    digits = re.sub("[^0-9]", "", typed)
    begun = _INTERNATIONAL.search(typed)
    if begun is not None:
        digits = _e164_digits(typed[begun.start() :]) or digits
    elif digits.startswith("00"):
        digits = _e164_digits(f"+{digits[2:]}") or digits
    return digits if len(digits) >= FEWEST_DIGITS and len(set(digits)) > 1 else ""


def may_be_one_phone(one: str, other: str) -> bool:
    """Return False for two numbers of which their ends tell that their keys are different, without making these."""
    return not (_PLAIN_NUMBER.fullmatch(one) and _PLAIN_NUMBER.fullmatch(other)) or _ending(one) == _ending(other)


def _ending(number: str) -> str:
    return re.sub("[^0-9]", "", number)[-_ENDING:]


def store_key(link: str) -> str:
    """Return the host of a shop's address, in ASCII and without `www.`; on hosts that many share, with its path.

    Words that are no web address, and a host that many share without a path, are like nothing.
    """
    address = normalize("NFKC", link).strip()
    if address_problem(address):
        return ""
    host = _WWW.sub("", _ascii(normal_store_url(address)))
    if not _DOMAIN.fullmatch(host):
        return ""
    if not _SHARED.fullmatch(host):
        return host
    if shop := _OF_ETSY.fullmatch(host):
        return f"etsy.com/shop/{shop[1]}"
    path = alike(_BEHIND_PATH.sub("", _BEFORE_HOST.sub("", address)).partition("/")[2]).strip("/")
    return f"{host}/{path}" if path else ""


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    try:
        return domain.encode("idna").decode().lower()
    except UnicodeError:  # no domain that DNS could have
        return domain


def _with_ascii_digits(text: str) -> str:
    return "".join(str(decimal(each)) if each.isdecimal() else each for each in text)


def _e164_digits(number: str) -> str:
    """Return the digits of an international number, without those that are only dialled within its country."""
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse

    try:
        parsed = parse(number)
    except NumberParseException:
        return ""
    return format_number(parsed, PhoneNumberFormat.E164)[1:] if is_possible_number(parsed) else ""
