"""The deployment zip: our code and the libraries that the handler needs, the same bytes every time.

Nothing of it is listed: the modules are those that the handler loads, the libraries those that these modules import.
Bytecode goes with the sources: Lambda cannot store what it compiles, and would compile again at every cold start.
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
"""A file on a Lambda's disk is lost with its instance, and no other instance sees it: the store there is DynamoDB."""

LEFT_OUT_LIBRARIES = ("boto3", "botocore")
"""Lambda's runtime brings them, and they would be most of the zip."""

_LAMBDA = ("linux", "x86_64")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16
_SOURCES = Path(commercive_cli.__file__).parents[1]


def write_package(target: Path, lock: Path | None = None) -> int:
    """Write the zip and return how many files it holds.

    Libraries come in the versions that the lock file names, or as installed in this environment when none is given.
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
    """Return the modules that the handler loads, wherever an action leads, and the packages that they import."""
    return import_closure(sources, HANDLER.rpartition(".")[0], LEFT_OUT_MODULES)


def mismatch(system: str = sys.platform, machine: str = "") -> str | None:
    """Return why libraries of this environment will not load on Lambda, or None when they will."""
    found = (system, machine or platform.machine())
    if found == _LAMBDA:
        return None
    return f"compiled libraries are for {' '.join(found)}, Lambda wants {' '.join(_LAMBDA)}; package there"


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
    """Put the bytecode beside each source, to be taken without a look at the source, whose time the zip does not keep.

    In a process of its own: what Python writes depends on what else is loaded, so here it would not be the same twice.
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
