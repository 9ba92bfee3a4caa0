"""The API's settings: which are required, which are refused, and which have defaults."""

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.api import load_api
from commercive_cli.settings.fallback import FallbackSettings
from tests.api.world import ISSUER

COMPLETE = {"COMMERCIVE_SUPABASE_URL": "https://project.supabase.co", "COMMERCIVE_ADDRESS_KEY": "k" * 32}


def test_a_supabase_url_says_whose_tokens_count() -> None:
    """Issuer and key set follow from it; jwt is the mode unless another is named."""
    settings = load_api(COMPLETE)

    assert settings.tokens is not None
    assert ("jwt", ISSUER, None) == (settings.auth, settings.tokens.issuer, settings.tokens.secret)
    assert f"{ISSUER}/.well-known/jwks.json" == settings.tokens.jwks_url


@pytest.mark.parametrize(("given", "level"), [({}, None), ("", None), ("aal1", "aal1"), ("aal2", "aal2")])
def test_how_strong_an_admins_sign_in_must_be(given: object, level: str | None) -> None:
    """Unset and empty, as the stack passes it, want nothing."""
    assert level == load_api(COMPLETE | ({"COMMERCIVE_ADMIN_AAL": given} if isinstance(given, str) else {})).admin_aal


def test_mode_none_needs_nothing() -> None:
    """Mode none needs no other setting."""
    settings = load_api({}, auth="none")

    assert ("none", None, None) == (settings.auth, settings.tokens, settings.supabase)
    assert len(settings.address_key) >= 32


@pytest.mark.parametrize("missing", COMPLETE)
def test_mode_jwt_does_not_start_unconfigured(missing: str) -> None:
    """The message names the variable."""
    with pytest.raises(Invalid, match=missing):
        load_api({name: value for name, value in COMPLETE.items() if name != missing})


@pytest.mark.parametrize(
    "wrong",
    [
        {"COMMERCIVE_API_AUTH": "nono"},
        {"COMMERCIVE_API_AUTH": "None"},
        {"COMMERCIVE_JWT_SECRET": "short"},
        {"COMMERCIVE_ADDRESS_KEY": "short"},
        {"COMMERCIVE_SUPABASE_URL": "http://project.supabase.co"},
        {"COMMERCIVE_SUPABASE_URL": "https://user:pw@project.supabase.co"},
        {"COMMERCIVE_SUPABASE_URL": "file:///etc/passwd"},
        {"COMMERCIVE_JWKS_URL": "http://localhost.evil.example/keys"},
        {"COMMERCIVE_SUPABASE_KEY": "line\nbreak"},
        {"COMMERCIVE_CORS_ORIGINS": "*"},
        {"COMMERCIVE_CORS_ORIGINS": "https://dashboard.commercive.co/"},
        {"COMMERCIVE_CORS_ORIGINS": "https://*.commercive.co"},
        {"COMMERCIVE_CORS_ORIGINS": "null"},
        {"COMMERCIVE_CORS_HEADERS": "both"},
        {"COMMERCIVE_CORS_ORIGINS": "dashboard.commercive.co"},
        {"COMMERCIVE_CORS_EXTRA_HEADERS": "*"},
        {"COMMERCIVE_CORS_EXTRA_HEADERS": "x-trace x:y"},
        {"COMMERCIVE_SUPABASE_KEY": "sb_publishable_abc"},
        {"COMMERCIVE_ADMIN_AAL": "aal3"},
        {"COMMERCIVE_ADMIN_AAL": "2"},
        {"COMMERCIVE_ANSWER_TOKEN": "short"},
        {"COMMERCIVE_ANSWER_TOKEN": "thirty-two characters with spaces"},
        {"COMMERCIVE_ANSWER_TOKEN": "ü" * 32},
        {"COMMERCIVE_FALLBACK_URL": "http://crm.example", "COMMERCIVE_FALLBACK_ACTIONS": "crm/"},
        {"COMMERCIVE_FALLBACK_URL": "https://crm.example/?key=1", "COMMERCIVE_FALLBACK_ACTIONS": "crm/"},
        {"COMMERCIVE_FALLBACK_URL": "https://crm.example", "COMMERCIVE_FALLBACK_ACTIONS": "crm/*"},
        {"COMMERCIVE_ADMIN_ROLES": "admin,,employee"},
    ],
)
def test_values_that_would_open_a_hole_are_refused(wrong: dict[str, str]) -> None:
    """Each names its variable or the origin; a URL's credentials are not repeated."""
    with pytest.raises(Invalid) as refused:
        load_api(COMPLETE | wrong)

    assert "pw" not in refused.value.message


