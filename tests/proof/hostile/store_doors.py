"""Doors of the store: items that other programs wrote, and texts that a terminal shows."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

from hypothesis import strategies as st
from rich.cells import cell_len

from commercive_cli.domain.attributes import Kind, attributes_of
from commercive_cli.domain.errors import CommerciveError
from commercive_cli.engines.sqlite.store import SQLiteStore
from commercive_cli.store.items import Item
from commercive_cli.store.schema import TABLES, Table
from tests.cli.conftest import Ran
from tests.cli.hidden import hidden_in
from tests.cli.test_inert_output import MODELS, STYLE
from tests.e2e.any_items import odd_items, put_back
from tests.proof.hostile.door import Door, Room
from tests.proof.hostile.home import Home, at_home
from tests.proof.hostile.odd import BYTES, STORABLE, damaged
from tests.services.audit.world import World
from tests.services.raw_data import rows


def _looks(home: Home) -> list[tuple[str, ...]]:
    world = home.world
    lists = [
        ("chat", "list"),
        ("chat", "list", "--sort", "waiting"),
        ("chat", "list", "--mine"),
        ("chat", "report"),
        ("chat", "search", "Hello", "--yes", "--notes"),
        ("chat", "export"),
        ("chat", "next", "--dry-run"),
        ("chat", "watch", "--limit", "0"),
        ("chat", "watch", world.open, "--limit", "0"),
        ("leads", "list"),
        ("leads", "list", "--flags"),
        ("leads", "duplicates"),
        ("leads", "report"),
        ("affiliates", "list"),
        ("affiliates", "top"),
        ("affiliates", "recompute", "--all", "--dry-run"),
        ("tables", "audit"),
        ("tables", "list"),
        ("tables", "describe", "--sample", "50"),
        ("tables", "person", "user-1", "--export", "-"),
        ("tables", "retention"),
        ("whoami",),
        ("tables", "export", "exported"),
        ("tables", "archive", "archived", "--older-than", "1d", "--yes"),
    ]
    shows = [("chat", "show", one) for one in (world.open, world.closed, "odd", "a/b c#d")]
    shows += [
        ("chat", "history", world.closed),
        ("leads", "show", world.approved),
        ("leads", "show", "odd"),
        ("leads", "history", world.approved),
        ("affiliates", "show", "aff-1"),
        ("affiliates", "show", "odd"),
        ("affiliates", "stats", "aff-1"),
        ("affiliates", "get-link", "aff-1"),
        ("affiliates", "resolve-link", world.codes[0]),
        ("affiliates", "resolve-link", "ODD00000"),
    ]
    acts = [
        ("chat", "mark-read", world.open),
        ("chat", "close", world.open),
        ("chat", "reply", world.open, "hi"),
        ("leads", "approve", world.pending, "--commission", "5", "--yes"),
        ("leads", "reset", world.approved, "--yes"),
        ("affiliates", "recompute", "aff-1"),
        ("tables", "audit", "--fix", "--yes"),
        ("affiliates", "create-link", "odd", "--email", "a@b.example"),
        ("tables", "person", "user-1", "--erase", "--yes"),
    ]
    return lists * 2 + shows + acts


@contextmanager
def items() -> Iterator[Room]:
    """Open everything that reads to items that another program wrote."""
    with at_home() as home, closing(SQLiteStore(home.file)) as store:
        odd = st.sampled_from(TABLES).flatmap(
            lambda table: st.tuples(st.just(table), odd_items(_over(home, store), table))
        )
        items = st.lists(odd, min_size=1, max_size=3)
        formats = st.sampled_from([(), (), ("-o", "json"), ("-o", "csv"), ("-o", "ids"), ("-o", "jsonl")])
        yield Room(st.tuples(items, st.sampled_from(_looks(home)), formats), lambda given: _looked(home, store, *given))


def _over(home: Home, store: SQLiteStore) -> World:
    return replace(home.world, store=store)


def _looked(
    home: Home, store: SQLiteStore, odd: list[tuple[Table, Item]], line: tuple[str, ...], form: tuple[str, ...]
) -> None:
    for place in ("exported", "archived"):
        shutil.rmtree(home.directory / place, ignore_errors=True)
    for table, item in odd:
        store.batch_put(table, [item])
    try:
        home.tried(*line, *form)
    finally:
        put_back(store, home.before)


@contextmanager
def files() -> Iterator[Room]:
    """Open everything to a SQLite file of which some bytes are others."""
    with at_home() as home:
        sound = home.file.read_bytes()
        early = damaged(st.just(sound[:4096])).map(lambda begin: begin + sound[4096:])

        def attempt(given: tuple[bytes, tuple[str, ...]]) -> None:
            content, line = given
            home.tidy()
            home.file.write_bytes(content)
            home.tried(*line)

        yield Room(st.tuples(damaged(st.just(sound)) | early | BYTES, st.sampled_from(_looks(home))), attempt)


_IDS = {
    name
    for model in MODELS.values()
    for name, each in attributes_of(model).items()
    if each.kind in (Kind.ID, Kind.PERSON)
}
_DOCUMENT = ("chat", "export")
"""Writes a file, also where that is a terminal."""

_TERMINAL = {"TERM": "xterm-256color", "PAGER": "cat"}
_WIDTHS = st.integers(20, 200)
_SHOWN = {
    table: [
        name
        for name, each in attributes_of(model).items()
        if each.kind not in (Kind.TIME, Kind.COUNT, Kind.FLAG, Kind.AMOUNT, Kind.TOTAL, Kind.CHOICE)
    ]
    for table, model in MODELS.items()
}


@contextmanager
def terminal() -> Iterator[Room]:
    """Open what a terminal of any width shows to any text in the store."""
    with at_home() as home, closing(SQLiteStore(home.file)) as store:
        sound = {table: next(iter(rows(store, table)), {}) for table in MODELS}
        world = home.world
        lines: list[tuple[str, ...]] = [
            ("chat", "list"),
            ("chat", "list", "--sort", "waiting"),
            ("chat", "show", world.open),
            ("chat", "show", world.closed),
            ("chat", "search", "e", "--yes"),
            ("chat", "export", world.open),
            ("chat", "report"),
            ("leads", "list"),
            ("leads", "show", world.approved),
            ("leads", "duplicates"),
            ("leads", "report"),
            ("affiliates", "list"),
            ("affiliates", "top"),
            ("affiliates", "show", "aff-1"),
            ("leads", "review"),
            ("tables", "person", "user-1"),
            ("chat", "history", world.closed),
            ("config", "show"),
            ("tables", "audit"),
        ]
        texts = st.dictionaries(
            st.sampled_from([(table.name, name) for table, names in _SHOWN.items() for name in names]),
            STORABLE,
            min_size=1,
            max_size=5,
        )

        def attempt(given: tuple[dict[tuple[str, str], str], tuple[str, ...], int]) -> None:
            written, line, width = given
            for (table_name, name), text in written.items():
                table = next(each for each in MODELS if each.name == table_name)
                _write(store, table, sound[table], name, text)
            try:
                ran = home.ran(*line, environ={**_TERMINAL, "COMMERCIVE_FORCE_TTY": str(width)})
                _is_inert(ran)
                if line[:2] != _DOCUMENT and not _IDS & {name for _, name in written}:
                    _fits(ran, width)
            finally:
                put_back(store, home.before)

        yield Room(st.tuples(texts, st.sampled_from(lines), _WIDTHS), attempt)


def _write(store: SQLiteStore, table: Table, like: Item, name: str, text: str) -> None:
    """Put the text into the attribute of every item of the table, as far as the store takes it."""
    for row in rows(store, table):
        if name in table.key_names:
            continue
        with suppress(CommerciveError):  # too long for the key of an index
            store.batch_put(table, [{**like, **row, name: text[:2_000]}])


def _is_inert(ran: Ran) -> None:
    assert "internal error" not in ran.err, ran.err
    assert "Traceback" not in ran.err, ran.err
    screen = STYLE.sub("", ran.out)
    assert set() == hidden_in(screen) | hidden_in(STYLE.sub("", ran.err)), "hidden characters reach the terminal"


def _fits(ran: Ran, width: int) -> None:
    """Fail unless each line fits into the width, or into that of a usual terminal, for which sentences are written.

    Ids are shown whole, to be copied.
    """
    longest = max(map(cell_len, STYLE.sub("", ran.out).split("\n")), default=0)
    assert longest <= max(width, 80), f"a line of {longest} on a terminal of {width}"


DOORS = (
    Door("items", "whatever the store holds, everything that reads it answers", items, few=25),
    Door("files", "however the bytes of a store's file are damaged, what is there is read, or the file refused", files),
    Door(
        "terminal",
        "whatever text is stored, a terminal of any width shows it, and obeys nothing in it",
        terminal,
        few=12,
    ),
)
