"""Changes the config file and leaves everything else in it as it is: comments, order, inline tables, line ends."""

import codecs
import errno
import os
import re
import stat
import tempfile
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.errors import Invalid, Misconfigured, NotFound, Unavailable
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.settings.config_check import refuse_mistakes
from commercive_cli.settings.config_file import ConfigFile, examined, problem_of, read_bytes, read_text
from commercive_cli.settings.config_keys import Keys

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NEW_FILE_MODE = 0o600


def set_value(path: Path, keys: Keys, text: str) -> None:
    """Set a key, of the type that it has; create file and profile when they are missing.

    Raises Invalid when the changed file would have a mistake, and as all functions here Misconfigured or Unavailable
    when it cannot be written; then the file stays as it was.
    """
    value = _typed(keys, text)

    def change(document: "TOMLDocument") -> None:
        table: Any = document
        for name in keys[:-1]:
            table = _opened(table, name, path)
        table[keys[-1]] = value

    _edit(path, change)


def unset_value(path: Path, keys: Keys) -> None:
    """Remove a key, or a whole profile; raise NotFound, with the nearest name, when the file does not have it."""

    def change(document: "TOMLDocument") -> None:
        table: Any = document
        for depth, name in enumerate(keys, start=1):
            if not isinstance(table, MutableMapping) or name not in table:
                near = suggestion(name, map(str, table)) if isinstance(table, MutableMapping) else ""
                raise NotFound(f"{path} does not set {shortened('.'.join(keys[:depth]))}{near}")
            if depth < len(keys):
                table = table[name]
        del table[keys[-1]]

    _edit(path, change)


def use_profile(path: Path, name: str) -> None:
    """Make an existing profile the default; raise Invalid, with the nearest one, when the file does not have it."""
    contents = examined(read_text(path), path)
    if name not in contents.config.profiles:
        raise Invalid(contents.no_profile(name))
    set_value(path, ("default_profile",), name)


def _typed(keys: Keys, text: str) -> Any:
    """Return the value that a text means: the text itself, or the number or truth that it looks like."""
    import tomllib

    values: list[Any] = [text]
    with suppress(tomllib.TOMLDecodeError):
        values += tomllib.loads(f"value = {text}").values()
    problem = ""
    for value in values:
        content: Any = value
        for key in reversed(keys):
            content = {key: content}
        try:
            ConfigFile.model_validate(content)
        except ValidationError as error:
            problem = problem or problem_of(error)
        else:
            return value
    raise Invalid(f"{problem}, not {quoted(text)}")


def _opened(parent: Any, name: str, path: Path) -> Any:
    """Return the table of that name, made in the style of its parent when it is missing."""
    from tomlkit import inline_table, table
    from tomlkit.items import InlineTable

    if name not in parent:
        parent[name] = inline_table() if isinstance(parent, InlineTable) else table(is_super_table=name == "profiles")
    if not isinstance(parent[name], MutableMapping):
        raise Invalid(f"{path}: {shortened(name)} must be a table such as [profiles.prod]")
    return parent[name]


def _edit(path: Path, change: Callable[["TOMLDocument"], None]) -> None:
    from tomlkit import dumps, parse

    text = _exact_text(path)
    examined(text, path).readable()
    document = parse(text)
    change(document)
    changed = _with_line_ends_of(text, dumps(document))
    refuse_mistakes(examined(changed, path))
    if changed != text:
        _replace(path, changed)


def _exact_text(path: Path) -> str:
    """Return the file's text with its own line ends; raise Invalid when it is not in TOML's own encoding."""
    raw = read_bytes(path)
    if raw.startswith(codecs.BOM_UTF8):
        raise Invalid(f"{path} begins with a byte order mark (BOM), which TOML does not allow; save it without one")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Invalid(f"{path} is not UTF-8 text, but UTF-16; save it as UTF-8 to have it edited")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Invalid(f"{path} is not UTF-8 text; save it as UTF-8") from None


def _with_line_ends_of(text: str, changed: str) -> str:
    """Return the changed text with CRLF throughout if the whole text had it; the editing library adds LF."""
    windows = "\r\n" in text and not re.search(r"(?<!\r)\n", text)
    return re.sub(r"(?<!\r)\n", "\r\n", changed) if windows else changed


def _replace(path: Path, text: str) -> None:
    """Put a new file into the place of the old one, at once and with its mode; a link stays, and its target changes."""
    try:
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = _mode(target)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".config-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fchmod(handle, mode)
                os.fsync(handle)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        kind = Unavailable if error.errno in _FULL else Misconfigured
        raise kind(f"{path} cannot be written: {error.strerror}; it stays as it was") from None


def _mode(target: Path) -> int:
    """Return the mode for the new file: that of the old one, which must be a file that may be written."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return _NEW_FILE_MODE
    if not stat.S_ISREG(mode) or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return stat.S_IMODE(mode)
