"""The deployment zip: our code and the libraries that the handler needs, the same bytes every time.

boto3 is left out, as Lambda's runtime brings it. Libraries come from this environment, so it must be like Lambda's.
Bytecode goes with the sources: Lambda cannot store what it compiles, and would compile again at every cold start.
"""

import platform
import py_compile
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import commercive_cli
from commercive_cli.domain.errors import Invalid

LIBRARIES = (
    "annotated-types",
    "aws-lambda-powertools",
    "cffi",
    "cryptography",
    "jmespath",
    "platformdirs",
    "pycparser",
    "pydantic",
    "pydantic-core",
    "pyjwt",
    "typing-extensions",
    "typing-inspection",
)
NEEDED_ELSEWHERE = (
    "__main__.py",
    "cli/",
    "api/http/local_events.py",
    "api/http/server.py",
    "api/openapi.py",
    "api/deploy/",
    "domain/answers/tables.py",
    "domain/answers/transfer.py",
    "domain/answers/privacy.py",
    "domain/answers/seed.py",
    "engines/sqlite/",
    "services/audit/",
    "services/tables/",
    "services/privacy/",
    "services/seed/",
    "services/transfer/",
    "services/affiliates/recompute.py",
    "services/access/scan.py",
)
"""What only the command line and operators use; whatever is new is packaged until somebody says otherwise."""

_LAMBDA = ("linux", "x86_64")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16
_CODE = "commercive_cli"


def write_package(target: Path) -> int:
    """Write the zip and return how many files it holds; raise Invalid when a library is not installed."""
    files = dict(sorted((*_own_files(), *_library_files())))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in files.items():
            _add(archive, name, path.read_bytes())
            if name.endswith(".py"):
                _add(archive, cache_from_source(name), _bytecode(name, path))
        return len(archive.namelist())


def mismatch(system: str = sys.platform, machine: str = "") -> str | None:
    """Return why libraries of this environment will not load on Lambda, or None when they will."""
    found = (system, machine or platform.machine())
    if found == _LAMBDA:
        return None
    return f"compiled libraries are for {' '.join(found)}, Lambda wants {' '.join(_LAMBDA)}; package there"


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = _READABLE
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def _bytecode(name: str, path: Path) -> bytes:
    """Return the compiled module, to be taken without a look at its source, whose time the zip does not keep."""
    with TemporaryDirectory() as directory:
        compiled = Path(directory) / "module.pyc"
        py_compile.compile(
            str(path),
            cfile=str(compiled),
            dfile=name,
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        return compiled.read_bytes()


def _own_files() -> Iterator[tuple[str, Path]]:
    root = Path(commercive_cli.__file__).parent
    for path in root.rglob("*.py"):
        name = path.relative_to(root).as_posix()
        if not name.startswith(NEEDED_ELSEWHERE):
            yield f"{_CODE}/{name}", path


def _library_files() -> Iterator[tuple[str, Path]]:
    for library in LIBRARIES:
        found = _distribution(library)
        for file in found.files or ():
            if _is_needed(file):
                yield file.as_posix(), Path(str(found.locate_file(file)))


def _distribution(library: str) -> Distribution:
    try:
        return distribution(library)
    except PackageNotFoundError:
        raise Invalid(f"{library} is not installed here; run pip install '.[api]' where the source is") from None


def _is_needed(file: PurePosixPath) -> bool:
    """Return whether a file is code; scripts, type stubs, caches and metadata are not."""
    outside = file.parts[0] == ".." or file.parts[0].endswith(".dist-info")
    return not outside and "__pycache__" not in file.parts and file.suffix not in (".pyi", ".typed", ".md")
