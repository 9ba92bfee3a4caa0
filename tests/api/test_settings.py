"""The API's settings: which are required, which are refused, and which have defaults."""

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.api import load_api
from commercive_cli.settings.fallback import FallbackSettings
from commercive_cli.settings.secret_values import WITH_SECOND
from commercive_cli.settings.supabase import SupabaseSettings
from tests.api.world import ISSUER

COMPLETE = {"COMMERCIVE_SUPABASE_URL": "https://project.supabase.co", "COMMERCIVE_ADDRESS_KEY": "k" * 32}


def test_a_supabase_url_says_whose_tokens_count() -> None:
    """Issuer and key set follow from it; jwt is the mode unless another is named."""
    settings = load_api(COMPLETE)

    assert settings.tokens is not None
    assert ("jwt", ISSUER, ()) == (settings.auth, settings.tokens.issuer, settings.tokens.secrets)
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


def test_a_second_value_counts_beside_the_first_or_alone() -> None:
    """Of every secret that is shown to the API or by it; empty ones are none."""
    both, alone = load_api(COMPLETE | PASTED), load_api(COMPLETE | PASTED | dict.fromkeys(WITH_SECOND, ""))

    assert both.tokens is not None
    assert alone.tokens is not None
    assert (("s" * 40, "S" * 40), ("S" * 40,)) == (both.tokens.secrets, alone.tokens.secrets)
    assert (("t" * 40, "T" * 40), ("T" * 40,)) == (both.answer_tokens, alone.answer_tokens)
    assert (("o" * 40, "O" * 40), ("O" * 40,)) == (both.origin_secrets, alone.origin_secrets)
    url = COMPLETE["COMMERCIVE_SUPABASE_URL"]
    assert SupabaseSettings(url, "sb_secret_abc", "sb_secret_def") == both.supabase
    assert SupabaseSettings(url, "sb_secret_def") == alone.supabase


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
        {"COMMERCIVE_LOG_READS": "1.01"},
        {"COMMERCIVE_LOG_READS": "-0.1"},
        {"COMMERCIVE_LOG_READS": "1%"},
        {"COMMERCIVE_ADMIN_AAL": "aal3"},
        {"COMMERCIVE_ADMIN_AAL": "2"},
        {"COMMERCIVE_ANSWER_TOKEN": "short"},
        {"COMMERCIVE_ANSWER_TOKEN": "thirty-two characters with spaces"},
        {"COMMERCIVE_ANSWER_TOKEN": "ü" * 32},
        {"COMMERCIVE_ANSWER_TOKEN_2": "short"},
        {"COMMERCIVE_JWT_SECRET_2": "short"},
        {"COMMERCIVE_JWT_SECRET_2": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"},
        {"COMMERCIVE_SUPABASE_KEY_2": "sb_publishable_abc"},
        {"COMMERCIVE_ORIGIN_SECRET": "short"},
        {"COMMERCIVE_ORIGIN_SECRET_2": "short"},
        {"COMMERCIVE_ONLY_CLOUDFRONT": "true"},
        {"COMMERCIVE_ONLY_CLOUDFRONT": "yes"},
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


PASTED = {
    "COMMERCIVE_API_AUTH": "jwt",
    "COMMERCIVE_SUPABASE_URL": "https://project.supabase.co",
    "COMMERCIVE_SUPABASE_KEY": "sb_secret_abc",
    "COMMERCIVE_JWT_SECRET": "s" * 40,
    "COMMERCIVE_JWT_ISSUER": ISSUER,
    "COMMERCIVE_JWKS_URL": f"{ISSUER}/.well-known/jwks.json",
    "COMMERCIVE_ALLOW_ANONYMOUS": "true",
    "COMMERCIVE_ADDRESS_KEY": "k" * 64,
    "COMMERCIVE_ADMIN_ROLES": "admin",
    "COMMERCIVE_ANSWER_TOKEN": "t" * 40,
    "COMMERCIVE_CORS_HEADERS": "api",
    "COMMERCIVE_JWT_SECRET_2": "S" * 40,
    "COMMERCIVE_ANSWER_TOKEN_2": "T" * 40,
    "COMMERCIVE_SUPABASE_KEY_2": "sb_secret_def",
    "COMMERCIVE_ORIGIN_SECRET": "o" * 40,
    "COMMERCIVE_ORIGIN_SECRET_2": "O" * 40,
    "COMMERCIVE_ONLY_CLOUDFRONT": "true",
}
SPOILT = {
    '"{}"': "remove the quotes",
    "'{}'": "remove the quotes",
    "“{}”": "remove the quotes",
    "{}'": "remove the quotes",
    "{}\n": "remove it",
    " {}": "remove it",
    "{}\u00a0": "remove it",
    "{}\ufeff": "copy it again",
    "{}\u200b": "copy it again",
}


@pytest.mark.parametrize("variable", PASTED)
@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_was_pasted_along_is_refused_with_the_mend(variable: str, spoilt: str) -> None:
    """Quotes, spaces, line breaks and what nobody sees would be part of the value; the value itself is not repeated."""
    assert "jwt" == load_api(COMPLETE | PASTED).auth
    with pytest.raises(Invalid, match=SPOILT[spoilt]) as refused:
        load_api(COMPLETE | PASTED | {variable: spoilt.format(PASTED[variable])})

    assert refused.value.message.startswith(variable)
    assert len(PASTED[variable]) < 10 or PASTED[variable] not in refused.value.message


@pytest.mark.parametrize(
    "listing",
    [
        {"COMMERCIVE_CORS_ORIGINS": '"https://a.example"'},
        {"COMMERCIVE_CORS_ORIGINS": "https://a.example, 'https://b.example'"},
        {"COMMERCIVE_CORS_EXTRA_HEADERS": '"x-trace"'},
        {"COMMERCIVE_FALLBACK_URL": '"https://crm.example"', "COMMERCIVE_FALLBACK_ACTIONS": "crm/"},
        {"COMMERCIVE_FALLBACK_URL": "https://crm.example", "COMMERCIVE_FALLBACK_ACTIONS": '"crm/"'},
    ],
)
def test_quotes_in_a_list_are_refused_with_the_mend(listing: dict[str, str]) -> None:
    """Around the whole of it or around one of its parts."""
    with pytest.raises(Invalid, match="remove the quotes"):
        load_api(COMPLETE | listing)


@pytest.mark.parametrize(
    ("variable", "typed", "right"),
    [
        *(
            ("COMMERCIVE_SUPABASE_URL", typed, "https://project.supabase.co")
            for typed in (
                "https://project.supabase.co/auth/v1",
                "https://project.supabase.co/auth/v1/",
                "https://project.supabase.co/rest/v1/affiliates",
                f"{ISSUER}/.well-known/jwks.json",
                "https://project.supabase.co:443",
                "https://project.supabase.co:5432",
                "https://Project.supabase.co",
                "https://supabase.com/dashboard/project/project",
                "https://supabase.com/dashboard/project/project/settings/api",
            )
        ),
        ("COMMERCIVE_SUPABASE_URL", "https://supabase.example.com:443/rest/v1", "https://supabase.example.com"),
        ("COMMERCIVE_SUPABASE_URL", "http://127.0.0.1:54321/auth/v1", "http://127.0.0.1:54321"),
        ("COMMERCIVE_JWT_ISSUER", "https://project.supabase.co", ISSUER),
        ("COMMERCIVE_JWT_ISSUER", "https://project.supabase.co:443/auth/v1", ISSUER),
        ("COMMERCIVE_JWT_ISSUER", "https://Auth.example.com/auth/v1", "https://auth.example.com/auth/v1"),
        ("COMMERCIVE_JWKS_URL", ISSUER, f"{ISSUER}/.well-known/jwks.json"),
        ("COMMERCIVE_JWKS_URL", "https://keys.example.com:443/jwks", "https://keys.example.com/jwks"),
    ],
)
def test_an_address_that_would_match_no_token_is_refused_with_the_right_one(
    variable: str, typed: str, right: str
) -> None:
    """Issuers are compared to the letter, so such an API would start and refuse everybody."""
    with pytest.raises(Invalid) as refused:
        load_api(COMPLETE | {variable: typed})

    assert refused.value.message.startswith(variable)
    assert refused.value.message.endswith(f"write {right}")


@pytest.mark.parametrize(
    "url", ["https://supabase.example.com:8443", "https://example.com/supabase", "https://project.supabase.co/"]
)
def test_a_project_of_ones_own_may_have_a_port_and_a_path(url: str) -> None:
    """Only Supabase's own hosts have neither."""
    tokens = load_api(COMPLETE | {"COMMERCIVE_SUPABASE_URL": url}).tokens

    assert tokens is not None
    assert f"{url.rstrip('/')}/auth/v1" == tokens.issuer


@pytest.mark.parametrize("url", ["https://project.supabase.co:x", "https://project.supabase.co:99999", "https://a:0"])
def test_a_port_is_a_number(url: str) -> None:
    """Anything else after the colon is refused, without a traceback."""
    with pytest.raises(Invalid, match="COMMERCIVE_SUPABASE_URL"):
        load_api(COMPLETE | {"COMMERCIVE_SUPABASE_URL": url})


@pytest.mark.parametrize(
    "known",
    [
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEabcdefghijklmnopqrstuvwxyz",
        '{"kty": "EC", "crv": "P-256", "x": "AAAAAAAAAAAA", "y": "AAAAAAAAAAAA"}',
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ",
        "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJl",
        "sb_publishable_abcdefghijklmnopqrstuvwxyz",
    ],
)
def test_what_others_know_is_no_secret(known: str) -> None:
    """A public key or an API key in the secret's place would let anybody sign tokens; it is not repeated."""
    with pytest.raises(Invalid, match="set the shared secret") as refused:
        load_api(COMPLETE | {"COMMERCIVE_JWT_SECRET": known})

    assert known[:12] not in refused.value.message


def test_secret_and_key_set_are_configured_together() -> None:
    """The key set follows from the project whether there is a secret or not."""
    tokens = load_api(COMPLETE | {"COMMERCIVE_JWT_SECRET": "s" * 32}).tokens

    assert tokens is not None
    assert (("s" * 32,), f"{ISSUER}/.well-known/jwks.json") == (tokens.secrets, tokens.jwks_url)


def test_anonymous_users_are_allowed_by_name_alone() -> None:
    """They are nobody by default; a value that is neither true nor false is refused."""
    tokens = {each: load_api(COMPLETE | {"COMMERCIVE_ALLOW_ANONYMOUS": each}).tokens for each in ("", "false", "true")}

    assert {"": False, "false": False, "true": True} == {
        each: found is not None and found.allow_anonymous for each, found in tokens.items()
    }
    with pytest.raises(Invalid, match="COMMERCIVE_ALLOW_ANONYMOUS"):
        load_api(COMPLETE | {"COMMERCIVE_ALLOW_ANONYMOUS": "yes"})


def test_this_machine_may_be_asked_without_tls() -> None:
    """Supabase's local development stack has none."""
    settings = load_api(COMPLETE | {"COMMERCIVE_SUPABASE_URL": "http://127.0.0.1:54321"})

    assert settings.tokens is not None
    assert "http://127.0.0.1:54321/auth/v1" == settings.tokens.issuer


def test_a_wrong_origin_is_told_by_its_source() -> None:
    """By the variable or the option in which it stands."""
    with pytest.raises(Invalid, match=r"^COMMERCIVE_CORS_ORIGINS: CORS origin"):
        load_api(COMPLETE | {"COMMERCIVE_CORS_ORIGINS": "https://a.example, *"})
    with pytest.raises(Invalid, match=r"^--origin: CORS origin"):
        load_api(COMPLETE, origins=("*",))


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
