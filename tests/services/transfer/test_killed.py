"""`kill -9` between any two lines: the same command again finishes, with the same bytes."""

import random
from pathlib import Path

import pytest

from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.store.port import Store
from commercive_cli.store.schema import OPS
from tests.services.books import rows
from tests.services.transfer.conftest import NewStore
from tests.services.transfer.stores import ODD, PLAN, digests, exported, filled, importer
from tests.services.transfer.victim import run_until_killed

POINTS = 20
KINDS = ["sqlite", "server"]


def place_of(store: Store, endpoint: str) -> str:
    """Return what another process needs to open the store."""
    target = store.target.removeprefix("sqlite ")
    return target if store.target.startswith("sqlite") else f"{endpoint} {store.prefix}"


def points(lines: int, kind: str) -> list[int]:
    """Return the lines to die before: random ones, the same in every run."""
    return sorted(random.Random(f"{kind}{PLAN}{len(ODD)}").sample(range(1, lines), POINTS // len(KINDS)))


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_killed_anywhere_goes_on_and_ends_with_the_same_bytes(
    kind: str, new_store: NewStore, real_endpoint: str, tmp_path: Path
) -> None:
    """No line of the code is a bad moment for an export to die."""
    store = filled(new_store(kind))
    place = place_of(store, real_endpoint)
    lines = run_until_killed("export", place, tmp_path / "whole")
    for point in points(lines, kind):
        directory = tmp_path / str(point)
        died = run_until_killed("export", place, directory, line=point) == 0
        if not (directory / "manifest.json").exists() or (directory / "unfinished").exists():
            ExportService(store).run(directory)

        assert died
        assert digests(tmp_path / "whole") == digests(directory)
        assert sorted(path.name for path in (tmp_path / "whole").iterdir()) == sorted(
            p.name for p in directory.iterdir()
        )


@pytest.mark.parametrize("kind", KINDS)
def test_an_import_killed_anywhere_goes_on_and_ends_with_the_same_bytes(
    kind: str, original: Path, new_store: NewStore, real_endpoint: str, tmp_path: Path
) -> None:
    """No line of the code is a bad moment for an import to die; the books are right and no marker is left behind."""
    lines = run_until_killed("import", place_of(new_store(kind), real_endpoint), original)
    for point in points(lines, kind):
        store = new_store(kind)
        died = run_until_killed("import", place_of(store, real_endpoint), original, line=point) == 0
        imported = importer(store).run(original, "ops")

        assert died
        assert imported.audit.findings == []
        assert digests(original) == exported(store, tmp_path / str(point))
        assert [item for item in rows(store, OPS) if item["pk"].startswith("import#")] == []
