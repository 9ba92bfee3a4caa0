"""Installs libraries in the versions that a lock file names; pip checks their hashes.

A lock file is a requirements file for `pip install --require-hashes`: each entry is `name==version` with a `--hash` for
each file that may be installed.
"""

import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import commercive_cli
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.secrets import redact

_CHECKOUT = Path(commercive_cli.__file__).parents[1]
_LOCK = ".ci/constraints.txt"
_INSTALL = (
    sys.executable,
    "-m",
    "pip",
    "--quiet",
    "--disable-pip-version-check",
    "install",
    "--require-hashes",
    "--no-deps",
    "--only-binary=:all:",
    "--no-compile",
)


def default_lock() -> Path | None:
    """Return the lock file of the checkout that this code runs from; None when it does not run from a checkout."""
    path = _CHECKOUT / _LOCK
    return path if path.is_file() else None


def install_locked(names: Collection[str], lock: Path, directory: Path) -> None:
    """Install these libraries, and no others, into a directory in the versions of the lock file.

    pip uses its own settings, such as PIP_INDEX_URL. Raises Invalid when the file does not name a library, or when pip
    cannot install one, as when its hash differs.
    """
    wanted = directory / "requirements.txt"
    wanted.write_text("\n".join(_lines(names, lock)) + "\n")
    ran = subprocess.run(  # noqa: S603 - pip of this environment, on a file of ours
        [*_INSTALL, "-t", str(directory), "-r", str(wanted)], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise Invalid(f"pip could not install what {lock} names: {redact(' '.join(ran.stderr.split()))}")


def read_lock(lock: Path) -> Iterator[tuple[str, str]]:
    """Yield each entry's name and its text in one line; a name may have one entry for each Python version.

    Raises Invalid when the file is not a lock file.
    """
    try:
        for line in lock.read_text().replace("\\\n", " ").splitlines():
            requirement = line.partition(" --")[0].strip()
            if requirement and not requirement.startswith(("#", "-")):
                yield canonicalize_name(Requirement(requirement).name), line.strip()
    except ValueError as error:  # an entry is malformed, or the file is not UTF-8 text
        raise Invalid(f"{lock} is not a lock file: {str(error).splitlines()[0]}") from None


def _lines(names: Collection[str], lock: Path) -> list[str]:
    """Return the entries of these libraries in the lock file; raise Invalid when one is missing."""
    lines = [(name, line) for name, line in read_lock(lock) if name in names]
    if missing := sorted(set(names) - {name for name, _ in lines}):
        raise Invalid(f"{lock} does not name {', '.join(missing)}; renew it, or package what is installed: --installed")
    return [line for _, line in lines]
