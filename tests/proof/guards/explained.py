"""Guards that no test can miss, and why they stay all the same: each by its file, its function and its text."""

from collections.abc import Mapping

EXPLAINED: Mapping[str, str] = {
    'engines/sqlite/database_file.py _connected_by connection.execute("PRAGMA synchronous = FULL") (not done)': (
        "most builds of SQLite do so unasked, so that nothing shows; one may be compiled to do less"
    ),
    'engines/sqlite/database_file.py _connected_by connection.execute("PRAGMA secure_delete = ON") (not done)': (
        "many builds of SQLite do so unasked, so that nothing shows; others leave what is deleted in the file"
    ),
    'engines/sqlite/database_file.py _connected_by connection.execute("PRAGMA schema_version") (not done)': (
        "SQLite reads the file for the first of the statements before, too, which it promises nowhere"
    ),
    "engines/sqlite/database_file.py _opened state[-1] (not refused)": (
        "what has no log has none that belongs to another file: it spares the look, and refuses nothing"
    ),
    **{
        f'engines/dynamodb/replies.py  "{operation}" (not listed)': (
            "it spares a walk through items, in which no value is null; the answer comes to the same"
        )
        for operation in ("BatchGetItem", "BatchWriteItem", "GetItem", "Query", "Scan")
    },
    "engines/sqlite/queries.py _page PAGE_BYTES (one more is let through)": "no limit: where a page is cut",
    "engines/sqlite/queries.py _text_page PAGE_BYTES (one more is let through)": "no limit: where a page is cut",
    "engines/sqlite/store.py _get_fast item is not None (not refused)": (
        "refuses nothing: what cannot be read the fast way is read with care, and comes to the same"
    ),
    "engines/sqlite/store.py _get_fast not item.items() >= key.items() (not refused)": (
        "without it every item is read with care, and comes to the same; with it only one that lies at another key"
    ),
    "store/limits.py _number_bytes LARGEST_KEY_NUMBER (one more is let through)": (
        "no limit: up to where the size of a whole number is computed the fast way, which comes to the same"
    ),
}
