"""Every line of an export looked at before any of them is stored: whether all can be, and each key comes once.

Where the lines of a file are sorted by key, as in our exports, two of one key stand side by side. Otherwise they are
found when they are met in one batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path

from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.transfer.batches import in_batches
from commercive_cli.services.transfer.refusals import Refusals
from commercive_cli.services.transfer.sorting import file_of, part_of_key
from commercive_cli.services.transfer.source import Row, Source, SourceFile, open_source
from commercive_cli.store.limits import check_item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import OPS, TABLES


def checked_source(store: Store, directory: Path, only: Sequence[str]) -> Source:
    """Return the export in a directory, or the tables named in `only`, once it is sure that all can be stored.

    Raises Invalid when a table is unknown, Misconfigured when one is not ours in the store, and what `check_files`
    raises.
    """
    names = {table.name: table for table in TABLES}
    bare = dict.fromkeys(choose(name.removeprefix(store.prefix), tuple(names), "--only") for name in only)
    source = open_source(directory, [names[name] for name in bare] if bare else TABLES)
    refuse_foreign(store, {*source.tables, OPS})
    check_files(source.files)
    return source


def check_files(files: Iterable[SourceFile]) -> None:
    """Raise RefusedLines when a file is not what was exported, or holds lines that cannot be stored.

    Raises Invalid at once, naming it, for a file that cannot be read.
    """
    refusals = Refusals()
    for file in files:
        _check_file(file, refusals)
    refusals.check()


def _check_file(file: SourceFile, refusals: Refusals) -> None:
    difference, known = file.difference(), len(refusals)
    rows = _sound(file, refusals)
    if not difference:
        _check_keys(file, rows, refusals)
        return
    for _ in rows:
        pass  # lines that are wrong tell more than the sum of a file that was changed
    if len(refusals) == known:
        refusals.file(file, difference)


def _check_keys(file: SourceFile, rows: Iterable[Row], refusals: Refusals) -> None:
    """Note rows whose key is that of another row, or may be in another file."""
    before: list[Row] = []
    for batch in in_batches(file.table, rows):
        _check_part(file, batch, refusals)
        _check_distinct(file, before + batch, refusals)
        before = batch[-1:]


def _sound(file: SourceFile, refusals: Refusals) -> Iterator[Row]:
    """Yield the lines that could be stored, and note the others."""
    for number, line in file.lines():
        try:
            row = file.row(number, line)
            check_item(file.table, row.item)
        except Invalid as wrong:
            refusals.line(file, number, wrong.message, wrong.field or "their form or size")
        else:
            yield row


def _check_part(file: SourceFile, rows: list[Row], refusals: Refusals) -> None:
    """Note items that belong into another file: their keys may be there as well."""
    name = file.table.partition.name
    # Most items have the partition key of others beside them.
    if file.part is None or not {part_of_key(key.encode()) for key in {row.item[name] for row in rows}} - {file.part}:
        return
    for row in rows:
        part = part_of_key(row.item[name].encode())
        if part != file.part:
            place = file_of(file.table.name, part, packed=file.path.suffix == ".gz")
            refusals.line(file, row.number, f"by its {name} the item belongs into {place}", "a key of another file")


def _check_distinct(file: SourceFile, rows: list[Row], refusals: Refusals) -> None:
    """Note rows that have the key of an earlier one."""
    names = file.table.key_names
    # The last key attribute alone tells most items apart, and takes a third of the time of the whole key.
    if len({row.item[names[-1]] for row in rows}) == len(rows):
        return
    key_of, lines = itemgetter(*names), dict[object, int]()
    for row in rows:
        first = lines.setdefault(key_of(row.item), row.number)
        if first != row.number:
            reason = f"the item has the same key as that of line {first}"
            refusals.line(file, row.number, reason, "a key that comes twice")
