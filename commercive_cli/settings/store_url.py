"""Store URLs: the engine, the location and the table prefix. Errors never quote a URL, since it may hold secrets.

sqlite://                              the default file in the user data directory
sqlite:///file.db                      relative to the working directory
sqlite:///some/dir/file.db             absolute when /some exists, relative otherwise; ./some is always relative
sqlite:////abs/file.db                 absolute, as SQLAlchemy writes it
dynamodb://REGION?prefix=P&endpoint=URL&metadata=1
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from commercive_cli.domain.choices import suggestion
from commercive_cli.domain.errors import Invalid
from commercive_cli.store.schema import DEFAULT_PREFIX, DYNAMODB_PREFIX

FORMS = "sqlite://, sqlite:///file.db or dynamodb://REGION?prefix=commercive_v2_"
_PARAMETERS = {"sqlite": ("prefix",), "dynamodb": ("prefix", "endpoint", "metadata")}
_PREFIX = re.compile(r"[A-Za-z0-9_.-]{0,64}", re.ASCII)
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_QUOTABLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,19}", re.ASCII)
_BOOLEANS = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True)
class StoreURL:
    """The location of the tables. `path` belongs to sqlite; region, endpoint and metadata belong to dynamodb.

    `metadata` allows credentials from the machine's metadata service.
    """

    engine: Literal["sqlite", "dynamodb"]
    path: Path = Path()
    region: str = ""
    prefix: str = DEFAULT_PREFIX
    endpoint: str | None = None
    metadata: bool = False

    @property
    def dynamodb_prefix(self) -> str:
        """Return the prefix for tables that a template makes on DynamoDB, where that of files is taken."""
        return DYNAMODB_PREFIX if self.prefix == DEFAULT_PREFIX and self.engine == "sqlite" else self.prefix

    def __str__(self) -> str:
        """Return a description of the store without secrets."""
        location = str(self.path) if self.engine == "sqlite" else f"{self.region} {self.endpoint or ''}".strip()
        return f"{self.engine} {location} prefix {self.prefix}"


def parse_store_url(url: str, source: str, default_file: Path, *, dynamodb_prefix: str = DYNAMODB_PREFIX) -> StoreURL:
    """Return the parsed URL; errors name its `source`, such as an option or variable.

    `dynamodb_prefix` is that of a URL of DynamoDB which names none.

    Raises Invalid on an unknown scheme or parameter, a prefix that no table may have, or a missing region.
    """
    scheme, found, rest = url.strip().partition("://")
    location, _, query = rest.partition("?")
    if not found:
        raise Invalid(f"the store URL ({source}) has no scheme; write {FORMS}")
    if scheme not in _PARAMETERS:
        raise Invalid(f"the store URL ({source}) has {_quoted('scheme', scheme)}, which is unknown; write {FORMS}")
    values = _parameters(query, scheme, source)
    prefix = _prefix(values.get("prefix", DEFAULT_PREFIX if scheme == "sqlite" else dynamodb_prefix), source)
    if scheme == "sqlite":
        return StoreURL("sqlite", path=_sqlite_path(location, source, default_file), prefix=prefix)
    return StoreURL(
        "dynamodb",
        region=_region(location, source),
        prefix=prefix,
        endpoint=_endpoint(values.get("endpoint"), source),
        metadata=_boolean(values.get("metadata", "0"), source),
    )


def _quoted(what: str, text: str) -> str:
    return f"{what} {text!r}" if _QUOTABLE.fullmatch(text) else f"a {what}"


def _parameters(query: str, scheme: str, source: str) -> dict[str, str]:
    values: dict[str, str] = {}
    known = _PARAMETERS[scheme]
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            hint = suggestion(name, known)
            raise Invalid(
                f"the store URL ({source}) has {_quoted('parameter', name)}, which {scheme} URLs do not have{hint}; "
                f"they have {', '.join(known)}"
            )
        if name in values:
            raise Invalid(f"the store URL ({source}) has {name} twice; write it once")
        values[name] = value
    return values


def _prefix(prefix: str, source: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise Invalid(f"the prefix in the store URL ({source}) may have 64 letters, digits and _ . - only")
    return prefix


def _sqlite_path(location: str, source: str, default_file: Path) -> Path:
    if not location:
        return default_file
    text = unquote(location)
    if not text.startswith("/"):
        raise Invalid(f"the store URL ({source}) needs three slashes before a file: sqlite:///file.db")
    if text == "/:memory:" or text.endswith("/") or "\0" in text:
        raise Invalid(f"the store URL ({source}) must name a file; a store in memory would end with the command")
    if text.startswith("//"):
        return Path("/" + text.lstrip("/"))
    first, *more = text[1:].split("/")
    if more and first not in (".", "..", "~") and Path("/", first).is_dir():
        return Path(text)
    return Path(text[1:]).expanduser()


def _region(location: str, source: str) -> str:
    region = location.strip("/")
    if not _REGION.fullmatch(region):
        raise Invalid(f"the store URL ({source}) must name a region, like dynamodb://eu-west-1, without credentials")
    return region


def _endpoint(endpoint: str | None, source: str) -> str | None:
    if endpoint is None:
        return None
    try:
        parts = urlsplit(endpoint)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or "@" in endpoint or any(c.isspace() for c in endpoint):
        raise Invalid(
            f"the endpoint in the store URL ({source}) must look like http://127.0.0.1:8000, without credentials"
        )
    return endpoint


def _boolean(text: str, source: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise Invalid(f"metadata in the store URL ({source}) must be 1 or 0")
    return _BOOLEANS[text.lower()]
