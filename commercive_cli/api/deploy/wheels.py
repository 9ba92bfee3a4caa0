"""Wheels: what they require, what of them a Lambda needs, and whether they can be loaded there."""

import hashlib
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PathDistribution
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name, parse_wheel_filename

from commercive_cli.api.deploy.runtimes import Runtime
from commercive_cli.domain.errors import Invalid

AWS_SERVICES = ("dynamodb", "signin", "sso", "sso-oidc", "sts")
"""The services that the package calls, and those that botocore asks for credentials. It knows 400, of 30 MB."""

_NATIVE = re.compile(r"\.(so|dylib|pyd|dll)(\.[0-9.]+)?$")
_ELF_MACHINES = {"x86_64": b"\x3e\x00", "aarch64": b"\xb7\x00"}
_MUSL = re.compile(rb"libc\.musl-|ld-musl-")
_GLIBC = re.compile(rb"GLIBC_([0-9]+)\.([0-9]+)")


@dataclass(frozen=True)
class Wheel:
    """A wheel on disk."""

    path: Path

    @cached_property
    def name(self) -> str:
        """Return the normalized name of its library."""
        return canonicalize_name(self.path.name.partition("-")[0])

    @property
    def version(self) -> str:
        """Return the version of its library."""
        return self.path.name.split("-")[1]

    @cached_property
    def requires(self) -> list[str]:
        """Return what its library requires."""
        root = zipfile.Path(self.path)
        metadata = next(each for each in root.iterdir() if each.name.endswith(".dist-info"))
        return PathDistribution(metadata).requires or []

    @cached_property
    def sha256(self) -> str:
        """Return the hash of the whole file, as lock files have it."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield what a Lambda needs of it: each file's path where it is installed, and its bytes."""
        with zipfile.ZipFile(self.path) as archive:
            for info in archive.infolist():
                place = _installed(PurePosixPath(info.filename))
                if not info.is_dir() and place is not None and _is_needed(place):
                    yield place.as_posix(), archive.read(info)

    def check(self, runtime: Runtime) -> None:
        """Raise Invalid, naming the wheel, when the runtime cannot load it: by its tags, or by what lies in it.

        Tags are what the builder says. A library for musl, or for a newer C library, in a wheel that says otherwise
        would be found out by the first request.
        """
        if runtime.tags.isdisjoint(parse_wheel_filename(self.path.name)[3]):
            raise Invalid(f"{self.path.name} does not run on {runtime}, whose glibc is {runtime.dotted_glibc}")
        for name, code in self.files():
            if _NATIVE.search(name) and (reason := _unloadable(code, runtime)):
                raise Invalid(f"{self.path.name} does not run on {runtime}: {name} {reason}")


def _installed(name: PurePosixPath) -> PurePosixPath | None:
    """Return where a file of a wheel is installed among the packages; None for scripts, metadata, or a way out."""
    if name.parts[0].endswith(".data"):
        name = PurePosixPath(*name.parts[2:]) if name.parts[1] in ("purelib", "platlib") else PurePosixPath("..")
    outside = name.is_absolute() or ".." in name.parts or name.parts[0].endswith(".dist-info")
    return None if outside else name


def _is_needed(file: PurePosixPath) -> bool:
    """Return whether a file is code or its data; type stubs, caches, and services that nobody calls are not needed."""
    if file.parts[:2] == ("botocore", "data") and len(file.parts) > 3:
        return file.parts[2] in AWS_SERVICES and not file.name.startswith("examples-")
    return "__pycache__" not in file.parts and file.suffix not in (".pyi", ".typed", ".md")


def _unloadable(code: bytes, runtime: Runtime) -> str | None:
    """Return why a compiled library cannot be loaded, None when it can; its table of strings names what it needs."""
    if code[:4] != b"\x7fELF":
        return "is not a library for Linux"
    if code[18:20] != _ELF_MACHINES[runtime.machine]:
        return f"is compiled for another machine than {runtime.machine}"
    if _MUSL.search(code):
        return "is compiled for musl, and Lambda has glibc"
    newest = max(((int(major), int(minor)) for major, minor in _GLIBC.findall(code)), default=(0, 0))
    if newest > runtime.glibc:
        return f"needs glibc {'.'.join(map(str, newest))}, and there is {runtime.dotted_glibc}"
    return None
