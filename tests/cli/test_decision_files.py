"""Files of decisions: any spreadsheet's way to save one is read, and all faults are found before a lead is decided."""

import csv
import io
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from commercive_cli.cli.decision_files import LARGEST_BYTES, MOST_ROWS, DecisionFile, read_decisions
from commercive_cli.cli.render.csv import text_of_any_cell
from commercive_cli.domain.commissions import Least, Most, NamedAmounts
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.money import Ceiling
from tests.cli.spreadsheets.leads import FILES, leads

AMOUNTS = NamedAmounts({"standard": Decimal("25.50")})
BOUNDS = (Ceiling(Decimal(500), "ceiling of profile prod"), Least(Decimal(5), "config.toml:2"), Most(Decimal(900), "x"))
HEADER = "lead_id,decision,commission_amount,rejection_reason,admin_notes,revision\r\n"
Read = Callable[[str | bytes], DecisionFile]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return what the text of a file decides."""

    def read(content: str | bytes) -> DecisionFile:
        path = tmp_path / "d.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_decisions(path, AMOUNTS, BOUNDS)

    return read


def faults(read: Read, content: str | bytes) -> list[str]:
    """Return the faults of a file, as the message and its notes tell them."""
    with pytest.raises(Invalid) as refused:
        read(content)
    told = refused.value.message
    assert "othing was decided" in told
    return getattr(refused.value, "__notes__", None) or [told.partition("d.csv, ")[2] or told.partition("d.csv ")[2]]


@pytest.mark.parametrize("name", ["commas-en", "semicolons-de", "tabs-de"])
def test_what_calc_saves_is_read(name: str) -> None:
    """Amounts, reasons and words are those that were typed or exported, whatever the locale and the delimiter."""
    read = read_decisions(FILES / f"{name}.csv", AMOUNTS, ())
    decided = {row.lead_id: (row.status, row.commission, row.reason, row.notes) for row in read.decisions}
    notes = {lead["lead_id"]: lead.get("admin_notes") for lead in leads()}
    ids = [lead["lead_id"] for lead in reversed(leads())]
    ways = [
        ("approved", Decimal("12.50"), None),
        ("rejected", None, "Volume too low; sorry"),
        ("approved", Decimal("25.50"), None),
        None,
    ]
    expected = {each: (*way, notes[each]) for number, each in enumerate(ids) if (way := ways[number % 4]) is not None}

    assert expected == decided
    assert (10, Decimal("88.50")) == (read.rows, read.total)
    assert all(row.revision for row in read.decisions)


@pytest.mark.parametrize(("name", "delimiter"), [("commas-en", ","), ("semicolons-de", ";"), ("tabs-de", "\t")])
def test_every_text_comes_back_from_calc(name: str, delimiter: str) -> None:
    """Phone numbers, leading zeros, formulas, line ends, quotes and backslashes are what they were."""
    with (FILES / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["lead_id"]: row for row in csv.DictReader(file, delimiter=delimiter)}
    texts = ("lead_name", "lead_email", "lead_phone", "product_link", "order_volume", "pending_orders", "admin_notes")

    for lead in leads():
        saved = rows[lead["lead_id"]]
        assert [lead.get(text, "") for text in texts] == [text_of_any_cell(saved[text]) for text in texts]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_spreadsheet_may_have_saved_it(read: Read, delimiter: str, mark: str, end: str) -> None:
    """Delimiter, byte order mark and line ends are found out; order and case of columns, and others, do not count."""
    lines = [
        ("Name", "DECISION", " lead_id ", "commission_amount", "x"),
        ("a", "Approve", "l-1", "12.5", ""),
        ("", "", "", "", ""),
        ("", "", "l-2", "nonsense", ""),
        ("", " reject ", "l-3"),
        (),
    ]
    found = read(mark + end.join(delimiter.join(line) for line in lines))

    assert [("l-1", "approved", 2), ("l-3", "rejected", 5)] == [
        (row.lead_id, row.status, row.row) for row in found.decisions
    ]
    assert (3, bool(mark), delimiter) == (found.rows, found.marked, found.delimiter)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("12,5", "12.50"), ("12,50", "12.50"), ("12.5", "12.50"), ("12", "12"), ("standard", "25.50"), ("+7,00", "7")],
)
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_decimal_commas_are_understood(read: Read, delimiter: str, typed: str, amount: str) -> None:
    """In files of semicolons and tabs, as spreadsheets of such countries save them."""
    found = read(HEADER.replace(",", delimiter) + delimiter.join(["l", "approve", typed]))

    assert [Decimal(amount)] == [row.commission for row in found.decisions]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("1.234", "'1.234' may mean thousands or a fraction"),
        ("1,234", "'1,234' may mean thousands or a fraction"),
        ("1.234.567", "may mean thousands"),
        ("1.234,50", "'1.234,50' has both marks"),
        ("1,234.50", "'1,234.50' has both marks"),
        ("", "an approval needs an amount"),
        ("12,", "is not a plain number"),
        ("1e3", "is not a plain number"),
        ("1 234", "is not a plain number"),
        ("$25", "is not a plain number"),
        ("25 €", "is not a plain number"),
        ("-5", "must be between 0 and"),
        ("10.0051", "fractions of a cent"),
        ("standart", "did you mean standard?"),
        ("4.99", "below commission.min, 5.00 USD (config.toml:2)"),
        ("500.01", "above the ceiling of 500.00 USD"),
    ],
)
def test_an_amount_that_is_none_is_refused_by_name(read: Read, delimiter: str, typed: str, says: str) -> None:
    """What could mean a thousand times as much is never guessed; the place is told with line and column."""
    [fault] = faults(read, HEADER.replace(",", delimiter) + delimiter.join(["l", "approve", f'"{typed}"']))

    assert fault.startswith("line 2, commission_amount: ")
    assert says in fault


def test_a_decimal_comma_among_commas_is_refused(read: Read) -> None:
    """The message says how to write or save it."""
    [fault] = faults(read, f'{HEADER}l,approve,"12,50"')

    assert fault.startswith("line 2, commission_amount: '12,50' has a comma in a file of commas; write 12.50, or save")


def test_all_faults_are_told_at_once(read: Read) -> None:
    """With line and column, and the row that the spreadsheet shows where a cell has several lines."""
    lines = (
        'l-1,approve,,no,"two\r\nlines"',
        "l-1,aprove,1.234",
        ",reject,5",
        f"l-4,reject,,{'x' * 2001}",
        "l-5,approve,7,,,2026-11-27",
        "l-6,approve,7,,,,,more",
        f"{'i' * 129},,",
    )

    assert [
        "line 2, commission_amount: an approval needs an amount; 0 is allowed",
        "line 2, rejection_reason: a reason goes with a rejection only; empty it to approve",
        "line 4 (row 3), lead_id: 'l-1' stands in line 2 already",
        "line 4 (row 3), decision: 'aprove' is unknown; did you mean approve? choose one of approve, reject",
        "line 5 (row 4), lead_id: is empty; 1 to 128 characters are needed",
        "line 5 (row 4), commission_amount: '5' goes with an approval only; empty it to reject",
        "line 6 (row 5), rejection_reason: has 2,001 characters; the limit is 2,000",
        "line 7 (row 6), revision: '2026-11-27' is no revision; leave that column as `leads list -o csv` wrote it",
        "line 8 (row 7): 8 cells, but the header has 6",
        "line 9 (row 8), lead_id: has 129 characters; the limit is 128",
    ] == faults(read, HEADER + "\r\n".join(lines))


def test_one_lead_in_two_spellings_is_one_lead(read: Read) -> None:
    """A UUID means the same in capitals."""
    one = "01a0d0f2-9c00-7000-8000-00000000000a"

    assert ["line 3, lead_id: '01A0D0F2-9C00-7000-8000-00000000000A' stands in line 2 already"] == [
        each.partition("; nothing")[0] for each in faults(read, f"{HEADER}{one},reject\n{one.upper()},")
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "line 1: the header lacks lead_id and decision"),
        ("lead_id,status\nl,x", "line 1: the header lacks decision; it names 'lead_id, status'"),
        ("lead_id,desicion\n", "decision (did you mean desicion?)"),
        ("lead;decision\n", "lead_id (did you mean lead?)"),
        ("lead_id,decision,decision\n", "line 1, decision: stands there twice"),
        ('lead_id,decision\n"l', "line 2: this is no CSV"),
        ('lead_id,decision\n"l"x,approve', "line 2: this is no CSV"),
        (f"lead_id,decision,x\nl,,{'y' * 140_000}", "line 2: this is no CSV: field larger"),
        ("lead_id,decision\n".encode("utf-16"), "is UTF-16, or no text at all; save it as `CSV UTF-8`"),
        ("lead_id,decision\n".encode("utf-16-le"), "is UTF-16, or no text at all; save it as `CSV UTF-8`"),
        (b"lead_id,decision\nl-1,\nl-\xe9,", "line 3: this is not UTF-8; save it as `CSV UTF-8`"),
        ("lead_id,decision\n" + "l\n" * (MOST_ROWS + 1), "there are more than 100,000 rows"),
    ],
)
def test_what_is_no_such_file_is_refused(read: Read, content: str | bytes, says: str) -> None:
    """The message says what is missing, or how to save the file."""
    assert says in "\n".join(faults(read, content))


def test_only_files_of_some_size_are_read(tmp_path: Path) -> None:
    """A directory, a pipe, a file that is not there and one of 5 GB are refused at once."""
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(5_000_000_000)
    edge = tmp_path / "edge.csv"
    rows = b"".join(b"id-%03d,,%s\n" % (number, b"x" * 99_991) for number in range(499))
    edge.write_bytes((b"lead_id,decision,remark\n" + rows).ljust(LARGEST_BYTES, b"\n"))
    os.mkfifo(tmp_path / "pipe")

    for path, says in (
        (huge, "more than 50 MB"),
        (tmp_path, "Is a directory"),
        (tmp_path / "none", "No such file"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("nul\0"), "cannot be read"),
        (Path("-"), "from a file, not from stdin"),
    ):
        with pytest.raises(Invalid, match=says):
            read_decisions(path, AMOUNTS, ())
    assert 499 == read_decisions(edge, AMOUNTS, ()).rows


@pytest.mark.parametrize(
    "typed",
    ["'=x", "C:\\Users\\me", "\\\\server\\share", "\\Uffffffff", "\\ud800", "100%", "\\x00", "a'=b", "''", "\\x1"],
)
def test_what_somebody_typed_stays(read: Read, typed: str) -> None:
    """Only what our own CSV would have written so is undone; a path keeps its backslashes."""
    cells = io.StringIO()
    csv.writer(cells).writerow(["l", "reject", "", "", typed])
    [row] = read(HEADER + cells.getvalue()).decisions

    assert ("=x" if typed == "'=x" else typed) == row.notes
