"""The lock file: which version of each library, and the hashes of the files that may be it.

A lock file is a requirements file for `pip install --require-hashes`: each entry is `name==version`, perhaps with a
marker, and has a `--hash` for each file that may be installed. Ours is part of the program, so that an installed
program packages the same as the sources do; `.ci/renew-constraints` writes it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from commercive_cli.domain.errors import Invalid

LOCK = Path(__file__).with_name("lock.txt")


@dataclass(frozen=True)
class Entry:
    """A library in a lock file: its requirement, and the options of its hashes."""

    requirement: Requirement
    hashes: str

    @property
    def name(self) -> str:
        """Return the library's normalized name."""
        return canonicalize_name(self.requirement.name)

    @property
    def pinned(self) -> str:
        """Return the line for pip without the marker, which pip would compare with the machine it runs on."""
        return f"{self.requirement.name}{self.requirement.specifier} {self.hashes}"

    def holds(self, environment: Mapping[str, str]) -> bool:
        """Return whether the entry is meant for an environment."""
        return self.requirement.marker is None or self.requirement.marker.evaluate(dict(environment))


def read_lock(lock: Path) -> Iterator[Entry]:
    """Yield the entries; a name may have one for each Python version. Raises Invalid when it is no lock file."""
    try:
        for line in lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
            requirement, _, hashes = line.strip().partition(" --")
            if requirement and not requirement.startswith(("#", "-")):
                yield Entry(Requirement(requirement), f"--{hashes}")
    except ValueError as error:  # an entry is malformed, or the file is not UTF-8 text
        raise Invalid(f"{lock} is not a lock file: {str(error).splitlines()[0]}") from None


def entries_for(lock: Path, environment: Mapping[str, str]) -> dict[str, Entry]:
    """Return the entries that are meant for an environment, by the names of their libraries."""
    return {entry.name: entry for entry in read_lock(lock) if entry.holds(environment)}
