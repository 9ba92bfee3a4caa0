"""The Python runtimes of Lambda that the API runs on, and which wheels can be loaded there.

AWS's table of runtimes (Lambda Developer Guide, "Lambda runtimes", "Supported runtimes") has Python 3.12, 3.13 and 3.14
on Amazon Linux 2023, and 3.10 and 3.11 on Amazon Linux 2. The former has glibc 2.34, the latter 2.26 (Amazon Linux 2023
User Guide, "Improved toolchain: gcc, binutils, and glibc"), which is too old for today's builds of `cryptography`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from packaging.tags import Tag, compatible_tags, cpython_tags

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted

Architecture = Literal["x86_64", "arm64"]
PYTHONS = ("3.12", "3.13", "3.14")
"""The runtimes on Amazon Linux 2023."""

_TOO_OLD = ("3.8", "3.9", "3.10", "3.11")
_GLIBC = (2, 34)
_OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
"""The first glibc 2.x that wheels of a machine are built for (PEP 600)."""

_OLDER_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


@dataclass(frozen=True)
class Runtime:
    """A runtime: its Python as `3.13`, its architecture as Lambda calls it, and the glibc of its Amazon Linux."""

    python: str
    architecture: Architecture
    glibc: tuple[int, int] = _GLIBC

    def __str__(self) -> str:
        """Return what messages call it."""
        return f"{self.identifier} on {self.architecture}"

    @property
    def identifier(self) -> str:
        """Return Lambda's name of the runtime."""
        return f"python{self.python}"

    @property
    def machine(self) -> str:
        """Return the architecture as Linux calls it."""
        return "aarch64" if self.architecture == "arm64" else "x86_64"

    @property
    def dotted_glibc(self) -> str:
        """Return the version of the C library as it is written."""
        return ".".join(map(str, self.glibc))

    @property
    def abi(self) -> str:
        """Return the tag of what is compiled for this Python alone."""
        return f"cp{self.python.replace('.', '')}"

    @cached_property
    def platforms(self) -> tuple[str, ...]:
        """Return the platform tags of wheels that this C library can load, best first."""
        major, newest = self.glibc
        found = []
        for minor in range(newest, _OLDEST_GLIBC[self.machine] - 1, -1):
            names = (f"manylinux_{major}_{minor}", _OLDER_NAMES.get(minor))
            found += [f"{name}_{self.machine}" for name in names if name]
        return tuple(found)

    @cached_property
    def tags(self) -> frozenset[Tag]:
        """Return the tags of wheels that run here; neither musl's nor those of a newer glibc are among them."""
        major, minor = map(int, self.python.split("."))
        own = cpython_tags((major, minor), [self.abi], self.platforms)
        return frozenset((*own, *compatible_tags((major, minor), self.abi, self.platforms)))

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what the markers of requirements are compared with, whatever machine this is."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


DEFAULT = Runtime("3.13", "x86_64")
"""What is packaged, and what the template asks for, when nothing is said."""


def runtime_of(python: str, architecture: Architecture) -> Runtime:
    """Return a runtime of Lambda; raise Invalid for one that is too old, or not known."""
    version = python.removeprefix("python")
    if version in PYTHONS:
        return Runtime(version, architecture)
    choice = f"choose {', '.join(PYTHONS[:-1])} or {PYTHONS[-1]}"
    if version in _TOO_OLD:
        raise Invalid(
            f"Lambda's runtime python{version} has a C library (glibc 2.26) that the libraries are not built for any "
            f"more; {choice}",
            field="python",
        )
    raise Invalid(f"{quoted(python)} is no Python runtime of Lambda that this program knows; {choice}", field="python")
