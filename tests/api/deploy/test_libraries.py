"""The packaged libraries: those that contain the imported packages, and those these require."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from commercive_cli.api.deploy.libraries import needed_libraries
from commercive_cli.api.deploy.runtimes import runtime_of
from commercive_cli.cli.errors import API_MODULES
from commercive_cli.domain.errors import Invalid
from tests.api.deploy.wheels import installed


@dataclass
class MadeUp:
    """A library that consists of requirements only."""

    requires: list[str]


LIBRARIES: Mapping[str, list[str]] = {
    "pyjwt": ['cryptography>=40; extra == "crypto"', 'sphinx; extra == "docs"'],
    "cryptography": ["cffi>=2"],
    "cffi": ['pycparser; implementation_name != "PyPy"', 'win-helper; sys_platform == "win32"', "Cryptography"],
    "pycparser": ['arm-helper; platform_machine == "aarch64"'],
    "arm-helper": [],
}


def fetch(names: Collection[str]) -> dict[str, MadeUp]:
    return {name: MadeUp(LIBRARIES[name]) for name in names}


def test_a_library_brings_what_it_requires_there() -> None:
    """Extras of our own requirements are included; cycles end. What another runtime needs is left to that."""
    of_intel = {"pyjwt", "cryptography", "cffi", "pycparser"}

    assert of_intel == needed_libraries({"jwt"}, fetch, runtime_of("3.13", "x86_64").environment).keys()
    assert of_intel | {"arm-helper"} == needed_libraries({"jwt"}, fetch, runtime_of("3.13", "arm64").environment).keys()


def test_a_package_that_is_not_here_is_named() -> None:
    """With what to install."""
    with pytest.raises(Invalid, match=r"no_such_module is not installed here.*run pip install"):
        needed_libraries({"no_such_module"}, fetch, {})


def test_the_command_line_knows_which_modules_the_extra_brings() -> None:
    """When a library of the extra is missing, the error says what to install."""
    ours: Distribution = installed()["commercive"]
    extra = [Requirement(text) for text in ours.requires or () if text.endswith('extra == "api"')]
    names = {canonicalize_name(each.name) for each in extra}

    modules = {
        module
        for module, holders in packages_distributions().items()
        if names & set(map(canonicalize_name, holders)) and not module.startswith("_")
    }

    assert modules == set(API_MODULES)
