"""The lock file covers what pyproject.toml asks for: renew it with `.ci/renew-constraints`."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from commercive_cli.api.deploy.lock import LOCK as PROGRAM
from commercive_cli.api.deploy.lock import Entry, read_lock

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
    versions = [pinned(entry) for entry in read_lock(LOCK) if entry.name == canonicalize_name(wanted.name)]

    assert versions, f"{wanted.name} is not in .ci/constraints.txt: run .ci/renew-constraints"
    assert [] == [version for version in versions if version not in wanted.specifier]


def pinned(entry: Entry) -> str:
    return str(entry.requirement.specifier).removeprefix("==")


@pytest.mark.parametrize("lock", [LOCK, PROGRAM], ids=["constraints", "program"])
def test_everything_has_hashes_and_no_registry_is_named(lock: Path) -> None:
    """The file is good for whichever registry or mirror pip is told to use."""
    entries = [*read_lock(lock)]

    assert entries
    assert [] == [entry for entry in entries if not entry.hashes.startswith("--hash=sha256:")]
    assert "://" not in lock.read_text()


def test_packages_have_the_versions_that_are_tested() -> None:
    """The lock file in the program, and installed with it, names what program and API need, as the other one does."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, shipped = settings["project"], settings["tool"]["setuptools"]["package-data"]["commercive_cli"]
    wanted = {*project["dependencies"], *project["optional-dependencies"]["api"]}
    program = {(entry.name, str(entry.requirement), entry.hashes) for entry in read_lock(PROGRAM)}

    assert program <= {(entry.name, str(entry.requirement), entry.hashes) for entry in read_lock(LOCK)}
    assert {canonicalize_name(Requirement(each).name) for each in wanted} <= {name for name, _, _ in program}
    assert PROGRAM.relative_to(ROOT / "commercive_cli").as_posix() in shipped
