"""The deployment zip: our code and the libraries that the handler needs, the same bytes every time.

Its content is derived: the modules that the handler imports, and the libraries that these modules import. The zip
contains bytecode, since Lambda cannot store bytecode and would compile the sources at every cold start.
"""

import platform
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import commercive_cli
from commercive_cli.api.deploy.imports import ImportClosure, import_closure
from commercive_cli.api.deploy.libraries import Libraries, libraries_here, libraries_in, needed_libraries
from commercive_cli.api.deploy.lock import install_locked

HANDLER = "commercive_cli.api.handler.handler"
LEFT_OUT_MODULES = ("commercive_cli.engines.sqlite",)
"""Not used on Lambda, where files are lost with their instance and invisible to other instances."""

LEFT_OUT_LIBRARIES = ("boto3", "botocore")
"""Part of Lambda's runtime; they would be most of the zip."""

_LAMBDA = ("linux", "x86_64")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16
_SOURCES = Path(commercive_cli.__file__).parents[1]


def write_package(target: Path, lock: Path | None = None) -> int:
    """Write the zip and return how many files it holds.

    Libraries have the versions of the lock file; without a lock file, those installed in this environment.
    Raises Invalid when a library is missing.
    """
    code = handler_closure()
    libraries = needed_libraries(code.others, libraries_here(), LEFT_OUT_LIBRARIES)
    if lock is None:
        return _write(target, code, libraries)
    with TemporaryDirectory() as directory:
        install_locked(libraries, lock, Path(directory))
        locked = needed_libraries(code.others, libraries_in(Path(directory)), LEFT_OUT_LIBRARIES)
        return _write(target, code, locked)


def handler_closure(sources: Path = _SOURCES) -> ImportClosure:
    """Return the modules that the handler imports for any action, and the other packages that these import."""
    return import_closure(sources, HANDLER.rpartition(".")[0], LEFT_OUT_MODULES)


def mismatch(system: str = sys.platform, machine: str = "") -> str | None:
    """Return why libraries of this environment cannot be loaded on Lambda, or None when they can."""
    found = (system, machine or platform.machine())
    if found == _LAMBDA:
        return None
    return f"compiled libraries here are for {' '.join(found)}, but Lambda needs {' '.join(_LAMBDA)}; run this there"


def _write(target: Path, code: ImportClosure, libraries: Libraries) -> int:
    with TemporaryDirectory() as unpacked:
        root = Path(unpacked)
        for name, path in (*code.files(), *_library_files(libraries)):
            copy = root / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        _compile(root)
        return _zip(target, root)


def _compile(root: Path) -> None:
    """Write the bytecode of each source, not checked against the source, since the zip does not keep file times.

    This runs in a process of its own: the bytes depend on what else is loaded, and would differ from run to run here.
    """
    compiling = (sys.executable, "-I", "-S", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
    subprocess.run([*compiling, "-s", str(root), str(root)], check=True)  # noqa: S603 - a module of Python itself


def _zip(target: Path, root: Path) -> int:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            info = zipfile.ZipInfo(path.relative_to(root).as_posix(), _EPOCH)
            info.external_attr = _READABLE
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, path.read_bytes())
    return len(files)


def _library_files(libraries: Libraries) -> Iterator[tuple[str, Path]]:
    for library in libraries.values():
        for file in library.files or ():
            if _is_needed(file):
                yield file.as_posix(), Path(str(library.locate_file(file)))


def _is_needed(file: PurePosixPath) -> bool:
    """Return whether a file is code; scripts, type stubs, caches and metadata are not."""
    outside = file.parts[0] == ".." or file.parts[0].endswith(".dist-info")
    return not outside and "__pycache__" not in file.parts and file.suffix not in (".pyi", ".typed", ".md")
