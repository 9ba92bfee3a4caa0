"""Where requests go: the URL that is configured, or what botocore's own rules say of the region, as its client does."""

from functools import cache, cached_property
from typing import Any, NamedTuple

from botocore import args
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader, create_loader
from botocore.session import Session
from botocore.utils import validate_region_name

from commercive_cli.domain.errors import Misconfigured
from commercive_cli.domain.quoting import quoted
from commercive_cli.engines.dynamodb.endpoint import is_url

_RULES = "dynamodb/2012-08-10/endpoint-rule-set-1"
_MODE = "account_id_endpoint_mode"
_WORDS = {
    _MODE: args.VALID_ACCOUNT_ID_ENDPOINT_MODE_CONFIG,
    "request_checksum_calculation": args.VALID_REQUEST_CHECKSUM_CALCULATION_CONFIG,
    "response_checksum_validation": args.VALID_RESPONSE_CHECKSUM_VALIDATION_CONFIG,
    "sts_regional_endpoints": args.VALID_REGIONAL_ENDPOINTS_CONFIG,
}
"""The settings of AWS's own that are one of a few words, which botocore's clients would refuse to be another one."""


class Target(NamedTuple):
    """A URL, and the region that requests to it are signed for."""

    url: str
    region: str


class Destination:
    """The targets of a session's requests in a region; `url` is the endpoint in the store's URL, if there is one.

    Raises botocore's own errors for a region that is none, and for AWS's own configuration where it cannot be used, and
    Misconfigured for a setting of it that is none of the words that it may be.
    """

    def __init__(self, session: Session, region: str, url: str | None) -> None:
        validate_region_name(region)
        _check_words(session)
        self._session = session
        self._region = region.replace("fips-", "").replace("-fips", "")  # as in `fips-us-east-1`, a region of old
        self._fips = self._region != region or bool(session.get_config_variable("use_fips_endpoint"))
        self._loader = description_loader(session.get_config_variable("data_path"))
        self.configured = url or self._configured_url() or self._url_of_own_endpoints()

    def target(self, account_id: str | None = None) -> Target:
        """Return where to send; AWS has endpoints for each account, too, for credentials that name theirs."""
        if self.configured is not None:
            return Target(self.configured, self._region)
        known = {} if account_id is None else {"AccountId": account_id}
        found = self._rules.resolve_endpoint(**self._given, **known)
        schemes = found.properties.get("authSchemes", [])
        return Target(found.url, next((each["signingRegion"] for each in schemes), self._region))

    @property
    def url(self) -> str:
        """Where requests of no known account go."""
        if self.configured is not None:
            return self.configured
        return str(self._rules.resolve_endpoint(**self._given | {"AccountIdEndpointMode": "disabled"}).url)

    @cached_property
    def _rules(self) -> Any:
        data = self._loader.load_data(_RULES)
        return EndpointProvider(data, self._loader.load_data("partitions"))

    @cached_property
    def _given(self) -> dict[str, Any]:
        """What the rules ask of the configuration."""
        return {
            "Region": self._region,
            "UseFIPS": self._fips,
            "UseDualStack": bool(self._session.get_config_variable("use_dualstack_endpoint")),
            "AccountIdEndpointMode": str(self._session.get_config_variable(_MODE)).lower(),
        }

    def _configured_url(self) -> str | None:
        """Return the URL in the environment or in AWS's configuration files."""
        session: Any = self._session
        if session.get_config_variable("ignore_configured_endpoint_urls"):
            return None
        found: str | None = ConfiguredEndpointProvider(
            session.full_config, session.get_scoped_config(), "dynamodb"
        ).provide()
        if found is not None and not is_url(found):
            raise ValueError("not a URL")
        return found

    def _url_of_own_endpoints(self) -> str | None:
        """Return what botocore's client says, where somebody has put a list of endpoints in place of botocore's."""
        loader: Any = self._loader
        own = [path for path in loader.search_paths if not loader.is_builtin_path(path)]
        if not any(loader.file_loader.exists(f"{path}/endpoints") for path in own):
            return None
        client = self._session.create_client("dynamodb", region_name=self._region)
        return client.meta.endpoint_url


def _check_words(session: Session) -> None:
    for name, words in _WORDS.items():
        word = session.get_config_variable(name)
        if word is not None and word.lower() not in words:
            told = f"{name} is {quoted(word)}; it must be {' or '.join(words)}"
            raise Misconfigured(f"AWS's own configuration cannot be used: {told}")


@cache
def description_loader(path: str | None) -> Loader:
    """Return the loader of botocore's descriptions, so that a process parses each one once."""
    return create_loader(path)
