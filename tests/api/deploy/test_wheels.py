"""Wheels: what a package takes from them, and which of them it refuses."""

import re
from pathlib import Path

import botocore
import pytest

from commercive_cli.api.deploy.runtimes import runtime_of
from commercive_cli.api.deploy.wheels import AWS_SERVICES, Wheel
from commercive_cli.domain.errors import Invalid
from tests.api.deploy.wheels import AARCH64, NATIVE, compiled, tiny

RUNTIME = runtime_of("3.13", "x86_64")
LIBRARY = "cryptography/_rust.abi3.so"


@pytest.mark.parametrize(
    "tags",
    [
        "cp311-abi3-musllinux_1_2_x86_64",
        "cp311-abi3-manylinux_2_35_x86_64",
        f"{NATIVE}_aarch64",
        "cp312-cp312-linux_x86_64",
    ],
)
def test_a_wheel_that_says_it_runs_elsewhere_is_refused_by_name(tags: str, tmp_path: Path) -> None:
    """Musl, a newer glibc, another machine, or an unknown one."""
    wheel = Wheel(tiny(tmp_path, "cryptography", tags=tags, files={LIBRARY: compiled()}))

    with pytest.raises(Invalid, match=rf"{tags}\.whl does not run on python3\.13 on x86_64, whose glibc is 2\.34"):
        wheel.check(RUNTIME)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (compiled(needs=b"GLIBC_2.35\0"), "needs glibc 2.35, and there is 2.34"),
        (compiled(needs=b"GLIBC_2.9\0GLIBC_2.100\0"), "needs glibc 2.100"),
        (compiled(needs=b"libc.musl-x86_64.so.1\0"), "is compiled for musl"),
        (compiled(AARCH64), "is compiled for another machine than x86_64"),
        (b"\xcf\xfa\xed\xfe", "is not a library for Linux"),
        (b"", "is not a library for Linux"),
    ],
)
@pytest.mark.parametrize("tags", ["py3-none-any", f"{NATIVE}_x86_64"])
@pytest.mark.parametrize("name", [LIBRARY, "cryptography.libs/libffi.so.8.1"])
def test_a_library_that_cannot_be_loaded_is_found_in_a_wheel_that_says_it_can(
    code: bytes, reason: str, tags: str, name: str, tmp_path: Path
) -> None:
    """The tags are what the builder believed; the file says what it needs."""
    wheel = Wheel(tiny(tmp_path, "cryptography", tags=tags, files={name: code}))

    with pytest.raises(
        Invalid, match=rf"{tags}\.whl does not run on python3\.13 on x86_64: {re.escape(name)} {reason}"
    ):
        wheel.check(RUNTIME)


def test_what_runs_there_is_taken(tmp_path: Path) -> None:
    """With the newest C library that the runtime has, and with an older one."""
    Wheel(tiny(tmp_path, "cryptography", tags=f"{NATIVE}_x86_64", files={LIBRARY: compiled()})).check(RUNTIME)
    Wheel(tiny(tmp_path, "pure")).check(RUNTIME)


def test_a_package_takes_code_and_its_data(tmp_path: Path) -> None:
    """As pip would install them; no stubs, metadata, scripts, caches, examples, or services that nobody calls."""
    unwanted = (
        "pure/x.pyi",
        "pure/py.typed",
        "pure/__pycache__/x.cpython-313.pyc",
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "botocore/data/sts/2011-06-15/examples-1.json",
        "pure-1.0.data/scripts/tool",
        "../../etc/passwd",
        "pure-1.0.data/purelib/../../../x.py",
        "/etc/passwd",
    )
    wanted = {
        "pure/data.json": "pure/data.json",
        "pure-1.0.data/purelib/more.py": "more.py",
        "pure-1.0.data/platlib/a/b.py": "a/b.py",
        "botocore/data/endpoints.json": "botocore/data/endpoints.json",
        "botocore/data/dynamodb/2012-08-10/service-2.json.gz": "botocore/data/dynamodb/2012-08-10/service-2.json.gz",
    }
    files = {name: name.encode() for name in (*unwanted, *wanted)}

    taken = dict(Wheel(tiny(tmp_path, "pure", files=files)).files())

    assert {"pure/__init__.py", *wanted.values()} == taken.keys()
    assert all(taken[place] == name.encode() for name, place in wanted.items())


def test_the_services_are_those_that_are_called() -> None:
    """The database, and whom botocore asks for credentials, as its own sources name them."""
    sources = "".join((Path(botocore.__file__).parent / name).read_text() for name in ("credentials.py", "tokens.py"))
    called = re.findall(
        r"(?:_client_creator\(|create_nested_client\(self\._session,)\s*['\"]([a-z0-9-]+)['\"]", sources
    )

    assert {"dynamodb", *called} == set(AWS_SERVICES)