def test_this_machine_may_be_asked_without_tls() -> None:
    """Supabase's local development stack has none."""
    settings = load_api(COMPLETE | {"COMMERCIVE_SUPABASE_URL": "http://127.0.0.1:54321"})

    assert settings.tokens is not None
    assert "http://127.0.0.1:54321/auth/v1" == settings.tokens.issuer


def test_origins_come_from_the_environment_and_the_command_line() -> None:
    """Separated by commas or spaces."""
    settings = load_api(
        COMPLETE | {"COMMERCIVE_CORS_ORIGINS": "https://a.example, https://b.example:8443"},
        origins=("http://localhost:3000",),
    )

    assert ("https://a.example", "https://b.example:8443", "http://localhost:3000") == settings.origins


def test_without_a_list_cors_is_left_to_the_function_url() -> None:
    """An empty list, in contrast, permits no page at all."""
    assert load_api(COMPLETE).origins is None
    assert () == load_api(COMPLETE, origins=()).origins
    assert () == load_api(COMPLETE | {"COMMERCIVE_CORS_ORIGINS": ""}).origins


def test_the_api_sends_cors_headers_unless_the_url_does() -> None:
    """COMMERCIVE_CORS_HEADERS=url, as the stack sets it, leaves them to the Function URL."""
    assert "api" == load_api(COMPLETE).cors_headers
    assert "url" == load_api(COMPLETE | {"COMMERCIVE_CORS_HEADERS": "url"}).cors_headers


@pytest.mark.parametrize("lone", ["COMMERCIVE_FALLBACK_URL", "COMMERCIVE_FALLBACK_ACTIONS"])
def test_half_a_fallback_is_refused(lone: str) -> None:
    """A URL without actions, or actions without a URL, would do nothing; what is missing is named."""
    whole = {"COMMERCIVE_FALLBACK_URL": "https://crm.example/", "COMMERCIVE_FALLBACK_ACTIONS": "crm/, preferences/"}
    [missing] = set(whole) - {lone}

    with pytest.raises(Invalid, match=f"{missing} is not set"):
        load_api(COMPLETE | {lone: whole[lone]})

    assert FallbackSettings("https://crm.example", ("crm/", "preferences/")) == load_api(COMPLETE | whole).fallback


def test_a_service_key_needs_its_project() -> None:
    """With an issuer of its own the API starts without Supabase's URL, and a key alone would be ignored."""
    issuer = {"COMMERCIVE_JWT_ISSUER": ISSUER, "COMMERCIVE_ADDRESS_KEY": "k" * 32}

    assert load_api(issuer).supabase is None
    with pytest.raises(Invalid, match="COMMERCIVE_SUPABASE_URL"):
        load_api(issuer | {"COMMERCIVE_SUPABASE_KEY": "service-key"})


def test_headers_are_named_in_any_case() -> None:
    """Browsers ask in lower case."""
    listed = {"COMMERCIVE_CORS_EXTRA_HEADERS": "X-Trace, x-client-version"}

    assert ("x-trace", "x-client-version") == load_api(COMPLETE | listed).extra_headers
    assert () == load_api(COMPLETE).extra_headers


def test_a_secret_that_is_refused_is_not_repeated() -> None:
    """Error messages end up in logs."""
    with pytest.raises(Invalid) as refused:
        load_api(COMPLETE | {"COMMERCIVE_ANSWER_TOKEN": "my secret token that has some spaces in it"})

    assert "my secret" not in refused.value.message


def test_links_go_to_supabase_only_with_a_key() -> None:
    """Without a key, the URL only names the issuer of access tokens."""
    with_key = load_api(COMPLETE | {"COMMERCIVE_SUPABASE_KEY": "service-key"}).supabase

    assert load_api(COMPLETE).supabase is None
    assert with_key is not None
    assert "service-key" == with_key.key
