"""Input that nobody expects: any text, any JSON, bytes, numbers that no type holds, and some very long or deep."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.cli.hidden import ID, TEXT

LONG = 200_000
_TRICKY = [
    "",
    " ",
    "-",
    "--",
    "-1",
    "0",
    "NaN",
    "1e400",
    "9" * 400,
    "null",
    "true",
    "[]",
    "../../etc/passwd",
    "/dev/null",
    "a\nb",
    "a\r\nb: c",
    "%00%ff%zz",
    "${jndi:x}{0}%s%n",
    "=cmd()|a",
    "\ufeff",
    "\u202eabc\u2066",
    "e\u0301\u0301\u0301",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f1e9\U0001f1ea",
    "[red]x[/red][/]",
    "<script>alert(1)</script>",
    "2026-11-28T12:00:00Z",
    "0001-01-01",
    "99999-12-31T23:59:60+25:00",
    "30d",
    "9" * 30 + "d",
    ID,
    TEXT,
]
TEXTS = st.one_of(
    st.sampled_from(_TRICKY),
    st.text(st.characters(), max_size=40),
    st.text(st.sampled_from(sorted(set(ID))), max_size=20),
    st.builds(
        lambda part, times: part * times,
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=3),
        st.integers(1, LONG // 3),
    ),
)
"""Any text, lone surrogates included."""

STORABLE = TEXTS.map(lambda text: text.encode("utf-8", "ignore").decode().replace("\0", ""))
"""Texts without what no store holds."""

TYPED = STORABLE | st.binary(max_size=30).map(lambda raw: raw.replace(b"\0", b"").decode("utf-8", "surrogateescape"))
"""What can stand on a command line or in a variable: no NUL, and bytes that are no UTF-8 as Python shows them."""

NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, -1, 2**31, 2**53 + 1, 2**63, -(2**63), 10**15, 10**40, 10**400, 1e308, 0.1 + 0.2, -0.0]),
)
DEEP = st.builds(
    lambda depth, opens, inner, closes: opens * depth + inner + closes * depth,
    st.sampled_from([10, 150, 990, 5_000, 60_000]),
    st.sampled_from(["[", '{"a":', '[{"":']),
    st.sampled_from(["", "1", "null", '"x"']),
    st.sampled_from(["]", "}", "}]", ""]),
)
"""JSON texts that are nested deeply, not all of them well."""

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | TEXTS | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
"""Whatever JSON can say, and what Python's JSON says beyond it."""

BYTES = st.one_of(
    st.binary(max_size=60),
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    TEXTS.map(lambda text: text.encode("utf-16", "surrogatepass")),
    st.builds(lambda part, times: part * times, st.binary(min_size=1, max_size=3), st.integers(1, LONG // 3)),
)


def json_of(value: Any) -> str:
    """Return a value as JSON text, with what Python's own writer does to odd ones."""
    return json.dumps(value, ensure_ascii=True)


def damaged(raw: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return bytes with a few of them changed, cut out or put in; often one byte alone."""
    place = st.floats(0, 1)
    one = st.tuples(place, st.just(1), st.binary(min_size=1, max_size=1)).map(lambda cut: [cut])
    return st.builds(_cut, raw, one | one | st.lists(st.tuples(place, st.integers(0, 12), BYTES), max_size=3))


def _cut(raw: bytes, cuts: list[tuple[float, int, bytes]]) -> bytes:
    for where, removed, instead in cuts:
        at = int(where * len(raw))
        raw = raw[:at] + instead + raw[at + removed :]
    return raw


def harmless(value: str) -> str:
    """Return what is typed so that, as the name of a file, it leads nowhere but below the working directory."""
    return value.lstrip("/~").replace("..", ".") if value != "/dev/null" else value


def attribute_values() -> st.SearchStrategy[Any]:
    """Return values as DynamoDB's JSON has them, and such as it never has."""
    tags = st.sampled_from(["S", "N", "BOOL", "NULL", "M", "L", "SS", "NS", "BS", "B", "X", ""])
    scalars = st.one_of(
        TEXTS,
        st.sampled_from(["1", "-0", "1e125", "1e-130", "NaN", "9" * 39, "0x1", "1_0", "\u0661"]),
        st.booleans(),
        st.none(),
        st.integers(),
        st.floats(),
    )
    return st.recursive(
        st.dictionaries(tags, scalars | st.lists(scalars, max_size=2), min_size=1, max_size=2),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda found: {"L": found}),
            st.dictionaries(TEXTS, inner, max_size=3).map(lambda found: {"M": found}),
        ),
        max_leaves=5,
    )


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where the parts of a JSON value are, itself first."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from paths_in(part, (*path, name))


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a JSON value with another one at a place."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy
