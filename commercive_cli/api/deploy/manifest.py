"""The manifest in the package: for which runtime it was made, by what, and of what."""

import zipfile
import zlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from commercive_cli import __version__
from commercive_cli.api.deploy.runtimes import Architecture, Runtime, runtime_of
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.transfer.durable_files import check_file

NAME = "commercive-package.json"
_LARGEST_BYTES = 1 << 20
_NO_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What `zipfile` raises for what is none, or damaged, encrypted, or compressed in another way."""


class PackagedLibrary(BaseModel):
    """A library of the package, and the wheel that it came as."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    wheel: str
    sha256: str


class Manifest(BaseModel):
    """What a package says about itself.

    `bytecode` is the Python that compiled the sources, None where there was none of the runtime's version. `files` is
    the hash of all files but the manifest: with that bytecode the same everywhere, whatever compressed the zip.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    python: str
    architecture: Architecture
    bytecode: str | None
    files: str
    libraries: tuple[PackagedLibrary, ...]


def runtime_of_package(package: Path) -> Runtime:
    """Return the runtime that a package was made for.

    Raises Invalid for what is no package of ours, or one that another version of this program made: its settings and
    permissions would not be those of the template.
    """
    manifest = _read(package)
    if manifest.version != __version__:
        raise Invalid(f"commercive {manifest.version} made {package}, and this is {__version__}; package it anew")
    return runtime_of(manifest.python, manifest.architecture)


def _read(package: Path) -> Manifest:
    try:
        check_file(package)
        with zipfile.ZipFile(package) as archive, archive.open(NAME) as file:
            return Manifest.model_validate_json(file.read(_LARGEST_BYTES))
    except (*_NO_ZIP, KeyError, ValidationError):
        raise Invalid(f"{package} is not a package of `commercive api package`: it has no manifest {NAME}") from None
    except OSError as error:
        raise Invalid(f"{package} cannot be read: {error.strerror or error}") from None
