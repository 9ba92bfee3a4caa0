"""The lock file covers what pyproject.toml asks for: renew it with `.ci/renew-constraints`."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from commercive_cli.api.deploy.lock import read_lock

ROOT = Path(__file__).parents[1]
LOCK = ROOT / ".ci/constraints.txt"


def requirements() -> Iterator[Requirement]:
    """Yield what `.[dev]` asks for, and the extra within it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    listed = map(Requirement, [*project["dependencies"], *extras["api"], *extras["dev"]])
    return (each for each in listed if each.name != project["name"])


@pytest.mark.parametrize("wanted", [*requirements()], ids=lambda wanted: wanted.name)
def test_every_requirement_is_locked(wanted: Requirement) -> None:
    """In a version that pyproject.toml allows; what is not locked would come unchecked into tests and packages."""
    locked = [entry for name, entry in read_lock(LOCK) if name == canonicalize_name(wanted.name)]

    versions = [re.split("==| ", entry)[1] for entry in locked]
    assert versions, f"{wanted.name} is not in .ci/constraints.txt: run .ci/renew-constraints"
    assert [] == [version for version in versions if version not in wanted.specifier]


def test_everything_has_hashes_and_no_registry_is_named() -> None:
    """The file is good for whichever registry or mirror pip is told to use."""
    entries = [entry for _, entry in read_lock(LOCK)]

    assert [] == [entry for entry in entries if "--hash=sha256:" not in entry]
    assert "://" not in LOCK.read_text()
