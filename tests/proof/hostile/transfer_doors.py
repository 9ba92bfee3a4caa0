"""Doors of whole tables: exports to import, and what the former backend held."""

import gzip
import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.items import Item
from commercive_cli.store.schema import TABLES
from tests.proof.hostile.door import Door, Room
from tests.proof.hostile.home import REFUSED, at_home
from tests.proof.hostile.odd import (
    BYTES,
    STORABLE,
    TEXTS,
    VALUES,
    attribute_values,
    damaged,
    json_of,
    paths_in,
    replaced,
)
from tests.services.adopt.old_backend import MORE_MESS, OldBackend, copied, old_backend
from tests.services.raw_data import rows
from tests.services.transfer.stores import ODD, sign
from tests.services.transfer.test_dynamodb_export import dynamodb_export


def _lines(sound: list[bytes]) -> st.SearchStrategy[bytes]:
    """Return lines of exports: sound ones with attributes replaced, or damaged, or of other JSON."""
    items = [json.loads(line)["Item"] for line in sound]
    names = sorted({name for item in items for name in item})
    changed = st.builds(
        lambda item, odd, lacking: (
            json_of({"Item": {name: value for name, value in (item | odd).items() if name not in lacking}}).encode()
            + b"\n"
        ),
        st.sampled_from(items),
        st.dictionaries(st.sampled_from(names) | TEXTS, attribute_values(), max_size=3),
        st.sets(st.sampled_from(names), max_size=1),
    )
    deep = st.sampled_from([10, 90, 500, 20_000]).map(
        lambda depth: b'{"Item":{"x":' + b'{"L":[' * depth + b"]}" * depth + b"}}\n"
    )
    return (
        changed
        | changed
        | damaged(st.sampled_from(sound))
        | deep
        | BYTES
        | st.builds(lambda each: json_of({"Item": each}).encode() + b"\n", VALUES)
    )


def _changes(root: Path, lines: st.SearchStrategy[bytes]) -> st.SearchStrategy[tuple[str, bytes | None, bool]]:
    """Return changes of an export: a file, its new content or None for none, and whether the manifest agrees."""
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    contents = {name: (root / name).read_bytes() for name in names}

    def content_of(name: str) -> st.SearchStrategy[bytes | None]:
        raw = contents[name]
        if "manifest" in name:
            return _manifests(raw) | damaged(st.just(raw)) | BYTES | st.none()
        plain = st.lists(lines, max_size=4).map(b"".join)
        packed = plain.map(gzip.compress) if name.endswith(".gz") else plain
        return packed | packed | packed | damaged(st.just(raw)) | BYTES | st.none()

    return st.sampled_from(names).flatmap(
        lambda name: st.tuples(st.just(name), content_of(name), st.sampled_from([True, True, False]))
    )


def _manifests(raw: bytes) -> st.SearchStrategy[bytes]:
    """Return manifests with members replaced, at any depth."""
    try:
        document = json.loads(raw)
    except ValueError:
        return damaged(st.just(raw))
    paths = list(paths_in(document))
    odd = VALUES | st.sampled_from(["../x", "/etc/passwd", "leads/0.jsonl", -1, 2**63, "leads", "\u202e", "x" * 300])
    return st.builds(lambda path, value: json_of(replaced(document, path, value)).encode(), st.sampled_from(paths), odd)


def _apply(root: Path, change: tuple[str, bytes | None, bool]) -> None:
    name, content, agrees = change
    if content is None:
        (root / name).unlink()
        return
    (root / name).write_bytes(content)
    if agrees and (root / "manifest.json").exists() and "manifest" not in name:
        with suppress(
            OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, StopIteration
        ):  # of odd manifests
            sign(root, name)


