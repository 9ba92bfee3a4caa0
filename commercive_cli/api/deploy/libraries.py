"""Finds the libraries that imported packages need: those that contain them, and everything these require."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distributions, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from commercive_cli.domain.errors import Invalid

Libraries = Mapping[str, Distribution]
"""Installed libraries by normalized name, such as `aws-lambda-powertools`."""

_OURS = "commercive"
_INSTALL = "run pip install '.[api]' in the source directory"


def libraries_in(directory: Path) -> Libraries:
    """Return the libraries that pip put into a directory."""
    return _by_name(distributions(path=[str(directory)]))


def libraries_here() -> Libraries:
    """Return the libraries of this environment."""
    return _by_name(distributions())


def needed_libraries(imported: Collection[str], available: Libraries, left_out: Collection[str] = ()) -> Libraries:
    """Return the libraries that contain these packages, and all that they require, by name.

    Extras, such as `crypto` of pyjwt, are those that our own requirements name. Libraries in `left_out`, and those that
    only they require, are not returned. Raises Invalid naming a library that is not available.
    """
    direct = set(_library_names(imported))
    unread = [Requirement(name) for name in direct]
    unread += [each for each in _own_requirements() if canonicalize_name(each.name) in direct]
    needed: dict[str, Distribution] = {}
    read: set[str] = set()
    while unread:
        requirement = unread.pop()
        name = canonicalize_name(requirement.name)
        if name in left_out or str(requirement) in read:
            continue
        read.add(str(requirement))
        needed[name] = _library(name, available)
        unread += _requirements(needed[name], requirement.extras)
    return needed


def _by_name(found: Iterable[Distribution]) -> Libraries:
    # Of two with the same name, Python imports the first one that it finds.
    return {canonicalize_name(each.name): each for each in reversed(list(found))}


def _library_names(imported: Collection[str]) -> Iterator[str]:
    known = packages_distributions()
    for package in imported:
        if package not in known:
            raise Invalid(f"{package} is not installed here; {_INSTALL}")
        yield from map(canonicalize_name, known[package])


def _own_requirements() -> Iterator[Requirement]:
    try:
        yield from map(Requirement, requires(_OURS) or ())
    except PackageNotFoundError:
        raise Invalid(f"{_OURS} itself is not installed here, so its requirements are unknown; {_INSTALL}") from None


def _library(name: str, available: Libraries) -> Distribution:
    if name not in available:
        raise Invalid(f"{name} is not installed; {_INSTALL}")
    return available[name]


def _requirements(library: Distribution, extras: Collection[str]) -> Iterator[Requirement]:
    """Yield the requirements of a library and of these extras, for this platform and Python."""
    for requirement in map(Requirement, library.requires or ()):
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement
