"""The filter before people and logs: secrets that this process was given, and what looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.secrets import redact, remember_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key AKIAIOSFODNN7EXAMPLE was refused", "key (secret) was refused"),
        ("token eyJhbGciOi.eyJzdWIiOi.abc-_1 expired", "token (secret) expired"),
        ("sb_secret_abc123", "(secret)"),
        ("authorization: Bearer abcdefgh12", "authorization: Bearer (secret)"),
        ("x-amz-security-token:IQoJb3JpZ2lu==\nhost:x", "x-amz-security-token:(secret)\nhost:x"),
        ("Signature=0a1b2c3d, x", "Signature=(secret) x"),
        ("http://ann:hunter2@proxy.example:3128/", "http://(secret)@proxy.example:3128/"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    """Keys, tokens, signatures and passwords of URLs, though nobody told of them."""
    assert shown == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "send the header Authorization: Bearer <token>",
        "COMMERCIVE_JWT_SECRET must have at least 32 bytes",
        "table commercive_v2_leads does not exist in dynamodb eu-west-1 at http://127.0.0.1:8000",
        "https://social.example/@ann and ann@shop.example: 12",
    ],
)
def test_ordinary_messages_stay(text: str) -> None:
    """What says where and how stays readable."""
    assert text == redact(text)


def test_a_known_secret_is_hidden_also_in_part() -> None:
    """A library may quote a value up to its line end, or with escapes in place of it."""
    remember_secrets(["correct-horse\nbattery-staple\u00e9x", None, "short", ""])

    assert "b'(secret)\\\\n(secret)' short" == redact("b'correct-horse\\\\nbattery-staple' short")


def test_a_secret_that_begins_like_another_is_hidden_whole() -> None:
    """The longer one first: else its end would stay behind the shorter one's place."""
    begin = "a-first-secret"
    remember_secrets([begin, *(f"{begin}{number:02}-and-more" for number in range(50))])

    assert "(secret) (secret)" == redact(f"{begin}17-and-more {begin}")


@given(st.from_regex(r"[!-~]{8,60}", fullmatch=True), st.text(max_size=20), st.text(max_size=20))
def test_no_known_secret_survives(secret: str, before: str, behind: str) -> None:
    """Whatever stands beside it."""
    remember_secrets([secret])

    assert secret not in redact(f"{before} {secret} {behind}") or secret in "(secret)"
