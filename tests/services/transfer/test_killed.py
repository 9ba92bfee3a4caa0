"""After `kill -9` between any two lines, the same command finishes the job, with the same bytes."""

import random
from pathlib import Path

import pytest

from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import OPS
from tests.services.raw_data import rows
from tests.services.transfer.conftest import NewStore
from tests.services.transfer.stores import ODD, PLAN, digests, exported, filled, findings_of, importer
from tests.services.transfer.victim import run_until_killed

POINTS = 20
KINDS = ["sqlite", "server"]


def location_of(store: Store, endpoint: str) -> str:
    """Return the location with which another process can open the store."""
    target = store.target.removeprefix("sqlite ")
    return target if store.target.startswith("sqlite") else f"{endpoint} {store.prefix}"


def points(lines: int, kind: str) -> list[int]:
    """Return the numbers of the lines before which to kill: random ones, but the same in every run."""
    return sorted(random.Random(f"{kind}{PLAN}{len(ODD)}").sample(range(1, lines), POINTS // len(KINDS)))


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_that_was_killed_can_be_resumed(
    kind: str, new_store: NewStore, real_endpoint: str, tmp_path: Path
) -> None:
    """An export that was killed before any line of the code can be resumed and has the same bytes as any other."""
    store = filled(new_store(kind))
    location = location_of(store, real_endpoint)
    lines = run_until_killed("export", location, tmp_path / "whole")
    for point in points(lines, kind):
        directory = tmp_path / str(point)
        died = run_until_killed("export", location, directory, line=point) == 0
        if not (directory / "manifest.json").exists() or (directory / "unfinished").exists():
            ExportService(store).run(directory)

        assert died
        assert digests(tmp_path / "whole") == digests(directory)
        assert sorted(path.name for path in (tmp_path / "whole").iterdir()) == sorted(
            p.name for p in directory.iterdir()
        )


@pytest.mark.parametrize("kind", KINDS)
def test_an_import_that_was_killed_can_be_resumed(
    kind: str, original: Path, new_store: NewStore, real_endpoint: str, tmp_path: Path
) -> None:
    """An import that was killed before any line of the code can be resumed; the audit is clean, no marker is left."""
    lines = run_until_killed("import", location_of(new_store(kind), real_endpoint), original)
    for point in points(lines, kind):
        store = new_store(kind)
        died = run_until_killed("import", location_of(store, real_endpoint), original, line=point) == 0
        imported = importer(store).run(original, "ops")

        assert died
        assert findings_of(imported) == []
        assert digests(original) == exported(store, tmp_path / str(point))
        assert [item for item in rows(store, OPS) if item["pk"].startswith("import#")] == []