@contextmanager
def imports() -> Iterator[Room]:
    """Open `tables import` to exports of ours and of DynamoDB's, of which one file is odd."""
    with at_home() as home:
        with closing(SQLiteStore(home.file)) as store:
            store.batch_put(TABLES[-1], ODD)
            items = {table: rows(store, table) for table in TABLES}
        sources = {}
        for name, options in {"ours": (), "packed": ("--gzip",)}.items():
            ran = home.tried("tables", "export", name, *options)
            assert ran.code == 0, ran.err
            sources[name] = home.directory / name
        sources["dynamodb"] = home.directory / "dynamodb"
        for table in TABLES:
            dynamodb_export(sources["dynamodb"] / table.name, table, items[table], files=1)
        home.restore()
        sound = [
            line for path in sources["ours"].glob("*/*.jsonl") for line in path.read_bytes().splitlines(keepends=True)
        ]
        lines = _lines(sound)
        changed = st.sampled_from(sorted(sources)).flatmap(
            lambda name: st.tuples(st.just(name), st.lists(_changes(sources[name], lines), min_size=1, max_size=2))
        )
        chosen_options = st.sampled_from(
            [
                ("--yes",),
                ("--yes", "--on-conflict", "skip"),
                ("--yes", "--on-conflict", "overwrite"),
                ("--dry-run",),
                ("--yes", "--only", "leads"),
            ]
        )

        def attempt(given: tuple[tuple[str, list[Any]], tuple[str, ...]]) -> None:
            (name, changes), chosen = given
            home.restore()
            _copied(sources[name], home.directory / "given", changes)
            ran = home.tried("tables", "import", "given", *chosen)
            if ran.code == 2:
                assert "given" in ran.err, ran.err
                home.refused_writes_nothing(ran)

        yield Room(st.tuples(changed, chosen_options), attempt)


def _copied(source: Path, target: Path, changes: list[Any]) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    for change in changes:
        if (target / change[0]).exists():
            _apply(target, change)


@contextmanager
def adopted() -> Iterator[Room]:
    """Open `tables adopt` to exports of the former backend with odd items, odd files, and an odd quarantine."""
    with at_home() as home:
        old = old_backend(3, conversations=3, leads=4)
        plain = home.directory / "plain"
        old.export(plain)
        sound = [
            line
            for path in plain.rglob("*.gz")
            for line in gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        ]
        files = st.lists(_changes(plain, _lines(sound)), max_size=2)
        odd = st.lists(
            st.tuples(st.sampled_from(sorted(old.tables_by_name)), st.integers(0, 99), _old_attributes()), max_size=4
        )
        quarantines = st.none() | BYTES | st.lists(_quarantined(sound), max_size=3).map(b"".join)
        options = st.sampled_from([("--yes",), ("--dry-run",), ("--yes", "--final", "-o", "json")])

        def attempt(given: tuple[Any, Any, bytes | None, tuple[str, ...]]) -> None:
            items, changes, quarantine, chosen = given
            home.restore()
            _exported(_odd(old, items), home.directory / "given", changes)
            aside = home.directory / "aside.jsonl"
            aside.unlink(missing_ok=True)
            if quarantine is not None:
                aside.write_bytes(quarantine)
            ran = home.tried("tables", "adopt", "given", "--quarantine", "aside.jsonl", *chosen)
            if ran.code in REFUSED:
                assert "given" in ran.err or "aside.jsonl" in ran.err, ran.err

        yield Room(st.tuples(odd, files, quarantines, options), attempt)


def _old_attributes() -> st.SearchStrategy[Item]:
    mess = [each for all_ in MORE_MESS.values() for each in all_]
    names = sorted(
        {name for each in mess for name in each}
        | {"lead_email", "affiliate_email", "form_url", "updated_at", "reviewed_at"}
    )
    values = st.recursive(
        st.none() | st.booleans() | STORABLE | st.integers(-(10**37), 10**37),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(STORABLE, inner, max_size=2),
        max_leaves=4,
    )
    return st.dictionaries(st.sampled_from(names), values, min_size=1, max_size=3)


def _odd(old: OldBackend, items: list[tuple[str, int, Item]]) -> OldBackend:
    changed = copied(old)
    for name, place, odd in items:
        there = changed.tables_by_name[name]
        if there:
            there[place % len(there)].update(odd)
    return changed


def _exported(old: OldBackend, root: Path, changes: list[Any]) -> None:
    shutil.rmtree(root, ignore_errors=True)
    old.export(root)
    for change in changes:
        if (root / change[0]).exists():
            _apply(root, change)


def _quarantined(sound: list[bytes]) -> st.SearchStrategy[bytes]:
    parts = {
        "table": st.sampled_from(["conversations", "messages", "leads", "affiliate_links", "x"]) | VALUES,
        "source": TEXTS | VALUES,
        "reason": TEXTS | VALUES,
        "Item": st.sampled_from([json.loads(line)["Item"] for line in sound]) | VALUES,
    }
    return st.fixed_dictionaries({}, optional=parts).map(lambda line: json_of(line).encode() + b"\n") | BYTES


DOORS = (
    Door("imports", "exports are imported or refused by name; what is refused was not begun", imports, few=12),
    Door(
        "adopted", "tables of the former backend are adopted, set aside, or refused by name", adopted, batch=25, few=6
    ),
)
