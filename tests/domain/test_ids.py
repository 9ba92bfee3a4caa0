"""Ids: UUIDv7 that hold their time, and link codes that people can type."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.ids import (
    CANONICAL_CODE,
    CODE_ALPHABET,
    LONGEST_CODE,
    code_spellings,
    created_at_of,
    first_id,
    new_code,
    new_id,
)

OURS = "018bcfe5-6800-7abc-8def-0123456789ab"
TIMES = st.integers(0, 2**48 - 1)


@given(TIMES)
def test_an_id_holds_the_millisecond_it_was_made_for(at: int) -> None:
    """A new id is a valid UUIDv7 in its usual spelling, and its time can be read back to the millisecond."""
    made = new_id(at)

    assert at == created_at_of(made)
    assert 7 == UUID(made).version
    assert "specified in RFC 4122" == UUID(made).variant
    assert made == str(UUID(made))


@given(TIMES, TIMES)
def test_ids_sort_by_time(one: int, other: int) -> None:
    """Ids of different milliseconds sort as text in the order of their times."""
    earlier, later = sorted((one, other))

    assert earlier == later or new_id(earlier) < new_id(later)


@given(TIMES, TIMES)
def test_first_id_is_a_lower_bound(at: int, other: int) -> None:
    """Every id made at or after a millisecond lies beyond its first id, and every earlier one before it."""
    bound, made = first_id(at), new_id(other)

    assert at == created_at_of(bound)
    assert (other >= at) == (made >= bound)


@pytest.mark.parametrize("at", [-1, -(2**80), 2**48, 2**63])
def test_first_id_of_an_impossible_time_is_the_nearest_bound(at: int) -> None:
    """Asking for messages since long before 1970, or since the year 20,000, is no error."""
    assert at < 0 or new_id(2**48 - 2) < first_id(at)
    assert at > 0 or first_id(at) <= new_id(0)


@pytest.mark.parametrize(
    "identifier",
    [
        "7b3a4c9e-1d2f-4a5b-8c6d-0e1f2a3b4c5d",
        OURS.upper(),
        OURS.replace("-", ""),
        "{" + OURS + "}",
        "urn:uuid:" + OURS,
        " " + OURS,
        "0199aaaa-aaaa-7aaa-1aaa-aaaaaaaaaaaa",
        "conv_123",
        "",
        "\0",
    ],
)
def test_no_time_is_read_from_an_id_of_another_shape(identifier: str) -> None:
    """Imported ids, and other spellings of a UUID, are accepted as they are; no time is read from them."""
    assert created_at_of(identifier) is None


@given(st.text(max_size=50))
def test_any_text_can_be_read_as_an_id(identifier: str) -> None:
    """Any text may be given as an id: either a time is read from it, or none, and never an error raised."""
    at = created_at_of(identifier)

    assert at is None or 0 <= at < 2**48


def test_link_codes_have_eight_unmistakable_characters() -> None:
    """A link code has eight characters without the lookalikes I, L, O and U, and no two are alike in practice."""
    codes = {new_code() for _ in range(2_000)}

    assert 2_000 == len(codes)
    assert {8} == {len(code) for code in codes}
    assert not set("".join(codes)) - set(CODE_ALPHABET)
    assert not set("ILOU") & set(CODE_ALPHABET)


@pytest.mark.parametrize(
    ("typed", "spellings"),
    [
        ("7XK2M9QD", ("7XK2M9QD",)),
        ("  7XK2M9QD\n", ("7XK2M9QD",)),
        ("7xk2m9qd", ("7xk2m9qd", "7XK2M9QD")),
        ("OLI-old_1", ("OLI-old_1", "OLIOLD1")),
        ("7XK2-M9QD.", ("7XK2-M9QD.", "7XK2-M9QD", "7XK2M9QD")),
        ("7XK2\u200bM9QD", ("7XK2\u200bM9QD", "7XK2M9QD")),
        ("7XK2 M9QD", ("7XK2 M9QD", "7XK2M9QD")),
        ("7XK2M9QD&utm_source=x", ("7XK2M9QD&utm_source=x", "7XK2M9QD")),
        ("ref=7XK2M9QD", ("ref=7XK2M9QD", "7XK2M9QD")),
        (
            "https://shop.example/affiliate-form?utm=1&ref=7XK2%2DM9QD#top",
            ("https://shop.example/affiliate-form?utm=1&ref=7XK2%2DM9QD#top", "7XK2-M9QD", "7XK2M9QD"),
        ),
        ("https://shop.example/f?ref=7XK2M9QD&utm=" + "x" * 200, ("7XK2M9QD",)),
        ("<7XK2M9QD>,", ("<7XK2M9QD>,", "7XK2M9QD")),
        ("?!", ("?!",)),
        ("x" * 129, ()),
    ],
)
def test_a_code_is_read_as_people_paste_it(typed: str, spellings: tuple[str, ...]) -> None:
    """Whole addresses, parameters behind, separators, unseen characters: each possible code, the exact one first."""
    assert spellings == code_spellings(typed)


@given(st.text(max_size=300))
def test_the_last_spelling_of_any_text_is_stable(typed: str) -> None:
    """Every text has few spellings, and what counts its tries is the same for each of them."""
    spellings = code_spellings(typed)

    assert len(spellings) <= 3
    assert all(0 < len(code) <= LONGEST_CODE for code in spellings)
    if spellings and CANONICAL_CODE.fullmatch(spellings[-1]):
        assert spellings[-1:] == code_spellings(spellings[-1])


@pytest.mark.parametrize("around", ["", "  \n"])
def test_a_text_beyond_2048_characters_is_no_code(around: str) -> None:
    """Anybody may send one, so it is not even looked into; space around a code does not count."""
    longest = "-" * 2_040 + "K7Q2M9XA"

    assert "K7Q2M9XA" == code_spellings(around + longest + around)[-1]
    assert () == code_spellings(around + "-" + longest + around)
