"""How a table of the schema lies in a SQLite file: names, columns, rows, and the statements for single items.

A table's columns are its key attributes, the key attributes of its indexes, its TTL attribute and the whole item as
JSON attribute values. An index with the projection KEYS_ONLY uses expressions over that JSON and has no columns, so
that older files need no new columns. The primary key starts with a slot, a stable hash of the partition key, so that a
segment of a scan is one range of the primary key, for any keys and while others write. There are few slots, so that
keys that grow with time are still appended in a few places and not spread over the file. Tables have rowids: measured
with leads of 0.5 and 2.5 KB, a clustered primary key (WITHOUT ROWID) loads slower and grows larger, and is better only
in scans.
"""

import re
import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from commercive_cli.domain.errors import Invalid
from commercive_cli.store.items import Item, Key, item_text
from commercive_cli.store.limits import LARGEST_KEY_NUMBER
from commercive_cli.store.schema import TABLES, Attribute, Index, Table

if TYPE_CHECKING:
    from commercive_cli.store.table_changes import TableChange

SLOTS = 16
SLOT = "_slot"
ITEM = "_item"
_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,200}", re.ASCII)
_SQL_TYPES = {"S": "TEXT", "N": "INTEGER"}


def check_prefix(prefix: str) -> str:
    """Return the prefix; raise Invalid when names of tables cannot start with it, on DynamoDB or in SQLite."""
    if not _PREFIX.fullmatch(prefix):
        raise Invalid("the table prefix must be 1 to 200 of the characters A-Z a-z 0-9 _ . -", field="prefix")
    if prefix.lower().startswith("sqlite_"):
        raise Invalid("the table prefix must not start with sqlite_, which SQLite reserves for itself", field="prefix")
    return prefix


def quoted(name: str) -> str:
    """Return an identifier in SQL's double quotes."""
    return '"' + name.replace('"', '""') + '"'


def column_list(names: Iterable[str]) -> str:
    """Return quoted identifiers, separated by commas."""
    return ", ".join(map(quoted, names))


def slot_of(partition: int | str) -> int:
    """Return the slot of a partition key. This is part of the file format, so it must never change."""
    return zlib.crc32(str(partition).encode()) % SLOTS


