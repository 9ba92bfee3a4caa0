"""Foreign tables: a table with another key than the declared one is not ours, and is never read or changed."""

from collections.abc import Mapping

from commercive_cli.domain.errors import Conflict, Misconfigured
from commercive_cli.store.port import TableInfo
from commercive_cli.store.schema import Table

KeyShape = tuple[tuple[str, str], ...]
"""The attributes of a key with their types (S, N), partition first."""

NEVER_TOUCHED = "what is not ours is never touched: use another prefix, with SQLite another prefix or file, in --store"


def declared_key(table: Table) -> KeyShape:
    """Return the key of the table as declared."""
    return tuple((each.name, each.type) for each in table.key_attributes())


def key_words(key: KeyShape) -> str:
    """Return a key in words, such as "lead_id S, created_at N"."""
    return ", ".join(f"{name} {kind}" for name, kind in key) or "none"


def check_ours(
    prefix: str, tables: Mapping[Table, TableInfo | None], error: type[Misconfigured | Conflict] = Misconfigured
) -> None:
    """Raise `error`, which names them with their keys and the remedy, when tables are not ours.

    `tables` has None for missing tables.
    """
    foreign = [
        _not_ours(prefix + table.name, table, info.keys)
        for table, info in tables.items()
        if info is not None and info.keys != declared_key(table)
    ]
    if foreign:
        raise error(f"{', '.join(foreign)}; {NEVER_TOUCHED}")


def not_ours(name: str, table: Table, live: KeyShape) -> str:
    """Return the message for one table with another key than the declared one."""
    return f"{_not_ours(name, table, live)}; {NEVER_TOUCHED}"


def _not_ours(name: str, table: Table, live: KeyShape) -> str:
    return f"{name} is not our table (its key is {key_words(live)}, ours {key_words(declared_key(table))})"
