"""The file of `leads decide`: CSV as any spreadsheet saves it. Every fault is found before a lead is decided."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from commercive_cli.cli.render.csv import text_of_any_cell
from commercive_cli.cli.standard_input import STDIN
from commercive_cli.domain.choices import choose, suggestion
from commercive_cli.domain.commissions import Bound, NamedAmounts
from commercive_cli.domain.errors import CommerciveError, Invalid
from commercive_cli.domain.ids import usual_id
from commercive_cli.domain.models import DecidedStatus
from commercive_cli.domain.quoting import quoted
from commercive_cli.domain.revisions import REVISION
from commercive_cli.domain.text import NOTES_LENGTH, identifier, text
from commercive_cli.services.transfer.durable_files import check_file, read_error

LARGEST_BYTES = 50_000_000
MOST_ROWS = 100_000
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
DECISIONS: Mapping[str, DecidedStatus] = {"approve": "approved", "reject": "rejected"}

_NEEDED = ("lead_id", "decision")
_COLUMNS = (*_NEEDED, "commission_amount", "rejection_reason", "admin_notes", "revision")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE_AS = "save it as `CSV UTF-8` (Excel) or as `Text CSV` with the character set UTF-8 (LibreOffice)"
_GROUPED = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]{3})+")
_WITH_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
Value = TypeVar("Value")


@dataclass(frozen=True)
class DecisionRow:
    """One decision; `row` is the number that a spreadsheet shows, the header being 1. Amounts are USD."""

    row: int
    lead_id: str
    status: DecidedStatus
    commission: Decimal | None
    reason: str | None
    notes: str | None
    revision: str | None


@dataclass(frozen=True)
class DecisionFile:
    """A file without faults: its decisions, how many rows it has, and how it is written."""

    path: Path
    rows: int
    decisions: tuple[DecisionRow, ...]
    delimiter: str
    marked: bool

    @property
    def total(self) -> Decimal:
        """Return the sum of all commissions."""
        return sum((each.commission for each in self.decisions if each.commission is not None), Decimal())

    def count(self, status: DecidedStatus) -> int:
        """Return how many leads are to be approved or rejected."""
        return sum(each.status == status for each in self.decisions)


def read_decisions(path: Path, amounts: NamedAmounts, bounds: Sequence[Bound]) -> DecisionFile:
    """Return what a file decides; raise Invalid, whose notes tell every fault with line and column.

    `amounts` may stand there by name; an amount that the `bounds` refuse is a fault.
    """
    content = _content(path)
    marked, content = content.startswith("\ufeff"), content.removeprefix("\ufeff")
    reader = _Reader(_delimiter(path, content), amounts, bounds)
    decisions = tuple(reader.decisions(content))
    if reader.faults:
        raise _refusal(path, reader.faults)
    return DecisionFile(path, reader.rows, decisions, reader.delimiter, marked)


def _refusal(path: Path, faults: Sequence[str]) -> Invalid:
    if len(faults) == 1:
        return Invalid(f"{path}, {faults[0]}; nothing was decided")
    refusal = Invalid(f"{path} has {len(faults):,} faults; nothing was decided")
    for fault in faults:
        refusal.add_note(fault)
    return refusal


def _content(path: Path) -> str:
    raw = _bytes(path)
    if raw.startswith(_UTF_16) or b"\0" in raw:
        raise Invalid(f"{path} is UTF-16, or no text at all; {_SAVE_AS}. Nothing was decided")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Invalid(f"{path}, line {line}: this is not UTF-8; {_SAVE_AS}. Nothing was decided") from None


def _bytes(path: Path) -> bytes:
    if str(path) == STDIN and not path.exists():
        raise Invalid("decisions are read from a file, not from stdin, as FILE.result.csv is written beside it")
    try:
        check_file(path)
        with path.open("rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    if len(raw) > LARGEST_BYTES:
        raise Invalid(f"{path} has more than {LARGEST_BYTES // 1_000_000} MB; split it. Nothing was decided")
    return raw


def _delimiter(path: Path, content: str) -> str:
    """Return what separates the cells: that by which the first line names the columns that must be there."""
    headers = {delimiter: _header(content, delimiter) for delimiter in DELIMITERS}
    for delimiter, names in headers.items():
        if set(_NEEDED) <= set(names):
            return delimiter
    names = max(headers.values(), key=len)
    others = [name for name in names if name not in _COLUMNS]
    missing = [f"{name}{suggestion(name, others)}" for name in _NEEDED if name not in names]
    raise Invalid(
        f"{path}, line 1: the header lacks {' and '.join(missing)}; it names {quoted(', '.join(names))}. "
        "Nothing was decided"
    )


def _header(content: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip().lower() for cell in next(_records(content, delimiter), [])]
    except csv.Error:
        return []


def _records(content: str, delimiter: str) -> Any:
    """Return a reader of CSV; its type has no public name."""
    return csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)


class _Reader:
    """Reads the rows of one file; `faults` are told with line and column."""

    def __init__(self, delimiter: str, amounts: NamedAmounts, bounds: Sequence[Bound]) -> None:
        self.delimiter = delimiter
        self.faults: list[str] = []
        self.rows = 0
        self._amounts = amounts
        self._bounds = bounds
        self._lines: dict[str, int] = {}
        self._place = ""

    def decisions(self, content: str) -> Iterator[DecisionRow]:
        """Yield the decisions of all rows that have one."""
        records = _records(content, self.delimiter)
        header = [cell.strip().lower() for cell in next(records)]
        self._place = "line 1"
        for name in _COLUMNS:
            if header.count(name) > 1:
                self._add(name, "stands there twice")
        try:
            yield from self._decisions(header, records)
        except csv.Error as error:
            self._place = f"line {records.line_num}"
            self._add("", f"this is no CSV: {error}")

    def _decisions(self, header: Sequence[str], records: Any) -> Iterator[DecisionRow]:
        line = records.line_num + 1
        for row, cells in enumerate(records, start=2):
            if any(cell.strip() for cell in cells):
                self.rows += 1
                self._place = f"line {line}" if line == row else f"line {line} (row {row})"
                if self.rows > MOST_ROWS:
                    self._add("", f"there are more than {MOST_ROWS:,} rows; split the file")
                    return
                decision = self._decision(row, line, header, cells)
                if decision is not None:
                    yield decision
            line = records.line_num + 1

    def _decision(self, row: int, line: int, header: Sequence[str], cells: Sequence[str]) -> DecisionRow | None:
        if len(cells) > len(header) and any(cells[len(header) :]):
            self._add("", f"{len(cells)} cells, but the header has {len(header)}")
        ours = ((name, cell) for name, cell in zip(header, cells, strict=False) if name in _COLUMNS)
        given = {name: text_of_any_cell(cell).strip() for name, cell in ours}
        lead_id = self._checked("lead_id", lambda: self._lead_id(given.get("lead_id", ""), line))
        decided = given.get("decision", "")
        if not decided:
            return None
        word = self._checked("decision", lambda: choose(decided.lower(), tuple(DECISIONS), "decision"))
        if word is None:
            return None
        approves = word == "approve"
        amount = self._checked("commission_amount", lambda: self._commission(given, approves=approves))
        reason = self._checked("rejection_reason", lambda: _reason(given, approves=approves))
        notes = self._checked("admin_notes", lambda: _words(given, "admin_notes"))
        revision = self._checked("revision", lambda: _revision(given))
        return DecisionRow(row, lead_id or "", DECISIONS[word], amount, reason, notes, revision)

    def _lead_id(self, given: str, line: int) -> str:
        lead_id = identifier(given, "lead_id")
        first = self._lines.setdefault(usual_id(lead_id), line)
        if first != line:
            raise Invalid(f"{quoted(lead_id)} stands in line {first} already")
        return lead_id

    def _commission(self, given: Mapping[str, str], *, approves: bool) -> Decimal | None:
        typed = given.get("commission_amount", "")
        if not approves:
            if typed:
                raise Invalid(f"{quoted(typed)} goes with an approval only; empty it to reject")
            return None
        if not typed:
            raise Invalid("an approval needs an amount; 0 is allowed")
        amount = self._amounts.parse(self._with_point(typed))
        for bound in self._bounds:
            bound.check(amount)
        return amount

    def _with_point(self, typed: str) -> str:
        """Return an amount with a decimal point; raise Invalid for what may mean a thousand times as much."""
        if "." in typed and "," in typed:
            raise Invalid(f"{quoted(typed)} has both marks; write 1234.50 without a mark for thousands")
        if _GROUPED.fullmatch(typed):
            raise Invalid(f"{quoted(typed)} may mean thousands or a fraction; write 1234 or 1234.50")
        if not _WITH_COMMA.fullmatch(typed):
            return typed
        if self.delimiter == ",":
            raise Invalid(f"{quoted(typed)} has a comma in a file of commas; write 12.50, or save with semicolons")
        return typed.replace(",", ".")

    def _checked(self, column: str, read: Callable[[], Value]) -> Value | None:
        try:
            return read()
        except CommerciveError as refusal:
            self._add(column, refusal.message)
            return None

    def _add(self, column: str, problem: str) -> None:
        place = f"{self._place}, {column}" if column else self._place
        self.faults.append(f"{place}: {problem.removeprefix(f'{column} ').removesuffix('; nothing was written')}")


def _reason(given: Mapping[str, str], *, approves: bool) -> str | None:
    if approves and given.get("rejection_reason"):
        raise Invalid("a reason goes with a rejection only; empty it to approve")
    return _words(given, "rejection_reason")


def _words(given: Mapping[str, str], column: str) -> str | None:
    return text(given.get(column, ""), column, NOTES_LENGTH, shortest=0) or None


def _revision(given: Mapping[str, str]) -> str | None:
    typed = given.get("revision", "")
    if typed and not REVISION.fullmatch(typed):
        raise Invalid(f"{quoted(typed)} is no revision; leave that column as `leads list -o csv` wrote it")
    return typed or None
