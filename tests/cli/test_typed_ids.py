"""Ids as people type them: what is found, where it is looked for, and what is never guessed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from commercive_cli.cli.known_ids import Known
from commercive_cli.cli.typed_ids import LOOKED_AT, TypedIds
from commercive_cli.domain.errors import Invalid, NotFound

TEA = "01a21b92-8f8f-793a-847e-a5824c0e91aa"
POTS = "01a21b92-8f8f-70d9-a8b8-7efc4c0e92bb"
OLD = "0199aaaa-bbbb-7ccc-8ddd-eeee12345678"


@dataclass
class Records:
    """Records of a store: all of them, and those that are looked at as the newest."""

    there: tuple[str, ...] = (TEA, POTS, OLD)
    new: tuple[str, ...] = (TEA, POTS)
    looks: list[str] = field(default_factory=list)

    def exists(self, identifier: str) -> bool:
        self.looks.append(identifier)
        return identifier in self.there

    def newest(self) -> Iterable[tuple[str, str]]:
        self.looks.append("newest")
        return ((each, f"shop {each[-2:]}") for each in self.new)


Make = Callable[..., TypedIds]


@pytest.fixture
def records() -> Records:
    """Return records."""
    return Records()


@pytest.fixture
def typed(records: Records) -> Make:
    """Make what a command uses, with the ids that were shown here."""

    def make(shown: Mapping[str, str] = {}, asks: str | None = None) -> TypedIds:  # it is only read
        known = {each: Known(kind, f"shop {each[-2:]}") for each, kind in shown.items()}
        return TypedIds("conversation", lambda: known, records.exists, records.newest, asks)

    return make


@pytest.mark.parametrize("text", [TEA, TEA.upper(), f" {TEA},", "c-1", "user@example.com", "#4711", "4c0e"])
def test_whole_ids_cost_nothing(typed: Make, records: Records, text: str) -> None:
    """An id that is no part of a UUID is passed on; only decorated ones are looked up as they were typed."""
    assert text.strip(" #,") == typed().whole(text)
    assert "newest" not in records.looks
    assert len(records.looks) <= (text.strip(" #,") != text)


def test_what_was_typed_wins_where_it_exists(records: Records, typed: Make) -> None:
    """An id of somebody else's making, that looks like a part of one or has marks around it, is that id."""
    records.there = ("#7", "abcdef12")

    assert ["#7", "abcdef12"] == [typed({f"{TEA[:-8]}abcdef12": "conversation"}).whole(each) for each in records.there]


@pytest.mark.parametrize("text", ["4c0e91aa", "0e91aa", "#4C0E91AA", "01a21b92-8f8f-793a"])
def test_a_part_of_an_id_that_was_shown(typed: Make, records: Records, text: str) -> None:
    """Six characters of its beginning or end are enough, for reading and for writing, without a look at the store."""
    for asks in (None, "close"):
        assert TEA == typed({TEA: "conversation", OLD: "conversation"}, asks).whole(text)
    assert "newest" not in records.looks


def test_a_part_is_looked_for_among_the_newest(typed: Make, records: Records) -> None:
    """A command that reads finds what was not shown here; many ids are looked for in one pass."""
    ids = typed()

    assert [TEA, POTS] == [ids.whole("4c0e91aa"), ids.whole("4c0e92bb")]
    assert 1 == records.looks.count("newest")


def test_what_is_not_found_says_where_was_looked(typed: Make) -> None:
    """An older record needs its whole id."""
    with pytest.raises(NotFound, match=f"shown here and the newest {LOOKED_AT:,}; give the whole id"):
        typed().whole("12345678")


def test_the_kind_of_another_record_is_told(typed: Make) -> None:
    """Whoever takes a user's id for a conversation's is told what it is."""
    with pytest.raises(NotFound, match="no conversation '12345678'; it is a user"):
        typed({OLD: "user"}).whole("12345678")


@pytest.mark.parametrize("shown", [{}, {TEA: "conversation", POTS: "conversation"}])
@pytest.mark.parametrize("asks", [None, "close"])
def test_two_records_are_never_one(typed: Make, shown: dict[str, str], asks: str | None) -> None:
    """The candidates are named, in as many characters as tell them apart, with what they are."""
    with pytest.raises(Invalid, match="'01a21b92' is 2 conversations: 4c0e91aa shop aa; 4c0e92bb shop bb"):
        typed(shown, asks).whole("01a21b92")


def test_many_candidates_are_counted(typed: Make, records: Records) -> None:
    """Five are named, the others counted."""
    records.new = tuple(f"01a21b92-8f8f-793a-847e-a582000000{number:02}" for number in range(12))

    with pytest.raises(Invalid, match=r"is 12 conversations: .*; and 7 more"):
        typed().whole("01a21b92")


@pytest.mark.parametrize("text", ["0e91aa", "4c0e91aa"])
def test_a_write_is_never_guessed(typed: Make, text: str) -> None:
    """Without a terminal to ask on, a record that was not shown here needs its whole id, which is told."""
    with pytest.raises(Invalid, match=f"was not shown here and may be conversation {TEA} .*give the whole id to close"):
        typed(asks="close").whole(text)
