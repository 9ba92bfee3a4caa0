"""Which libraries a set of imported packages takes: those that hold the packages, and everything that they require."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distributions, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from commercive_cli.domain.errors import Invalid

Libraries = Mapping[str, Distribution]
"""Installed libraries by name, as pip spells names: `aws-lambda-powertools`."""

_OURS = "commercive"
_INSTALL = "run pip install '.[api]' where the source is"


def libraries_in(directory: Path) -> Libraries:
    """Return the libraries that pip put into a directory."""
    return _by_name(distributions(path=[str(directory)]))


def libraries_here() -> Libraries:
    """Return the libraries of this environment."""
    return _by_name(distributions())


def needed_libraries(imported: Collection[str], available: Libraries, left_out: Collection[str] = ()) -> Libraries:
    """Return the libraries that hold these packages, and all that they require, by name.

    Extras, such as `crypto` of pyjwt, are those that our own requirements name. Libraries in `left_out` are not
    returned, and what they alone require is not either. Raises Invalid naming a library that is not available.
    """
    holders = set(_holders(imported))
    unread = [Requirement(name) for name in holders]
    unread += [each for each in _own_requirements() if canonicalize_name(each.name) in holders]
    needed: dict[str, Distribution] = {}
    read: set[str] = set()
    while unread:
        wanted = unread.pop()
        name = canonicalize_name(wanted.name)
        if name in left_out or str(wanted) in read:
            continue
        read.add(str(wanted))
        needed[name] = _library(name, available)
        unread += _requirements(needed[name], wanted.extras)
    return needed


def _by_name(found: Iterable[Distribution]) -> Libraries:
    # Of two with one name, Python imports the first that it finds.
    return {canonicalize_name(each.name): each for each in reversed(list(found))}


def _holders(imported: Collection[str]) -> Iterator[str]:
    known = packages_distributions()
    for package in imported:
        if package not in known:
            raise Invalid(f"{package} is not installed here; {_INSTALL}")
        yield from map(canonicalize_name, known[package])


def _own_requirements() -> Iterator[Requirement]:
    try:
        yield from map(Requirement, requires(_OURS) or ())
    except PackageNotFoundError:
        raise Invalid(f"{_OURS} itself is not installed here, so nothing says what it requires; {_INSTALL}") from None


def _library(name: str, available: Libraries) -> Distribution:
    if name not in available:
        raise Invalid(f"{name} is not installed; {_INSTALL}")
    return available[name]


def _requirements(library: Distribution, extras: Collection[str]) -> Iterator[Requirement]:
    """Yield what a library requires on this platform and Python, with these of its extras."""
    for wanted in map(Requirement, library.requires or ()):
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield wanted
