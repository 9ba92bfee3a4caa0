"""The check, before work on whole tables, that none of them is foreign."""

from collections.abc import Iterable
from contextlib import suppress

from commercive_cli.domain.errors import NotPermitted
from commercive_cli.store.foreign import check_ours
from commercive_cli.store.port import Store, TableInfo
from commercive_cli.store.schema import TABLES, Table


def refuse_foreign(store: Store, tables: Iterable[Table] = TABLES) -> None:
    """Raise Misconfigured when one of the tables is not ours; tables may be missing.

    A caller who may not describe tables is not stopped here, but by the engine before a write.
    """
    found: dict[Table, TableInfo | None] = {}
    for table in tables:
        with suppress(NotPermitted):
            found[table] = store.describe_table(table)
    check_ours(store.prefix, found)
