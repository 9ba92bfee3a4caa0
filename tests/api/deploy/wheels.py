"""Wheels for tests: tiny ones made by hand, and those of the libraries that are installed here, packed again."""

import hashlib
import re
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from commercive_cli.api.deploy.package import handler_closure
from commercive_cli.api.deploy.wheels import AWS_SERVICES

X86_64, AARCH64 = b"\x3e\x00", b"\xb7\x00"
NATIVE = "cp311-abi3-manylinux_2_34"
LIBRARIES: Mapping[str, list[str]] = {
    "aws-lambda-powertools": [],
    "botocore": ["six"],
    "cffi": ['only-windows; sys_platform == "win32"'],
    "cryptography": ['cffi; platform_python_implementation != "PyPy"', 'only-arm; platform_machine == "aarch64"'],
    "only-arm": ["cryptography"],
    "platformdirs": ['only-old; python_version < "3.12"'],
    "pydantic": ["pydantic-core"],
    "pydantic-core": [],
    "pyjwt": ['cryptography; extra == "crypto"', 'only-docs; extra == "docs"'],
    "six": [],
}
"""What the handler imports, with requirements for this and that; `cryptography` is compiled."""

LINES = [
    'cffi==1.0 ; platform_python_implementation != "PyPy"',
    'six==1.0 ; python_version >= "3.12"',
    'six==0.9 ; python_version < "3.12"',
]
"""How the lock file has those that are not in it for everybody."""


def compiled(machine: bytes = X86_64, *, needs: bytes = b"GLIBC_2.17\0GLIBC_2.34\0") -> bytes:
    """Return what begins as a shared library, and names the versions of the C library that it needs."""
    return b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + machine + needs


def tiny(
    directory: Path,
    name: str,
    *,
    tags: str = "py3-none-any",
    requires: Iterable[str] = (),
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a wheel of version 1.0 with a module of its name, and these files."""
    module = name.replace("-", "_")
    told = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {each}" for each in requires)]
    info = f"{module}-1.0.dist-info"
    content = {
        f"{module}/__init__.py": b'"""A module."""\n',
        f"{info}/METADATA": "\n".join(told).encode() + b"\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tags}\n".encode(),
        **(files or {}),
    }
    path = directory / f"{module}-1.0-{tags}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for place, data in content.items():
            archive.writestr(zipfile.ZipInfo(place), data)
    return path


def tiny_world(directory: Path, machine: str) -> None:
    """Write a wheel of each library that the handler needs; what is compiled is so for a machine."""
    code = compiled(X86_64 if machine == "x86_64" else AARCH64)
    for name, requires in LIBRARIES.items():
        if name == "cryptography":
            files = {"cryptography/_rust.abi3.so": code}
            tiny(directory, name, tags=f"{NATIVE}_{machine}", requires=requires, files=files)
        else:
            tiny(directory, name, requires=requires)


def lock_of(directory: Path, path: Path) -> Path:
    """Write a lock file of the wheels in a directory, with a second hash for each, and a library that nobody needs."""
    lines = ["# made for this test", f"unwanted==1.0 \\\n    --hash=sha256:{'0' * 64}"]
    for wheel in sorted(directory.glob("*.whl")):
        name = canonicalize_name(wheel.name.partition("-")[0])
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        pins = [line for line in LINES if line.startswith(f"{name}==")] or [f"{name}==1.0"]
        lines += [f"{pin} \\\n    --hash=sha256:{'1' * 64} \\\n    --hash=sha256:{digest}" for pin in pins]
    path.write_text("\n".join(lines) + "\n")
    return path


def installed() -> dict[str, Distribution]:
    """Return the libraries of this environment by name; of two with the same name, the one that Python imports."""
    return {canonicalize_name(each.name): each for each in reversed(list(distributions()))}


def packed(library: Distribution, directory: Path) -> Path:
    """Write the wheel of an installed library; of botocore's 400 services, those that a package needs, and S3."""
    tags = re.findall("^Tag: (.*)$", library.read_text("WHEEL") or "", re.MULTILINE)
    path = directory / f"{library.name.replace('-', '_')}-{library.version}-{tags[0]}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in library.files or ():
            data = file.parts[:2] == ("botocore", "data") and len(file.parts) > 3
            if file.parts[0] != ".." and file.suffix != ".pyc" and (not data or file.parts[2] in (*AWS_SERVICES, "s3")):
                archive.write(Path(str(library.locate_file(file))), file.as_posix())
    return path


IMPORTED = handler_closure().others
