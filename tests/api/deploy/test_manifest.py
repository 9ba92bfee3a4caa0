"""The manifest of a package, from which the template takes the runtime."""

import io
import zipfile
from pathlib import Path

import pytest

from commercive_cli import __version__
from commercive_cli.api.deploy.manifest import NAME, runtime_of_package
from commercive_cli.api.deploy.runtimes import Runtime
from commercive_cli.domain.errors import Invalid
from tests.proof.hostile.bounds import bounded

MANIFEST = (
    f'{{"version":"{__version__}","python":"3.12","architecture":"arm64","bytecode":null,"files":"","libraries":[]}}'
)


def zipped(name: str, text: str, compression: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        archive.writestr(name, text)
    return content.getvalue()


def test_a_package_says_for_which_runtime_it_is(tmp_path: Path) -> None:
    """However old the file is, and whatever else lies in it."""
    package = tmp_path / "api.zip"
    package.write_bytes(zipped(NAME, MANIFEST))

    assert Runtime("3.12", "arm64") == runtime_of_package(package)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "is not a package of"),
        (b"PK\x03\x04 cut off", "is not a package of"),
        (zipped("lambda_function.py", ""), "is not a package of"),
        (zipped(NAME, "{"), "is not a package of"),
        (zipped(NAME, MANIFEST.replace("arm64", "sparc")), "is not a package of"),
        (zipped(NAME, MANIFEST.replace(__version__, "9.9")), r"commercive 9\.9 made .*package it anew"),
        (zipped(NAME, MANIFEST.replace("3.12", "3.11")), r"python3\.11"),
    ],
)
def test_a_template_for_another_package_is_refused(content: bytes, error: str, tmp_path: Path) -> None:
    """One of another version would ask for other settings and permissions; a runtime must be one that Lambda has."""
    package = tmp_path / "api.zip"
    package.write_bytes(content)

    with pytest.raises(Invalid, match=error):
        runtime_of_package(package)


def test_a_damaged_package_is_none(tmp_path: Path) -> None:
    """Whichever of its bytes changed on the way: what is compressed, in which way, encrypted, or how long it is."""
    package, sound = tmp_path / "api.zip", zipped(NAME, MANIFEST.replace("3.12", "3.11"), zipfile.ZIP_DEFLATED)
    for place, byte in enumerate(sound):
        for changed in (0, byte ^ 1, byte ^ 64, 255):
            package.write_bytes(sound[:place] + bytes([changed]) + sound[place + 1 :])
            with pytest.raises(Invalid):
                runtime_of_package(package)


def test_a_package_that_unpacks_to_much_takes_no_memory(tmp_path: Path) -> None:
    """A manifest is short; of one that never ends, a megabyte is read."""
    package = tmp_path / "api.zip"
    package.write_bytes(zipped(NAME, " " * 120_000_000, zipfile.ZIP_DEFLATED))

    with bounded(package.stat().st_size), pytest.raises(Invalid, match="is not a package of"):
        runtime_of_package(package)


def test_a_device_is_no_package() -> None:
    """What has no end is refused before it is read."""
    with pytest.raises(Invalid, match="/dev/zero cannot be read: it is not a regular file"):
        runtime_of_package(Path("/dev/zero"))
