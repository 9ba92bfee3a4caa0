"""Rows sort as the keys of their items do, for any keys and any number of runs."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.services.transfer.durable_files import write_durably
from commercive_cli.services.transfer.sorting import RUNS_AT_ONCE, line_of, merged, part_of, row_of

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=20, unique=True))
def test_rows_of_text_keys_sort_as_their_utf_8_bytes(keys: list[tuple[str, str]]) -> None:
    """Within a part, rows sort as in DynamoDB: by partition key, then by sort key, both by their UTF-8 bytes."""
    rows = sorted(row_of(f"{pk!r}{sk!r}".encode(), pk, sk) for pk, sk in keys)
    expected = sorted(keys, key=lambda key: (part_of(row_of(b"", key[0])), key[0].encode(), key[1].encode()))

    assert [f"{pk!r}{sk!r}".encode() for pk, sk in expected] == [line_of(row) for row in rows]


@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), min_size=2, unique=True))
def test_rows_of_number_keys_sort_by_size(numbers: list[int]) -> None:
    """Rows with number keys sort by the number, so negative ones, as times before 1970, come first."""
    rows = sorted(row_of(b"%d" % n, "c", n) for n in numbers)

    assert sorted(numbers) == [int(line_of(row)) for row in rows]


def test_more_runs_than_a_process_may_open_are_merged_in_order(tmp_path: Path) -> None:
    """An export of ten million items has a thousand runs and does not exceed the limit on open files."""
    count = 2 * RUNS_AT_ONCE + 7
    runs = [tmp_path / f"{number}.run" for number in range(count)]
    for number, run in enumerate(runs):
        write_durably(run, sorted(b"%06d\0%d\n" % (n, n) for n in range(number, 3 * count, count)))

    assert list(range(3 * count)) == [int(line_of(row)) for row in merged(runs, tmp_path / "scratch")]
