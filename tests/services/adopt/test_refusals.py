"""What cannot be adopted is refused in a clear line, before anything is written."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from commercive_cli.domain.clock import CLOCKS_DIFFER_MS
from commercive_cli.domain.errors import SAME_KEY, CommerciveError, Conflict, Unavailable
from commercive_cli.services.adopt.lease import LEASE_MS, Holder, this_process
from commercive_cli.services.adopt.service import Wish
from commercive_cli.services.adopt.source import ExportSource
from commercive_cli.store.items import Item
from commercive_cli.store.legacy_source import LegacySource, LegacyTable
from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_LINKS, CONVERSATIONS, MESSAGES, OPS, TABLES
from tests.services.adopt.adopter import HERE, NOW, Adopter, kinds, made
from tests.services.adopt.old_backend import OldBackend, old_backend
from tests.services.fakes import DAY, Intervening, ManualClock
from tests.services.raw_data import everything, rows

Spoil = Callable[[Path], object]
_PLACE = {"pk": "adoption", "sk": "lease"}
OTHERS = {
    **_PLACE,
    "holder": "process 9 at home",
    "machine": "home",
    "process": 9,
    "actor": "ben",
    "until": NOW + 60_000,
}
"""The place of another adoption."""


def _files(export: Path, table: str) -> list[Path]:
    return sorted((export / table).glob("**/*.json.gz"))


def _summary(export: Path, **changes: object) -> None:
    [path] = (export / "leads").glob("**/manifest-summary.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _twice(export: Path, **changes: object) -> None:
    """Put the export of the leads there a second time, with changes in its summary."""
    [path] = (export / "leads").glob("**/manifest-summary.json")
    path.rename(path.with_name("kept"))
    for number in ("1", "2"):
        copy = export / "leads" / number / "manifest-summary.json"
        copy.parent.mkdir()
        copy.write_text(
            json.dumps(json.loads((path.with_name("kept")).read_text()) | (changes if number == "2" else {}))
        )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda export: _files(export, "leads")[1].unlink(), "json.gz cannot be read: No such file"),
        (lambda export: _files(export, "leads")[1].write_bytes(b"nonsense"), "does not match its manifest"),
        (lambda export: _files(export, "leads")[1].write_bytes(b""), "has 0 lines, its manifest says"),
        (lambda export: _summary(export, exportType="INCREMENTAL_EXPORT"), "exportType is INCREMENTAL_EXPORT"),
        (lambda export: _summary(export, outputFormat="ION"), "outputFormat is ION"),
        (lambda export: _summary(export, itemCount=7_000), "itemCount is 7000"),
        (
            lambda export: (export / "leads").rename(export.parent / "away"),
            "has no commercive_leads; nothing was written",
        ),
        (lambda export: export.rename(export.parent / "away"), "is no directory"),
        (_twice, "are exports of the same table"),
        (lambda export: _twice(export, exportType="INCREMENTAL_EXPORT"), "exportType is INCREMENTAL_EXPORT"),
    ],
    ids=["file", "changed", "empty", "incremental", "ion", "count", "table", "directory", "twice", "beside"],
)
def test_an_export_that_is_not_whole_is_refused(
    adopt: Adopter, store: Store, tmp_path: Path, spoil: Spoil, words: str
) -> None:
    """A missing or changed file, a missing table and an incremental export are named; nothing is written."""
    export = old_backend().export(tmp_path / "export")
    spoil(export)
    before = everything(store)
    with pytest.raises(CommerciveError, match=words):
        adopt(ExportSource(export))

    assert before == everything(store)


def test_an_export_that_changes_while_it_is_read_is_refused(adopt: Adopter, store: Store, tmp_path: Path) -> None:
    """A file that is exchanged behind the back of a run is found at its end, before anything is written."""
    export = old_backend().export(tmp_path / "export")
    [*_, last] = _files(export, "affiliate_links")
    source = ExportSource(export)
    pages = source.pages

    class Exchanged(ExportSource):
        def pages(self, table: LegacyTable) -> Iterator[list[Item]]:
            for page in pages(table):
                yield page
                if table.name.endswith("affiliate_links"):
                    last.write_bytes(b"")

    before = everything(store)
    with pytest.raises(CommerciveError, match=r"nothing was written|its manifest says"):
        adopt(Exchanged(export))

    assert before == everything(store)


def _ours(old: OldBackend) -> OldBackend:
    return replace(old, keys={"leads": (("lead_id", "S"), ("created_at", "N"))})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda old: replace(old, tables_by_name={}, others=()),
            "there are no tables of the former backend in eu-west-1",
        ),
        (
            lambda old: replace(old, tables_by_name={"leads": []}),
            "eu-west-1 prefix commercive_ has no commercive_chat_messages, ",
        ),
        (_ours, "commercive_leads is no table of the former backend: its key is lead_id S, created_at N"),
    ],
    ids=["none", "some", "ours"],
)
def test_a_source_without_the_former_tables_is_refused(
    adopt: Adopter, change: Callable[[OldBackend], LegacySource], words: str
) -> None:
    """A prefix with no tables, with some of them, and with tables of ours is told apart in words."""
    with pytest.raises(CommerciveError, match=words):
        adopt(change(old_backend()))


def test_a_store_is_not_adopted_into_itself(adopt: Adopter, store: Store) -> None:
    """Source and target are compared by their names."""
    with pytest.raises(CommerciveError, match="cannot be adopted into itself"):
        adopt(replace(old_backend(), place=store.target))


def test_tables_must_exist(tmp_path: Path, adopt: Adopter) -> None:
    """A store without tables is told how to get them, also in a rehearsal."""
    with closing(made(tmp_path / "other.db")) as store:
        store.delete_table(TABLES[-1])
        with pytest.raises(CommerciveError, match="has no commercive_ops; make them first: commercive tables create"):
            replace(adopt, store=store)(old_backend(), Wish(dry_run=True))


@pytest.mark.parametrize(
    ("holder", "later", "renews", "looks", "free"),
    [
        (Holder("elsewhere", 1), 0, True, 0, False),
        (Holder("elsewhere", 1), 61_000, False, 1, True),
        (Holder("elsewhere", 1), 10 * DAY, True, 1, False),
        (Holder("elsewhere", 1), -10 * DAY, True, 1, False),
        (Holder("elsewhere", 1), -10 * DAY, False, 1, True),
        (replace(this_process()), 0, True, 0, False),
        (replace(this_process()), 10 * DAY, True, 1, False),
        (replace(this_process(), process=2**22 + 1), 0, False, 0, True),
    ],
    ids=[
        "runs",
        "silent",
        "runs, and we are ahead",
        "runs, and we are behind",
        "silent, and was ahead",
        "alive here",
        "alive here, and we are ahead",
        "dead here",
    ],
)
def test_the_place_of_a_killed_adopter_becomes_free(
    store: Store, holder: Holder, later: int, renews: bool, looks: int, free: bool
) -> None:
    """When it has ended, and gives no sign of life while we look on; at once where its process is known to be gone."""
    until = NOW + 60_000
    lease = {
        "holder": holder.name,
        "machine": holder.machine,
        "process": holder.process,
        "actor": "ben",
        "until": until,
    }
    store.batch_put(OPS, [{"pk": "adoption", "sk": "lease", **lease}])
    looked: list[float] = []

    def look_on(seconds: float) -> None:
        looked.append(seconds)
        if renews:
            store.batch_put(OPS, [{"pk": "adoption", "sk": "lease", **lease, "until": until + 15_000}])

    adopt = Adopter(store, ManualClock(NOW + later), this_process(), look_on)
    if free:
        adopt(old_backend())
    else:
        with pytest.raises(CommerciveError, match=f"{holder.name}, by ben"):
            adopt(old_backend())

    assert free == ([] == [row for row in rows(store, OPS) if row["pk"] == "adoption"])
    assert os.getpid() == this_process().process
    assert [35.0] * looks == looked


@pytest.mark.parametrize("until", [10**15, 10**30, NOW + 10**9, None, "soon"])
def test_a_claim_of_a_longer_time_than_any_has_is_none(either: Store, until: object) -> None:
    """Whatever somebody wrote there, it keeps nobody out for longer than a minute, whose clock may be ahead."""
    either.batch_put(
        OPS, [{"pk": "adoption", "sk": "lease", "holder": "them", "machine": "here", "process": 1, "until": until}]
    )
    Adopter(either)(old_backend())

    assert [] == [row for row in rows(either, OPS) if row["pk"] == "adoption"]


@pytest.mark.parametrize("taken", [True, False])
def test_whose_machine_slept_writes_nothing_once_another_has_taken_over(either: Store, taken: bool) -> None:
    """After a minute of silence an adoption looks whether its place is still its own; if so, it goes on."""
    old, clock = old_backend(conversations=2, leads=2), ManualClock(NOW)
    held: list[object] = []

    class Sleeping(OldBackend):
        def pages(self, table: LegacyTable) -> Iterator[list[Item]]:
            yield from old.pages(table)
            if table.name.endswith("affiliate_links"):
                clock.advance(61_000)
                if taken:
                    Adopter(either, clock, HERE)(old)
                    held.append(everything(either))

    adopt = Adopter(either, clock)
    source = Sleeping(old.tables_by_name)
    if taken:
        with pytest.raises(Conflict, match="another adoption took the place of this one"):
            adopt(source)
        assert held == [everything(either)]
    else:
        adopt(source)
        assert 2 == len(rows(either, CONVERSATIONS))


@pytest.mark.parametrize("too_long", [False, True])
def test_a_place_that_lasts_longer_than_any_is_looked_at(store: Store, too_long: bool) -> None:
    """A minute, and as much as two clocks may differ, is believed at once; whoever has more is watched for a while."""
    longest = LEASE_MS + CLOCKS_DIFFER_MS
    store.batch_put(OPS, [{**OTHERS, "until": NOW + longest + too_long}])
    looked: list[float] = []
    adopt = Adopter(store, ManualClock(NOW, step=0), sleep=looked.append)
    if too_long:
        adopt(old_backend())
    else:
        with pytest.raises(Conflict, match="by ben"):
            adopt(old_backend())

    assert ([35.0] if too_long else []) == looked


@pytest.mark.parametrize("was_held", [True, False])
def test_of_two_that_begin_at_once_one_is_refused(either: Store, was_held: bool) -> None:
    """Whoever was a moment faster has the place, be it a free one or that of a dead process."""
    if was_held:
        either.batch_put(OPS, [{**OTHERS, "machine": this_process().machine, "process": 2**22 + 1}])
    meddled = Intervening(either)
    meddled.before("transact", lambda: either.batch_put(OPS, [OTHERS]), OPS)
    with pytest.raises(Conflict, match=r"another adoption into this store is running .*, by ben"):
        Adopter(meddled, ManualClock(NOW), this_process())(old_backend())

    assert [OTHERS] == [row for row in rows(either, OPS) if row["pk"] == "adoption"]


def test_who_lost_its_place_does_not_free_that_of_another(either: Store) -> None:
    """An adoption that was silent for a minute, and finds another in its place, leaves that one its place."""
    old, clock = old_backend(conversations=2, leads=2), ManualClock(NOW)

    class Sleeping(OldBackend):
        def pages(self, table: LegacyTable) -> Iterator[list[Item]]:
            yield from old.pages(table)
            clock.advance(61_000)
            either.batch_put(OPS, [OTHERS])

    with pytest.raises(Conflict, match="another adoption took the place of this one"):
        Adopter(either, clock)(Sleeping(old.tables_by_name))

    assert [OTHERS] == [row for row in rows(either, OPS) if row["pk"] == "adoption"]


def test_what_changes_while_live_tables_are_read_is_named(adopt: Adopter) -> None:
    """What was written since the run began may be half of a change; it is named, and the next run brings the rest."""
    old = old_backend(conversations=2, leads=0)
    old.tables_by_name["chat_conversations"][0]["updated_at"] = NOW + 500
    first = adopt(old)
    still = Adopter(adopt.store, ManualClock(NOW + 50_000))(old)

    assert (1, None) == (kinds(first)["written-meanwhile"], kinds(still).get("written-meanwhile"))


@pytest.mark.parametrize("told", ["no network", f"no network; outcome unknown, {SAME_KEY}"])
def test_a_store_that_fails_on_the_way_is_named_with_what_is_here(adopt: Adopter, store: Store, told: str) -> None:
    """What was brought is counted, and the same command goes on; keys are not spoken of, since an adoption has none."""

    def fail() -> None:
        raise Unavailable(told)

    failing = Intervening(store)
    failing.before("transact", lambda: None, OPS)  # the lease
    failing.before("transact", lambda: None, CONVERSATIONS)
    failing.before("transact", fail, AFFILIATE_LINKS)
    with pytest.raises(Unavailable, match="no network") as raised:
        replace(adopt, store=failing)(old_backend(3, conversations=2, leads=2))
    brought = len(rows(store, CONVERSATIONS)) + len(rows(store, MESSAGES))

    assert f"{brought} items were brought before, and stay; run the same command again to go on" in raised.value.message
    assert "key" not in raised.value.message
