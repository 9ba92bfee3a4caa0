"""What is equal for all spellings of one e-mail address, phone number or shop."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from commercive_cli.services.leads.likeness import email_key, may_be_one_phone, phone_key, store_key

ANYTHING = st.one_of(
    st.text(),
    st.text("+@.aßİ0\u0661 -x/:w#?", min_size=1),
    st.from_regex(r"[a-z.+]{1,8}@(gmail|googlemail|shop)\.(com|example)", fullmatch=True),
    st.from_regex(r"(\+|00)?[0-9 ()-]{5,18}( ext\.? ?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(
        r"(https?://)?(www\.){0,2}(etsy|amazon|kobe-tea|bücher)\.(com|co\.uk)(:443)?(/[a-zA-Z/]{0,6})?", fullmatch=True
    ),
)
Key = Callable[[str], str]
KEYS = (email_key, phone_key, store_key)


@pytest.mark.parametrize("key", KEYS)
@given(typed=ANYTHING)
def test_a_normal_form_is_its_own(key: Key, typed: str) -> None:
    """Whatever was typed, the form that is compared stays as it is when it is normalised again."""
    once = key(typed)

    assert once == key(once)


@pytest.mark.parametrize("key", KEYS)
@given(
    typed=st.text(st.characters(codec="ascii"), max_size=40)
    | st.from_regex(r"https://[a-z]{1,9}\.(com|example)/[a-z]{0,5}", fullmatch=True)
    | st.from_regex(r"[a-z.+]{1,9}@[a-z]{1,9}\.com", fullmatch=True)
)
def test_case_never_counts(key: Key, typed: str) -> None:
    """Capitals are equal to small letters, and white space around the text to none."""
    assert key(typed) == key(typed.upper()) == key(typed.lower()) == key(f" {typed}\n")


@given(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.from_regex(r"[a-z0-9.]{0,9}", fullmatch=True))
def test_what_stands_behind_a_plus_sign_never_counts(local: str, tag: str) -> None:
    """Mail to `ann+shop@` goes to ann, wherever that is; a dot only says nothing at Gmail."""
    assert email_key(f"{local}@shop.example") == email_key(f"{local}+{tag}@shop.example")
    assert email_key(f"{local}@gmail.com") == email_key(f"{'.'.join(local)}+{tag}@GoogleMail.com")
    assert (len(local) == 1) == (email_key(f"{local}@shop.example") == email_key(f"{'.'.join(local)}@shop.example"))


@given(st.integers(7_400_000_000, 7_599_999_999), st.sampled_from(["", " ", "-", ".", ") "]))
def test_a_number_with_its_country_is_one_in_all_spellings(national: int, between: str) -> None:
    """Separators, 00 in place of +, and the 0 that is only dialled at home make no other number."""
    digits = str(national)
    first, rest = digits[:4], between.join([digits[4:7], digits[7:]])

    spellings = {
        f"+44{digits}",
        f"+44 {first}{between}{rest}",
        f"0044 {first} {rest}",
        f"+44 (0){first} {rest}",
        f"tel:+44-{first}-{rest}",
        f"+44 {first} {rest} ext. 12",
    }
    assert {f"44{digits}"} == set(map(phone_key, spellings))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("070-555 01 42", "(070) 555-0142"),
        ("1-555-010-9999", "+1 (555) 010-9999"),
        ("٠٧٠٥٥٥٠١٤٢", "0705550142"),
        ("0705550142 x7", "0705550142"),
    ],
)
def test_a_number_without_its_country_is_its_digits(one: str, other: str) -> None:
    """No country is assumed: numbers are equal whose digits are, however they are separated or written."""
    assert phone_key(one) == phone_key(other) != ""


@pytest.mark.parametrize("number", ["", "none", "12345", "555-010", "0000000000", "+1", "call me"])
def test_no_number_is_like_nothing(number: str) -> None:
    """Fewer than seven digits, or one digit again and again, tell nobody from others."""
    assert phone_key(number) == ""


NATIONAL = st.from_regex(r"(0|1|15|9|06|\(0\)|0549)?[ /-]?[0-9]{3,12}", fullmatch=True)
INTERNATIONAL = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["+", "00", "(+", "+ "]),
    st.sampled_from(sorted(COUNTRY_CODE_TO_REGION_CODE)),
    st.sampled_from(["", " ", "-", ")"]),
    NATIONAL,
)
SPELT_OTHERWISE = st.from_regex(r"\+[0-9]{3,12}( ext\. ?[0-9]{1,4}|;[0-9]{2})?|[0-9\u0660-\u0669 -]{5,12}")
NUMBERS = INTERNATIONAL | NATIONAL | SPELT_OTHERWISE


@given(NUMBERS, NUMBERS, st.integers(0, 8))
def test_numbers_that_end_otherwise_are_no_one_phone(one: str, other: str, shared: int) -> None:
    """A lead is shown without reading the numbers of those whose last digits are others: its flags are the same."""
    other = other[: max(len(other) - shared, 0)] + one[len(one) - shared :]

    assert may_be_one_phone(one, other) or "" == phone_key(one) or phone_key(one) != phone_key(other)
    assert may_be_one_phone(one, one)


@given(st.text(st.characters(codec="ascii"), max_size=80))
def test_a_domain_in_ascii_needs_no_codec(domain: str) -> None:
    """It is what Python's codec of domains in other scripts makes of it, which most leads do without."""
    try:
        encoded = domain.encode("idna").decode()
    except UnicodeError:
        encoded = domain

    assert email_key(f"ann@{encoded.lower()}") == email_key(f"ann@{domain}")