class TableSQL:
    """One table's name in the file and its statements.

    `key` are the columns of its primary key, `row_source` is the end of a statement that finds one row by them.
    """

    def __init__(self, table: Table, prefix: str) -> None:
        self.table = table
        self.name = prefix + table.name
        self.quoted = quoted(self.name)
        self.key = (SLOT, *table.key_names)
        self._attributes = _column_attributes(table)
        self._from_text = {each.name: each for index in table.indexes for each in (index.partition, index.sort)}
        self._others = tuple(name for name in self._attributes if name not in table.key_names)
        where = " AND ".join(f"{quoted(name)} = ?" for name in self.key)
        self.row_source = f"FROM {self.quoted} WHERE {where}"
        self.select = f"SELECT {ITEM} {self.row_source}"
        self.delete = f"DELETE {self.row_source}"
        self.put = self._put()
        self.select_expired = self._select_expired()

    def beside(self) -> Iterable["TableSQL"]:
        """Return all tables of the same prefix."""
        prefix = self.name.removesuffix(self.table.name)
        return (TableSQL(table, prefix) for table in TABLES)

    def primary_key(self, key: Key) -> tuple[Any, ...]:
        """Return the values of the primary key for an item or its key."""
        partition = key[self.table.partition.name]
        return (slot_of(partition), partition, *[key[name] for name in self.table.key_names[1:]])

    def row(self, item: Item) -> tuple[Any, ...]:
        """Return the item as parameters of `put`."""
        return (*self.primary_key(item), *[self._column_value(name, item) for name in self._others], item_text(item))

    def source(self, index: str | None) -> str:
        """Return what to select from. It names the index, so that a missing index is an error and not a slow search."""
        return self.quoted if index is None else f"{self.quoted} INDEXED BY {self._index(index)}"

    def optional_keys(self, index: str) -> list[str]:
        """Return the key attributes of an index that an item may lack; the item is then not in the index."""
        found = self.table.index(index)
        return [each.name for each in (found.partition, found.sort) if each.name not in self.key]

    def column(self, name: str) -> str:
        """Return the SQL of an attribute that some index has in its key: its column, or the JSON it stands in."""
        if name in self._attributes:
            return quoted(name)
        attribute = self._from_text[name]
        value = f"json_extract({ITEM}, '$.{name}.{attribute.type}')"
        return value if attribute.type == "S" else f"CAST({value} AS INTEGER)"

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of all columns."""
        return (SLOT, *self._attributes, ITEM)

    @property
    def item_columns(self) -> tuple[str, ...]:
        """Return the names of the columns that hold attributes of the item."""
        return tuple(self._attributes)

    def index_statements(self) -> dict[str, str]:
        """Return the statement that creates each index, by name; the index for the TTL is named after its attribute."""
        found = {index.name: self._create_index(index) for index in self.table.indexes}
        return found if self.table.ttl is None else found | {self.table.ttl: self._create_ttl_index(self.table.ttl)}

    def create(self) -> list[str]:
        """Return the statements that create the table and its indexes."""
        columns = [f"{SLOT} INTEGER NOT NULL"]
        for name, attribute in self._attributes.items():
            required = " NOT NULL" if name in self.key else ""
            columns.append(f"{quoted(name)} {_SQL_TYPES[attribute.type]}{required}")
        columns += [f"{ITEM} TEXT NOT NULL", f"PRIMARY KEY ({column_list(self.key)})"]
        table = f"CREATE TABLE {self.quoted} ({', '.join(columns)})"
        return [table, *self.index_statements().values()]

    def change(self, change: "TableChange") -> list[str]:
        """Return the statements that make a change; raise Invalid for a change that is not supported."""
        from commercive_cli.store.table_changes import CreateIndex, DropIndex, SetTTL

        match change:
            case CreateIndex() if change.index in self.table.indexes:
                return [self._create_index(change.index)]
            case DropIndex():
                return [f"DROP INDEX IF EXISTS {self._index(change.name)}"]
            case SetTTL(None) if self.table.ttl is not None:
                return [f"DROP INDEX IF EXISTS {self._index(self.table.ttl)}"]
            case SetTTL(str(ttl)) if ttl == self.table.ttl:
                # An index of that name which is not as declared does not serve expiry, so it is replaced.
                return [f"DROP INDEX IF EXISTS {self._index(ttl)}", self._create_ttl_index(ttl)]
        raise Invalid(f"{change} is not supported here: this store is a SQLite file")

    def _select_expired(self) -> str | None:
        """Return the statement for the primary keys of the items that expired first, or None without a TTL."""
        if self.table.ttl is None:
            return None
        ttl = quoted(self.table.ttl)
        return f"SELECT {column_list(self.key)} FROM {self.quoted} WHERE {ttl} < ? ORDER BY {ttl} LIMIT ?"  # noqa: S608 - quoted names only

    def _put(self) -> str:
        # An upsert leaves the primary key's index alone, while INSERT OR REPLACE would delete and insert the row.
        changing = (*self._others, ITEM)
        columns = (*self.key, *changing)
        marks = ", ".join("?" * len(columns))
        changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in changing)
        return (
            f"INSERT INTO {self.quoted} ({column_list(columns)}) VALUES ({marks}) "  # noqa: S608 - quoted names only
            f"ON CONFLICT ({column_list(self.key)}) DO UPDATE SET {changes}"
        )

    def _create_index(self, index: Index) -> str:
        # After the index's own key come the columns of the table's key, which sort equal index keys.
        names = ", ".join(self.column(attribute.name) for attribute in self.table.key_attributes(index.name))
        sparse = " AND ".join(f"{self.column(name)} IS NOT NULL" for name in self.optional_keys(index.name))
        where = f" WHERE {sparse}" if sparse else ""
        return f"CREATE INDEX IF NOT EXISTS {self._index(index.name)} ON {self.quoted} ({names}){where}"

    def _create_ttl_index(self, ttl: str) -> str:
        index, column = self._index(ttl), quoted(ttl)
        return f"CREATE INDEX IF NOT EXISTS {index} ON {self.quoted} ({column}) WHERE {column} IS NOT NULL"

    def _index(self, name: str) -> str:
        return quoted(f"{self.name}.{name}")

    def _column_value(self, name: str, item: Item) -> Any:
        # As on DynamoDB, an item whose TTL is not a time never expires, and one whose value is no key of an index is
        # not in that index. Who writes such a key is refused, but another program may have put one into the file.
        value = item.get(name)
        if self._attributes[name].type == "S":
            return value if isinstance(value, str) and value else None
        is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_KEY_NUMBER
        return value if is_whole else None


def _column_attributes(table: Table) -> dict[str, Attribute]:
    attributes = {attribute.name: attribute for attribute in table.key_attributes()}
    for index in table.indexes:
        if index.projection == "KEYS_ONLY":
            continue
        attributes |= {attribute.name: attribute for attribute in table.key_attributes(index.name)}
    if table.ttl is not None:
        attributes[table.ttl] = Attribute(table.ttl, "N")
    return attributes
