"""A body is read within limits, and one beyond them is refused before anything is built from it."""

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.api.http.strict_json import MOST_DIGITS, MOST_VALUES, read_object
from commercive_cli.domain.errors import Invalid

KB = 1024
MOST_CALLS = 100
"""Calls that refusing a body may take, whatever it holds and however long it is."""

FILLINGS: dict[str, Callable[[int], str]] = {
    "one key twice": lambda n: members(n, f'"k{n // 10 - 1}":1'),
    "members": lambda n: members(n),
    "objects": lambda n: '{"a":[' + ",".join(["{}"] * (n // 3)) + "]}",
    "objects with members": lambda n: '{"a":[' + ",".join(['{"a":1}'] * (n // 8)) + "]}",
    "doubled actions": lambda n: '{"a":[' + ",".join([DOUBLED] * (n // len(DOUBLED))) + "]}",
    "lists": lambda n: '{"a":[' + ",".join(["[]"] * (n // 3)) + "]}",
    "lists in lists": lambda n: '{"a":[' + ",".join(["[[[]]]"] * (n // 7)) + "]}",
    "whole numbers": lambda n: '{"a":[' + ",".join(["1"] * (n // 2)) + "]}",
    "fractions": lambda n: '{"a":[' + ",".join(["0.1"] * (n // 4)) + "]}",
    "nothing": lambda n: '{"a":[' + ",".join(["null"] * (n // 5)) + "]}",
    "texts": lambda n: '{"a":[' + ",".join(['""'] * (n // 3)) + "]}",
}
DOUBLED = '{"action":"admin/approve-lead","action":"approve"}'


def members(size: int, *more: str) -> str:
    """Return an object with about one member for each ten bytes."""
    return "{" + ",".join([*(f'"k{number}":1' for number in range(size // 10)), *more]) + "}"


def calls_of(task: Callable[[], object]) -> int:
    """Return how many calls of functions, Python's own included, a task makes."""
    counted = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        task()
    finally:
        sys.setprofile(before)
    return counted


def calls_to_refuse(body: str) -> int:
    def refuse() -> None:
        with pytest.raises(Invalid):
            read_object(body)

    return calls_of(refuse)


@pytest.mark.parametrize("filling", FILLINGS.values(), ids=FILLINGS)
def test_refusing_a_body_takes_few_calls_however_long_it_is(filling: Callable[[int], str]) -> None:
    """Nobody occupies the API with 250 KB of members, lists or numbers, whether a key is doubled or not."""
    assert calls_to_refuse(filling(250 * KB)) <= MOST_CALLS


class TestLimits:
    @pytest.mark.parametrize("shape", ["members", "elements", "both", "empty objects"])
    def test_a_body_holds_a_thousand_values(self, shape: str) -> None:
        """Members and elements in all, wherever they stand; one more is refused, and the error says the limit."""
        filled = {"members": in_members, "elements": in_list, "both": in_both, "empty objects": in_empty}[shape]

        assert filled(MOST_VALUES) == json.dumps(read_object(filled(MOST_VALUES)))
        with pytest.raises(Invalid, match="1,000 are the limit"):
            read_object(filled(MOST_VALUES + 1))

    @pytest.mark.parametrize("number", ["1" * MOST_DIGITS, "-" + "1" * (MOST_DIGITS - 1)])
    def test_a_whole_number_has_a_hundred_digits(self, number: str) -> None:
        """Larger ones are out of range, as no amount, time or count is."""
        assert {"n": int(number)} == read_object(f'{{"n": {number}}}')
        with pytest.raises(Invalid, match="out of range"):
            read_object(f'{{"n": {number}0}}')

    def test_a_fraction_has_a_hundred_characters(self) -> None:
        """And is read exactly."""
        number = "0." + "1" * (MOST_DIGITS - 2)

        assert {"n": Decimal(number)} == read_object(f'{{"n": {number}}}')
        with pytest.raises(Invalid, match="out of range"):
            read_object(f'{{"n": {number}1}}')

    @pytest.mark.parametrize("before", ["", "\\", '"', '\\"', "\\\\"])
    def test_a_message_may_consist_of_brackets(self, before: str) -> None:
        """A text is no structure, however much it looks like one, whatever backslashes and quotes stand before it."""
        body = {"before": before, "message": before + "[" * 10_000}

        assert body == read_object(json.dumps(body))

    @pytest.mark.parametrize("body", [f'{{"a": {DOUBLED}}}', f'{{"a": [{DOUBLED}]}}'])
    def test_only_the_whole_body_may_hold_action_twice(self, body: str) -> None:
        """The former dashboard's approval is one object; the same inside another one is a key twice."""
        assert {"action": "approve"} == read_object(DOUBLED)
        with pytest.raises(Invalid, match="'action' twice"):
            read_object(body)


def in_members(count: int) -> str:
    return json.dumps({f"k{number}": number for number in range(count)})


def in_list(count: int) -> str:
    return json.dumps({"a": [1] * (count - 1)})


def in_both(count: int) -> str:
    objects = (count - 3) // 2  # each is an element and has a member; beside them there are a, c and what c holds
    return json.dumps({"a": [{"b": number} for number in range(objects)], "c": ["x"] * (count - 2 - 2 * objects)})


def in_empty(count: int) -> str:
    return json.dumps({f"k{number}": {} for number in range(count)})
