"""The check, before work on whole tables, that none of them is foreign, or cannot be written to."""

from collections.abc import Iterable
from contextlib import suppress

from commercive_cli.domain.errors import NotPermitted
from commercive_cli.store.foreign import check_ours
from commercive_cli.store.port import Store, TableInfo
from commercive_cli.store.regions import check_transactional
from commercive_cli.store.schema import TABLES, Table


def refuse_foreign(store: Store, tables: Iterable[Table] = TABLES, *, written: bool = False) -> None:
    """Raise Misconfigured when one of the tables is not ours; tables may be missing.

    Where they are `written` to, also when transactions are impossible in one: bulk loads alone would go through.

    A caller who may not describe tables is not stopped here, but by the engine before a write.
    """
    found: dict[Table, TableInfo | None] = {}
    for table in tables:
        with suppress(NotPermitted):
            found[table] = store.describe_table(table)
    check_ours(store.prefix, found)
    if written:
        check_transactional(found.values())
