"""Finds the libraries that imported packages need: those that contain them, and everything these require."""

from collections.abc import Callable, Collection, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from typing import Protocol, TypeVar

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from commercive_cli.domain.errors import Invalid

_OURS = "commercive"
_INSTALL = "run pip install '.[api]' in the source directory"


class Library(Protocol):
    """What says what it requires, in the words of package metadata: a wheel, or an installed distribution."""

    @property
    def requires(self) -> list[str] | None:
        """Return the requirements."""
        ...


Found = TypeVar("Found", bound=Library)


def needed_libraries(
    imported: Collection[str],
    fetch: Callable[[Collection[str]], Mapping[str, Found]],
    environment: Mapping[str, str],
) -> dict[str, Found]:
    """Return the libraries that contain these packages, and all that they require there, by normalized name.

    `fetch` returns libraries by name; it is asked for each once, and for as many at a time as are known to be needed.
    Extras, such as `crypto` of pyjwt, are those that our own requirements name. `environment` is what markers are
    compared with.
    """
    direct = set(_library_names(imported))
    unread = [Requirement(name) for name in direct]
    unread += [each for each in _own_requirements() if canonicalize_name(each.name) in direct]
    found: dict[str, Found] = {}
    read: set[str] = set()
    while unread:
        found |= fetch({canonicalize_name(each.name) for each in unread} - found.keys())
        read |= set(map(str, unread))
        required = [deeper for each in unread for deeper in _required(each, found, environment)]
        unread = [each for each in required if str(each) not in read]
    return found


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


def _required(by: Requirement, found: Mapping[str, Found], environment: Mapping[str, str]) -> Iterator[Requirement]:
    """Yield what a library and the asked extras of it require."""
    for required in map(Requirement, found[canonicalize_name(by.name)].requires or ()):
        marker = required.marker
        if marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *by.extras)):
            yield required
