"""The runtimes of Lambda: which there are, and which wheels they can load."""

import pytest
from packaging.tags import Tag

from commercive_cli.api.deploy.runtimes import PYTHONS, Runtime, runtime_of
from commercive_cli.domain.errors import Invalid


@pytest.mark.parametrize("python", PYTHONS)
def test_a_runtime_has_the_c_library_of_its_amazon_linux(python: str) -> None:
    """Amazon Linux 2023 has glibc 2.34; the name may be Lambda's own."""
    assert Runtime(python, "arm64", (2, 34)) == runtime_of(python, "arm64") == runtime_of(f"python{python}", "arm64")


@pytest.mark.parametrize("python", ["3.11", "3.10", "python3.9"])
def test_runtimes_with_an_older_c_library_are_refused(python: str) -> None:
    """With the reason, and what there is instead."""
    with pytest.raises(Invalid, match=r"glibc 2\.26.*choose 3\.12, 3\.13 or 3\.14"):
        runtime_of(python, "x86_64")


@pytest.mark.parametrize("python", ["", "3", "3.15", "3.13.1", "nodejs24.x", "\uff13.13", "3.13\n"])
def test_what_is_no_runtime_is_refused(python: str) -> None:
    """Also one that may come: nobody knows its C library yet."""
    with pytest.raises(Invalid, match=r"is no Python runtime of Lambda that this program knows; choose 3\.12"):
        runtime_of(python, "x86_64")


@pytest.mark.parametrize(("architecture", "machine"), [("x86_64", "x86_64"), ("arm64", "aarch64")])
def test_wheels_run_by_their_tags(architecture: str, machine: str) -> None:
    """Those of this Python or older with the stable ABI, for this machine and a glibc up to its own; never musl's."""
    tags = runtime_of("3.13", "arm64" if architecture == "arm64" else "x86_64").tags
    other = {"x86_64": "aarch64", "aarch64": "x86_64"}[machine]

    for python, abi, platform in (
        ("py3", "none", "any"),
        ("cp313", "cp313", f"manylinux_2_34_{machine}"),
        ("cp313", "cp313", f"manylinux2014_{machine}"),
        ("cp311", "abi3", f"manylinux_2_17_{machine}"),
        ("py3", "none", f"manylinux_2_28_{machine}"),
    ):
        assert Tag(python, abi, platform) in tags
    for python, abi, platform in (
        ("cp313", "cp313", f"manylinux_2_35_{machine}"),
        ("cp313", "cp313", f"musllinux_1_2_{machine}"),
        ("cp313", "cp313", f"linux_{machine}"),
        ("cp313", "cp313", f"manylinux_2_17_{other}"),
        ("cp313", "cp313t", f"manylinux_2_17_{machine}"),
        ("cp312", "cp312", f"manylinux_2_17_{machine}"),
        ("cp314", "abi3", f"manylinux_2_17_{machine}"),
    ):
        assert Tag(python, abi, platform) not in tags
