"""The deployment zip: our code and the libraries that the handler needs, for one runtime of Lambda.

Its content is derived: the modules that the handler imports, and the libraries that these modules import, botocore
among them: which version a runtime brings is AWS's to change. The zip contains bytecode where there is a Python of the
runtime's version to make it, since Lambda cannot store bytecode and would compile the sources at every cold start.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import commercive_cli
from commercive_cli import __version__
from commercive_cli.api.deploy.downloads import fetch_wheels
from commercive_cli.api.deploy.imports import ImportClosure, import_closure
from commercive_cli.api.deploy.libraries import needed_libraries
from commercive_cli.api.deploy.lock import entries_for
from commercive_cli.api.deploy.manifest import NAME, Manifest, PackagedLibrary
from commercive_cli.api.deploy.runtimes import Runtime
from commercive_cli.api.deploy.wheels import Wheel
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.transfer.durable_files import write_error

HANDLER = "commercive_cli.api.handler.handler"
LEFT_OUT_MODULES = ("commercive_cli.engines.sqlite",)
"""Not used on Lambda, where files are lost with their instance and invisible to other instances."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16
_SOURCES = Path(commercive_cli.__file__).parents[1]
_VERSION = "import sys; print(sys.implementation.name, '%d.%d.%d' % sys.version_info[:3])"


def write_package(target: Path, runtime: Runtime, lock: Path) -> Manifest:
    """Write the zip for a runtime, with libraries in the versions and with the hashes of the lock file.

    Raises as `fetch_wheels` does, and Invalid or Unavailable when the file cannot be written. A failure leaves what was
    there.
    """
    code = handler_closure()
    entries = entries_for(lock, runtime.environment)
    with TemporaryDirectory() as directory:
        fetch = partial(fetch_wheels, entries=entries, runtime=runtime, directory=Path(directory))
        wheels = needed_libraries(code.others, fetch, runtime.environment)
        content, manifest = assembled(code, wheels.values(), runtime)
    _publish(target, content)
    return manifest


def handler_closure(sources: Path = _SOURCES) -> ImportClosure:
    """Return the modules that the handler imports for any action, and the other packages that these import."""
    return import_closure(sources, HANDLER.rpartition(".")[0], LEFT_OUT_MODULES)


def assembled(code: ImportClosure, wheels: Collection[Wheel], runtime: Runtime) -> tuple[bytes, Manifest]:
    """Return the zip of our code and these wheels: the same bytes every time, and the manifest in it."""
    with TemporaryDirectory() as directory:
        root = Path(directory)
        _unpack(root, code, wheels)
        bytecode = _compile(root, runtime)
        files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    manifest = Manifest(
        version=__version__,
        python=runtime.python,
        architecture=runtime.architecture,
        bytecode=bytecode,
        files=_hash(files),
        libraries=tuple(map(_described, sorted(wheels, key=lambda wheel: wheel.name))),
    )
    return _zipped({**files, NAME: manifest.model_dump_json(indent=2).encode()}), manifest


def _unpack(root: Path, code: ImportClosure, wheels: Collection[Wheel]) -> None:
    for name, path in code.files():
        _place(root / name, path.read_bytes())
    for wheel in wheels:
        for name, content in wheel.files():
            _place(root / name, content)


def _place(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _compile(root: Path, runtime: Runtime) -> str | None:
    """Write the bytecode of each source, and return the version of the Python that did; None when there is none.

    It is not checked against the source, since the zip does not keep file times. It is written by a process of its
    own: the bytes depend on what else is loaded, and would differ from run to run here.
    """
    for python in (sys.executable, shutil.which(runtime.identifier)):
        if python and (version := _version(python)).startswith(f"{runtime.python}."):
            compiling = [python, "-I", "-S", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
            subprocess.run([*compiling, "-s", str(root), str(root)], check=True)  # noqa: S603 - a module of Python itself
            return version
    return None


def _version(python: str) -> str:
    """Return the version of a CPython, as 3.13.1; nothing for what is none, or does not run."""
    ran = subprocess.run([python, "-I", "-S", "-c", _VERSION], capture_output=True, text=True, check=False)  # noqa: S603
    name, _, version = ran.stdout.strip().partition(" ")
    return version if ran.returncode == 0 and name == "cpython" else ""


def _hash(files: Mapping[str, bytes]) -> str:
    """Return the hash of names and contents."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _described(wheel: Wheel) -> PackagedLibrary:
    return PackagedLibrary(name=wheel.name, version=wheel.version, wheel=wheel.path.name, sha256=wheel.sha256)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = 3, _READABLE  # Unix, whatever this machine is
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name])
    return content.getvalue()


def check_place(target: Path) -> None:
    """Raise Invalid for a place where no file can be written, before anything is fetched."""
    if (target.exists() and not target.is_file()) or not os.access(target.parent, os.W_OK | os.X_OK):
        raise Invalid(f"{target} cannot be written: it is no file, or its directory is missing or not writable")


def _publish(target: Path, content: bytes) -> None:
    """Write the file so that it exists only whole; through a link, since a file takes the place of what is there."""
    place = target.resolve()
    unfinished = place.with_name(f"{place.name}.part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(place)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise write_error(error, str(target), "no package was written") from error
