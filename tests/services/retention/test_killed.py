"""After `kill -9` between any two lines of an archive, the same command finishes it, and an import brings all back."""

import random
from pathlib import Path

import pytest

from commercive_cli.services.seed.plan import Plan
from commercive_cli.services.seed.service import SeedService
from commercive_cli.store.port import Store
from tests.services.raw_data import errors_in
from tests.services.retention.archives import contents, lines_of, names_in
from tests.services.transfer.conftest import NewStore
from tests.services.transfer.conftest import new_store as new_store
from tests.services.transfer.stores import archived, findings_of, importer
from tests.services.transfer.test_killed import location_of
from tests.services.transfer.victim import run_until_killed

PLAN = Plan(conversations=100, messages=250, affiliates=1, leads=1, rng=11)
POINTS = {"sqlite": 10, "server": 3}


def filled(store: Store) -> Store:
    SeedService(store).run(PLAN)
    return store


def points(lines: int, kind: str) -> list[int]:
    """Return the numbers of the lines before which to kill: the last, and random ones, the same in every run."""
    return [*sorted(random.Random(kind).sample(range(1, lines), POINTS[kind] - 1)), lines - 1]


@pytest.mark.parametrize("kind", POINTS)
def test_an_archive_that_was_killed_is_finished_and_restored(
    kind: str, new_store: NewStore, real_endpoint: str, tmp_path: Path
) -> None:
    """Killed anywhere: what is gone from the store is in the files each time, and in the end all is as it was."""
    store = filled(new_store(kind))
    before, place = contents(store), location_of(store, real_endpoint)
    lines = run_until_killed("archive", place, tmp_path / "whole")
    whole, left = lines_of(tmp_path / "whole"), names_in(store)
    importer(store).run(tmp_path / "whole", "ops")
    for point in points(lines, kind):
        directory = tmp_path / str(point)
        died = run_until_killed("archive", place, directory, line=point) == 0
        gone = {text for name, texts in before.items() for text in texts - contents(store)[name]}
        safe = lines_of(directory) if (directory / "manifest.json").exists() else set()
        if not (directory / "archive.json").exists() or (directory / "archiving").exists():
            archived(store, directory)
        found = lines_of(directory)
        imported = importer(store).run(directory, "ops")

        assert died
        assert gone <= safe
        assert whole == found
        assert 20 < len(names_in(store) - left) < PLAN.conversations
        assert [] == findings_of(imported)
        assert before == contents(store)
        assert [] == errors_in(store)
