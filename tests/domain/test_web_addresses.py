"""A shop's address is that of a web server; what a browser would run, or people would misread, is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.hidden_characters import HIDDEN
from commercive_cli.domain.links import address_to_open
from commercive_cli.domain.text import normal_store_url, store_url
from commercive_cli.domain.web_addresses import is_web_url, link_danger


@pytest.mark.parametrize(
    "address",
    [
        "shop.example",
        "https://shop.example",
        "HTTP://Shop.Example/",
        "SHOP.EXAMPLE//",
        "//shop.example",
        "shop.example.",
        "shop.example:",
        "shop.example:443",
        "shop.example:443?x=1",
        "https://shop.example.:8443/de/cart?x=1#top",
        "shop.example?utm_source=x",
        "\uff53hop.example",
        "mystore.myshopify.com",
        "my_shop.example",
        "例え.jp",
        "भारत.भारत",
        "xn--r8jz45g.jp",
        "shop",
        "localhost:3000",
        "192.0.2.1:80",
        "https://[2001:db8::1]:8080/x",
        "https://social.example/@ann",
        "https://shop.example/\u65e5\uff0f\u672c",
        f"{'x' * 63}.example",
        "",
    ],
)
def test_hosts_and_web_addresses_are_kept_as_typed(address: str) -> None:
    """A host with or without port and path, in any script, and http(s) URLs."""
    assert address == store_url(f" {address}\n")


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "javascript:1",
        "javascript:0/alert(1)",
        "javascript://shop.example/%0aalert(1)",
        "\uff4a\uff41vascript\uff1aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://shop.example",
        "mailto:ann@shop.example",
        "http:shop.example",
        "https:/shop.example",
        "https://",
        "//",
        "/cart",
        "?x",
        "https://ann@shop.example",
        "https://ann:secret@shop.example",
        "ann@shop.example",
        "https://shop.example\\@evil.example",
        "https://shop.example/a\\b",
        "my shop",
        "shop.example/a b",
        "shop\n.example",
        "shop.example/\x1b[2J",
        "s\u202e.com",
        "sh\u200bop.example",
        "shop..example",
        ".example",
        "-shop.example",
        "shop-.example",
        "shop!.example",
        "%61.example",
        f"{'x' * 64}.example",
        ".".join(["x" * 60] * 5)[:254],
        "shop.example:65536",
        "shop.example:80:80",
        "https://[::1",
        "https://[shop]/",
        "https://shop.example\uff0f\uff20evil.example",
        "shop.example\uff1fx",
        "\uff48ttps://shop.example",
        "https:\uff0f\uff0fshop.example",
    ],
)
def test_everything_else_is_refused(address: str) -> None:
    """The error names the field, and shows nothing that it was given but the beginning of a scheme."""
    with pytest.raises(Invalid, match=r"write it like shop\.example or https://shop\.example") as refused:
        store_url(address)

    assert "store_url" == refused.value.field
    assert refused.value.message.isprintable()


@given(st.text(max_size=40) | st.from_regex(r"(javascript|https?)?:?(//)?[a-z@.:/\\\\0-9]*", fullmatch=True))
def test_no_text_is_taken_that_a_browser_could_run(text: str) -> None:
    """Whatever is taken has a host, no hidden character, and no scheme but http(s)."""
    try:
        taken = store_url(text)
    except Invalid:
        return

    assert taken == "" or normal_store_url(taken)
    assert not HIDDEN.search(taken)
    assert not taken.lower().startswith(("javascript:", "data:")) or taken.lower() == "javascript:"[:-1]


@given(st.from_regex(r"(javascript|https?|HTTPS|mailto)?:?(//|\\\\)?[a-z@.:/\\\\?#0-9 ]{0,12}", fullmatch=True))
def test_a_link_is_dangerous_whatever_a_browser_skips_before_it(link: str) -> None:
    """Most links are harmless at first sight, which is no other judgement than that of a closer look."""
    assert link_danger(link) == link_danger(f"\t{link}") == link_danger(f"{link[:4]}\n{link[4:]}")


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://a.example/x?y=1", True),
        ("HTTP://a", True),
        ("a.example", False),
        ("//a", False),
        ("https://a@b", False),
    ],
)
def test_a_web_url_is_whole(url: str, whole: bool) -> None:
    """Where a page is opened, a host alone is not enough."""
    assert whole == is_web_url(url)


def test_a_stored_address_is_opened_when_it_is_one() -> None:
    """An address that another program stored is not handed on when it is none."""
    ours = "https://dash.example/affiliate-form?ref=AAAA0000"

    assert "https://old.example/?ref=x" == address_to_open(
        "https://old.example/?ref=x", "https://dash.example", "AAAA0000"
    )
    assert [ours] * 3 == [
        address_to_open(stored, "https://dash.example/", "AAAA0000")
        for stored in ("", "javascript:alert(1)", "https://a@evil.example")
    ]
