"""The config file: named profiles in TOML. Mistakes in it are told with file, line and key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.encodings import decoded
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.money import parse_amount
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.settings.whole_files import read_whole

_TYPE_ERRORS = {
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "list_type": 'must be a list such as ["Mon", "Tue"]',
    "amount_type": "must be an amount in USD such as 500.00, of 1,000,000 at most and with two decimals at most",
}


def _amount(value: object) -> str:
    try:
        return str(parse_amount(value))
    except Invalid:
        raise PydanticCustomError("amount_type", "no amount") from None


def _seconds(value: object) -> object:
    """Return a number as text, which the reader of the setting checks."""
    return str(value) if type(value) in (int, Decimal) else value


Seconds = Annotated[str, BeforeValidator(_seconds)]
Amount = Annotated[str, BeforeValidator(_amount)]


class Profile(BaseModel):
    """One `[profiles.NAME]` table; missing settings have defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    store: str | None = None
    actor: str | None = None
    read_only: bool = False
    protected: bool = False
    dashboard_url: str | None = None
    access_log: str | None = None
    credentials_wait: Seconds | None = None
    credentials_wait_terminal: Seconds | None = None
    ceiling: Annotated[str | None, BeforeValidator(_amount)] = None


class BusinessHoursTable(BaseModel):
    """The `[business_hours]` table as it stands; `settings/business_hours.py` reads its values."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    days: list[str] = ["Mon", "Tue", "Wed", "Thu", "Fri"]
    opens: str = Field("09:00", alias="from")
    closes: str = Field("17:00", alias="to")
    zone: str | None = None


class RetentionTable(BaseModel):
    """The `[retention]` table as it stands; `settings/retention.py` reads its values."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    closed_conversations: str | None = None


class ConfigFile(BaseModel):
    """The whole file; a missing file counts as empty. `commission` has limits (`min`, `max`) and named amounts."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    default_profile: str | None = None
    business_hours: BusinessHoursTable | None = None
    retention: RetentionTable | None = None
    commission: dict[str, Amount] = {}
    profiles: dict[str, Profile] = {}


BUSINESS_HOURS = {field.alias or name: name for name, field in BusinessHoursTable.model_fields.items()}
"""The keys of the `[business_hours]` table, and the names of their values here."""


@dataclass(frozen=True)
class Mistake:
    """What is wrong with the value at these nested keys; without keys, with the file as a whole."""

    problem: str
    keys: tuple[str, ...] = ()
    value: Any = None


@dataclass(frozen=True)
class Contents:
    """The text of a config file, what it sets as far as it is right, and the mistakes in its form."""

    path: Path
    text: str = ""
    config: ConfigFile = field(default_factory=ConfigFile.model_construct)
    mistakes: tuple[Mistake, ...] = ()

    @cached_property
    def lines(self) -> Mapping[tuple[str, ...], int]:
        """The number of the line that sets each of the nested keys, as far as it is known."""
        from commercive_cli.settings.config_lines import lines_of  # imported late, since most commands find no file

        return lines_of(self.text) if self.text else {}

    def line(self, keys: tuple[str, ...]) -> int | None:
        """Return the number of the line that sets these nested keys, or else the nearest table around them."""
        return next((self.lines[keys[:depth]] for depth in range(len(keys), 0, -1) if keys[:depth] in self.lines), None)

    def place(self, keys: tuple[str, ...]) -> str:
        """Return file and line as `config.toml:9`."""
        line = self.line(keys)
        return f"{self.path.name}:{line}" if line else self.path.name

    def told(self, mistake: Mistake) -> str:
        """Return a mistake as a sentence with the file's path and the line."""
        if not mistake.keys:
            return f"{self.path} {mistake.problem}"
        line = self.line(mistake.keys)
        return f"{self.path} line {line}: {mistake.problem}" if line else f"{self.path}: {mistake.problem}"

    def no_profile(self, name: str) -> str:
        """Return the sentence about a profile that the file does not have, with the nearest and all that it has."""
        profiles = self.config.profiles
        known = ", ".join(map(shortened, sorted(profiles))) or "none"
        return f"no profile {quoted(name)} in {self.path}{suggestion(name, profiles)}; profiles there: {known}"

    def readable(self) -> None:
        """Raise Invalid when the file as a whole is wrong, as when it is not TOML."""
        for mistake in self.mistakes:
            if not mistake.keys:
                raise Invalid(self.told(mistake))

    def checked(self) -> ConfigFile:
        """Return what the file sets; raise Invalid for the first mistake."""
        for mistake in self.mistakes:
            raise Invalid(self.told(mistake))
        return self.config


