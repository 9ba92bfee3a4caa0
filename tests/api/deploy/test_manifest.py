"""The manifest of a package, from which the template takes the runtime."""

import io
import zipfile
from pathlib import Path

import pytest

from commercive_cli import __version__
from commercive_cli.api.deploy.manifest import NAME, runtime_of_package
from commercive_cli.api.deploy.runtimes import Runtime
from commercive_cli.domain.errors import Invalid

MANIFEST = (
    f'{{"version":"{__version__}","python":"3.12","architecture":"arm64","bytecode":null,"files":"","libraries":[]}}'
)


def zipped(name: str, text: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
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