def test_numbers_of_two_countries_are_two() -> None:
    """The same digits behind another country code are another number."""
    assert phone_key("+44 7400 123456") != phone_key("+49 7400 123456")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.Kobe-Tea.example/products/1?x=2", "kobe-tea.example"),
        ("http://kobe-tea.example:8080/#top", "KOBE-TEA.example."),
        ("https://bücher.example", "xn--bcher-kva.example/a"),
        ("https://www.etsy.com/shop/KobeTea?ref=1", "etsy.com/shop/kobetea/"),
        ("https://KobeTea.etsy.com/listing/1", "etsy.com/shop/kobetea"),
    ],
)
def test_a_shop_is_one_in_all_spellings(one: str, other: str) -> None:
    """Scheme, `www.`, port, case and page are left out; where many have their shops, the page counts."""
    assert store_key(one) == store_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://etsy.com/shop/one", "https://etsy.com/shop/two"),
        ("https://one.etsy.com", "https://two.etsy.com"),
        ("https://de.etsy.com/shop/one", "https://de.etsy.com/shop/two"),
        ("https://shop.app/m/one", "https://shop.app/m/two"),
        ("vinted.de/member/1", "vinted.de/member/2"),
        ("https://www.amazon.co.uk/dp/B01", "https://www.amazon.co.uk/dp/B02"),
        ("one.myshopify.com", "two.myshopify.com"),
        ("shop.example", "shop.example.org.example"),
    ],
)
def test_two_shops_are_two(one: str, other: str) -> None:
    """Shops on one marketplace are told apart by their paths, those with hosts of their own by these."""
    assert store_key(one) != store_key(other) != "" != store_key(one)


@pytest.mark.parametrize(
    "link",
    ["", "n/a", "none yet", "t.b.d.", "etsy.com", "https://etsy.com/?x=1", "http://192.0.2.7/", "javascript:x.com"],
)
def test_what_is_no_shop_is_like_nothing(link: str) -> None:
    """Words, numbers, and a marketplace by itself are no shop that two leads could share."""
    assert store_key(link) == ""


def test_what_is_no_address_is_like_nothing() -> None:
    """Nobody shares an e-mail address with another whose address is none."""
    assert [email_key(each) for each in ("", "ann", "@shop.example", "ann@", " @ ")] == [""] * 5
