"""Checks all lines of an export before an import stores the first: each can be stored, and each key occurs once.

Two lines with the same key are found within a batch, and anywhere in a sorted file, as those of our exports are.
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path

from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.access.foreign import refuse_foreign
from commercive_cli.services.access.scan import OnItems, ignore_items
from commercive_cli.services.transfer.batches import in_batches
from commercive_cli.services.transfer.refusals import Refusals
from commercive_cli.services.transfer.sorting import file_of, part_of_key
from commercive_cli.services.transfer.source import ParsedLine, Source, SourceFile, open_source
from commercive_cli.store.limits import check_item
from commercive_cli.store.port import Store
from commercive_cli.store.schema import OPS, TABLES


def checked_source(store: Store, directory: Path, only: Sequence[str], on_items: OnItems = ignore_items) -> Source:
    """Return the export in a directory, or the tables named in `only`, after all its lines were checked.

    Raises Invalid when a table is unknown, Misconfigured when one cannot be ours in the store, and what `check_files`
    raises.
    """
    source = wanted_source(store, directory, only)
    refuse_foreign(store, {*source.tables, OPS}, written=True)
    check_files(source.files, on_items)
    return source


def wanted_source(store: Store, directory: Path, only: Sequence[str]) -> Source:
    """Return the export in a directory, or the tables named in `only`, as its manifest has it."""
    names = {table.name: table for table in TABLES}
    bare = dict.fromkeys(choose(name.removeprefix(store.prefix), tuple(names), "--only") for name in only)
    return open_source(directory, [names[name] for name in bare] if bare else TABLES)


def check_files(files: Iterable[SourceFile], on_items: OnItems = ignore_items) -> None:
    """Raise RefusedLines when a file is not as it was exported, or holds lines that cannot be stored.

    Raises Invalid at once, naming it, for a file that cannot be read.
    """
    refusals = Refusals()
    for file in files:
        _check_file(file, refusals, on_items)
    refusals.check()


def _check_file(file: SourceFile, refusals: Refusals, on_items: OnItems) -> None:
    difference, known = file.difference(), len(refusals)
    lines = _sound(file, refusals)
    if not difference:
        _check_keys(file, lines, refusals, on_items)
        return
    for _ in lines:
        pass  # damaged lines say more than the digest of a file that was changed
    if len(refusals) == known:
        refusals.file(file, difference)


def _check_keys(file: SourceFile, lines: Iterable[ParsedLine], refusals: Refusals, on_items: OnItems) -> None:
    """Note lines whose key is that of another line, or may be in another file."""
    before: list[ParsedLine] = []
    for batch in in_batches(file.table, lines):
        _check_part(file, batch, refusals)
        _check_distinct(file, before + batch, refusals)
        before = batch[-1:]
        on_items(len(batch))


def _sound(file: SourceFile, refusals: Refusals) -> Iterator[ParsedLine]:
    """Yield the lines that could be stored, and note the others."""
    for number, raw in file.lines():
        try:
            line = file.parse(number, raw)
            check_item(file.table, line.item)
        except Invalid as wrong:
            refusals.line(file, number, wrong.message, wrong.field or "their form or size")
        else:
            yield line


def _check_part(file: SourceFile, lines: list[ParsedLine], refusals: Refusals) -> None:
    """Note items that belong in another file: their keys may be there as well."""
    name = file.table.partition.name
    keys = {line.item[name] for line in lines}  # a set, since neighbours often have the same partition key
    if file.part is None or {part_of_key(key.encode()) for key in keys} == {file.part}:
        return
    for line in lines:
        part = part_of_key(line.item[name].encode())
        if part != file.part:
            right = file_of(file.table.name, part, packed=file.path.suffix == ".gz")
            reason = f"because of its {name} the item belongs in {right}"
            refusals.line(file, line.number, reason, "a key of another file")


def _check_distinct(file: SourceFile, lines: list[ParsedLine], refusals: Refusals) -> None:
    """Note lines that have the key of an earlier one."""
    names = file.table.key_names
    # The last key attribute alone tells most items apart, and takes a third of the time of the whole key.
    if len({line.item[names[-1]] for line in lines}) == len(lines):
        return
    key_of, numbers = itemgetter(*names), dict[object, int]()
    for line in lines:
        first = numbers.setdefault(key_of(line.item), line.number)
        if first != line.number:
            reason = f"the item has the same key as that of line {first}"
            refusals.line(file, line.number, reason, "a key that comes twice")
