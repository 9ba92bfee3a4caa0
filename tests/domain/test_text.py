"""Text: lengths at the limit and one beyond it, and characters that no text may hold."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain import text as rules
from commercive_cli.domain.errors import Invalid

LIMITS: list[tuple[Callable[[object], str], int]] = [
    (rules.message_text, 10_000),
    (lambda value: rules.identifier(value, "user_id"), 128),
    (lambda value: rules.text(value, "name", rules.NAME_LENGTH), 200),
    (lambda value: rules.text(value, "admin_notes", rules.NOTES_LENGTH), 2_000),
    (lambda value: rules.text(value, "phone", rules.PHONE_LENGTH), 40),
    (lambda value: rules.count_text(value, "pending_orders"), 20),
    (rules.product_link, 2_048),
]


@pytest.mark.parametrize(("rule", "limit"), LIMITS)
@pytest.mark.parametrize("character", ["x", "é", "👍"])
def test_text_up_to_the_limit_is_accepted(rule: Callable[[object], str], limit: int, character: str) -> None:
    """Text of exactly the limit is accepted, in characters of any script; one more is refused with the limit named."""
    assert character * limit == rule(character * limit)
    with pytest.raises(Invalid, match=f"{limit + 1:,} characters; the limit is {limit:,}"):
        rule(character * (limit + 1))


@pytest.mark.parametrize(("rule", "limit"), LIMITS)
def test_surrounding_space_does_not_count(rule: Callable[[object], str], limit: int) -> None:
    """Space around the text is dropped before its length is judged."""
    assert "x" * limit == rule(f" \n{'x' * limit}\t ")


@pytest.mark.parametrize("bad", ["a\0b", "\0", "a\ud800", "\udfffb", "\ud83d \udc4d"])
@pytest.mark.parametrize(
    "rule", [rule for rule, _ in LIMITS] + [rules.store_url, lambda value: rules.email(value, "email")]
)
def test_nul_and_lone_surrogates_are_refused(rule: Callable[[object], str], bad: str) -> None:
    """Text that a store cannot hold is refused everywhere, with a message that can itself be printed."""
    with pytest.raises(Invalid) as refused:
        rule(bad)

    assert refused.value.field
    assert refused.value.message.isprintable()


@pytest.mark.parametrize("value", [None, 5, b"text", ["text"], {"text": 1}, True])
@pytest.mark.parametrize("rule", [LIMITS[0][0], LIMITS[1][0], rules.product_link, rules.store_url])
def test_a_value_that_is_not_text_is_refused(rule: Callable[[object], str], value: object) -> None:
    """A number, an object or null is never turned into text."""
    with pytest.raises(Invalid, match="must be text"):
        rule(value)


@pytest.mark.parametrize("empty", ["", " ", "\n\t", "\u3000"])
def test_empty_text_is_refused_where_text_is_needed(empty: str) -> None:
    """Messages and ids hold at least one character; links, shops and counts may be left empty."""
    for needed in (rules.message_text, lambda value: rules.identifier(value, "user_id")):
        with pytest.raises(Invalid, match="is empty"):
            needed(empty)

    assert "" == rules.product_link(empty) == rules.store_url(empty) == rules.count_text(empty, "pending_orders")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=300))
def test_well_formed_text_passes_unchanged(value: str) -> None:
    """Apart from surrounding space, a message is stored exactly as it was written: controls, emoji, any script."""
    if value.strip():
        assert value.strip() == rules.message_text(value)


@pytest.mark.parametrize(("length", "shown"), [(1, 1), (199, 199), (200, 200), (201, 200), (10_000, 200)])
def test_a_preview_has_200_characters_at_most(length: int, shown: int) -> None:
    """A list shows the first 200 characters, and an ellipsis when something was cut."""
    preview = rules.preview("x" * length)

    assert shown == len(preview)
    assert (length > 200) == preview.endswith("…")


def test_a_shop_has_255_characters_at_most() -> None:
    """The address of exactly 255 characters is accepted, one more is refused with the limit named."""
    longest = "shop.example/" + "é" * 242

    assert longest == rules.store_url(f" {longest}\n")
    with pytest.raises(Invalid, match="256 characters; the limit is 255"):
        rules.store_url(f"{longest}é")


@pytest.mark.parametrize("address", ["a@b", "jane.doe+leads@shop.example", "用户@例え.jp", f"{'x' * 252}@y"])
def test_an_address_with_one_at_sign_is_accepted(address: str) -> None:
    """An e-mail address needs one @ with something on either side, and may have 254 characters."""
    assert address == rules.email(f" {address} ", "email")


@pytest.mark.parametrize("address", ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "a@b\nc", f"{'x' * 253}@y", 5])
def test_any_other_address_is_refused(address: object) -> None:
    """Text that cannot be an address is refused, and the error names the field."""
    with pytest.raises(Invalid) as refused:
        rules.email(address, "affiliate_email")

    assert "affiliate_email" == refused.value.field


@pytest.mark.parametrize(
    "link",
    [
        "",
        "example.com",
        "example.com/a:b",
        "example.com:8080/x",
        "example.com:8080",
        "http://example.com",
        "HTTPS://Example.com/?q=javascript:x",
        "//example.com/x",
        "/relative",
        "just words",
    ],
)
def test_a_web_address_may_lack_its_scheme(link: str) -> None:
    """A product link is kept as typed, with http, https or no scheme, with or without a port."""
    assert link == rules.product_link(link)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "java\tscript:alert(1)",
        "\x01javascript:alert(1)",
        "javascript\r:alert(1)",
        "javascript:1",
        "javascript:8080/x",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://example.com",
        "mailto:a@b",
        "x-custom+y:1",
        "https://ann@shop.example",
        "//paypal.example@evil.example/x",
        "http:\\\\ann:secret@shop.example",
    ],
)
def test_a_link_that_a_browser_would_run_is_refused(link: str) -> None:
    """Any scheme but http and https is refused, also where a browser skips control characters; so is a user name."""
    with pytest.raises(Invalid) as refused:
        rules.product_link(link)

    assert "product_link" == refused.value.field
    assert refused.value.message.isprintable()


@pytest.mark.parametrize(
    ("value", "stored"), [(3, "3"), ("about 5", "about 5"), (0, "0"), ("", ""), (Decimal("1.5"), "1.5")]
)
def test_a_count_may_be_a_number_or_words(value: object, stored: str) -> None:
    """Pending orders may be a JSON number or what a person typed; it is kept as text."""
    assert stored == rules.count_text(value, "pending_orders")


@pytest.mark.parametrize("value", [True, 2.5, None, 10**20, [1]])
def test_any_other_count_is_refused(value: object) -> None:
    """A boolean, a float, null or a number of 21 digits is no count."""
    with pytest.raises(Invalid) as refused:
        rules.count_text(value, "pending_orders")

    assert "pending_orders" == refused.value.field


@pytest.mark.parametrize(
    "spelling",
    [
        "shop.example",
        "https://shop.example",
        "HTTP://Shop.Example/",
        "  shop.example/ ",
        "SHOP.EXAMPLE//",
        "//shop.example",
        "shop.example.",
        "shop.example:443",
        "https://shop.example.:8443/de/cart?x=1#top",
        "shop.example?utm_source=x",
        "\uff53hop.example",
    ],
)
def test_spellings_of_one_shop_are_equal(spelling: str) -> None:
    """Addresses that differ in scheme, case, port, path or a dot at the end name the same shop."""
    assert "shop.example" == rules.normal_store_url(spelling)


def test_what_is_no_address_names_a_shop_as_it_is() -> None:
    """A name that somebody wrote instead of an address stays one; shops of other hosts are other shops."""
    assert "ann's shop" == rules.normal_store_url(" Ann's Shop ")
    assert "" == rules.normal_store_url("https://")
    assert 2 == len({rules.normal_store_url(url) for url in ("a.example/b", "b.example/b")})


@given(st.text() | st.from_regex(r"(https?:)?(//)?[a-zA-Z ]*[.:0-9/ ]*", fullmatch=True))
def test_a_normal_shop_stays_as_it_is(url: str) -> None:
    """Claims of shops are kept under this form, so that it must be the same whenever it is made."""
    normal = rules.normal_store_url(url)

    assert normal == rules.normal_store_url(normal)
