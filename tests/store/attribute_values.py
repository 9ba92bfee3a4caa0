"""Items of any values, and attribute values as other programs spell them, for property tests."""

from typing import Any

from hypothesis import strategies as st

from commercive_cli.store.items import OtherValue

NUMBERS = st.integers(-(10**37), 10**37) | st.decimals(allow_nan=False, allow_infinity=False).filter(
    lambda number: len(number.as_tuple().digits) <= 38 and -130 <= number.adjusted() <= 125
)
BINARIES = st.binary(max_size=5).map(lambda data: OtherValue("B", (data,)))
SETS = st.sets(st.text(min_size=1, max_size=4), min_size=1, max_size=3).map(
    lambda each: OtherValue("SS", tuple(sorted(each)))
) | st.sets(st.integers(-9, 99).map(str), min_size=1, max_size=3).map(
    lambda each: OtherValue("NS", tuple(sorted(each)))
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | TEXTS | NUMBERS | BINARIES | SETS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=4,
)
ITEMS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.text("abxyz_é", min_size=1, max_size=6), VALUES, max_size=6
)

_SPELLED = st.sampled_from(
    ["1", "-0", "007", "1.50", "1E+2", "1e400", "NaN", "ten", "", "\u0661", "0.0", "-1.5", "9" * 39]
)
_SCALARS = st.one_of(
    TEXTS.map(lambda text: {"S": text}),
    _SPELLED.map(lambda text: {"N": text}),
    NUMBERS.map(lambda number: {"N": str(number)}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    st.sampled_from([{"B": "eA=="}, {"B": "?"}, {"SS": ["b", "a"]}, {"NS": ["2", "1.0"]}, {"X": "y"}]),
    st.just({"S": "1", "N": "1"}),
    st.just({}),
)
ENCODED_VALUES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda each: {"L": each})
        | st.dictionaries(TEXTS, inner, max_size=3).map(lambda each: {"M": each})
    ),
    max_leaves=6,
)
"""Attribute values, some of them of a form that DynamoDB never sends."""

ENCODED_ITEMS = st.dictionaries(TEXTS, ENCODED_VALUES, max_size=5)
