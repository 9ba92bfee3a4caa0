"""The packaged libraries: those that contain the imported packages, and those these require."""

from collections.abc import Sequence
from importlib.metadata import Distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from commercive_cli.api.deploy.libraries import libraries_here, libraries_in, needed_libraries
from commercive_cli.cli.errors import API_MODULES
from commercive_cli.domain.errors import Invalid

MADE_UP = {
    "PyJWT": ['cryptography>=40; extra == "crypto"', 'sphinx; extra == "docs"'],
    "cryptography": ["cffi>=2"],
    "cffi": ['pycparser; implementation_name != "PyPy"', 'win-helper; sys_platform == "win32"', "Cryptography"],
    "pycparser": [],
    "platformdirs": [],
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with libraries that consist of requirements only."""
    for name, requirements in MADE_UP.items():
        lie_in(tmp_path, name, requirements)
    return tmp_path


def lie_in(directory: Path, name: str, requirements: Sequence[str]) -> None:
    metadata = directory / f"{name}-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {r}" for r in requirements)]
    metadata.write_text("\n".join(lines) + "\n")


def test_a_library_brings_what_it_requires_here(directory: Path) -> None:
    """Extras of our own requirements are included, other platforms' are not; cycles end."""
    found = needed_libraries({"jwt"}, libraries_in(directory))

    assert {"pyjwt", "cryptography", "cffi", "pycparser"} == set(found)


def test_what_is_left_out_brings_nothing(directory: Path) -> None:
    """Lambda has boto3, and all that boto3 needs."""
    assert {"pyjwt"} == set(needed_libraries({"jwt"}, libraries_in(directory), ["cryptography"]))


def test_a_library_that_is_not_there_is_named(directory: Path) -> None:
    """With what to install."""
    with pytest.raises(Invalid, match=r"pydantic is not installed.*run pip install"):
        needed_libraries({"pydantic"}, libraries_in(directory))
    with pytest.raises(Invalid, match=r"no_such_module is not installed here"):
        needed_libraries({"no_such_module"}, libraries_in(directory))


def test_the_command_line_knows_which_modules_the_extra_brings() -> None:
    """When a library of the extra is missing, the error says what to install."""
    ours: Distribution = libraries_here()["commercive"]
    extra = [Requirement(text) for text in ours.requires or () if text.endswith('extra == "api"')]
    names = {canonicalize_name(each.name) for each in extra}

    modules = {
        module
        for module, holders in packages_distributions().items()
        if names & set(map(canonicalize_name, holders)) and not module.startswith("_")
    }

    assert modules == set(API_MODULES)