def examine(path: Path) -> Contents:
    """Return the file's contents with all mistakes in its form; a file that cannot be read is one mistake."""
    try:
        return examined(read_text(path), path)
    except Invalid as refusal:
        return Contents(path, mistakes=(Mistake(refusal.message.removeprefix(f"{path} ")),))


def read_config(path: Path) -> ConfigFile:
    """Return what the file sets; raise Invalid naming file, line and key of an error in it."""
    return parse_config(read_text(path), path)


def read_text(path: Path) -> str:
    """Return the file's text, in any encoding that texts may have, empty when it does not exist.

    Raises Invalid when it cannot be read.
    """
    return decoded(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """Return what the file holds, nothing when it does not exist; raise Invalid when it is too large or unreadable."""
    try:
        return read_whole(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}") from None


def parse_config(text: str, path: Path) -> ConfigFile:
    """Return what a config file with that text sets; errors name `path`."""
    return examined(text, path).checked()


def examined(text: str, path: Path) -> Contents:
    """Return the contents of a config file with that text, with all mistakes in its form."""
    if not text:
        return Contents(path)
    from commercive_cli.settings.toml import NotTOML, read_toml  # imported late, since most commands find no file

    try:
        data = read_toml(text)
    except NotTOML as error:
        return Contents(path, text, mistakes=(Mistake(f"is not valid TOML: {_short(str(error))}"),))
    try:
        return Contents(path, text, ConfigFile.model_validate(data))
    except ValidationError as error:
        mistakes = tuple(map(_mistake, error.errors()))
    return Contents(path, text, ConfigFile.model_validate(_without(data, mistakes)), mistakes)


def _short(problem: str) -> str:
    """Return what the parser says, in which a key may stand whole, with the place at which it says so."""
    words, at, place = problem.rpartition(" (at ")
    return f"{shortened(words)}{at}{place}" if at else shortened(place)


def _without(data: dict[str, Any], mistakes: Sequence[Mistake]) -> dict[str, Any]:
    for mistake in mistakes:
        *tables, key = mistake.keys
        table = data
        for name in tables:
            table = table[name]
        del table[key]
    return data


def problem_of(error: ValidationError) -> str:
    """Return what the first error says about a value in the file."""
    return _mistake(error.errors()[0]).problem


def known_settings(keys: Sequence[str]) -> Mapping[str, Any]:
    """Return the settings of the table in which the last of the nested keys stands."""
    if keys[0] == "business_hours" and len(keys) > 1:
        return BUSINESS_HOURS
    if keys[0] == "retention" and len(keys) > 1:
        return RetentionTable.model_fields
    return Profile.model_fields if keys[0] == "profiles" else ConfigFile.model_fields


def _mistake(error: ErrorDetails) -> Mistake:
    keys = tuple(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        known = known_settings(keys)
        hint = suggestion(keys[-1], known)
        problem = f"unknown key {quoted(keys[-1])}{hint}; the known keys are {', '.join(known)}"
    else:
        wanted = _TYPE_ERRORS.get(error["type"], "must be a table such as [profiles.prod]")
        problem = f"{'.'.join(map(shortened, keys))} {wanted}"
    return Mistake(problem, keys, error["input"])
