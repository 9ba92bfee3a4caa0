"""Only access tokens that Supabase signed for a signed-in user are accepted."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from commercive_cli.api.auth.key_sets import KeySet
from commercive_cli.api.http.outbound import RequestFailed, Response
from commercive_cli.domain.errors import Unavailable
from commercive_cli.settings.tokens import TokenSettings
from tests.api.world import ISSUER, Client, FakeClock, Issuer, World

SECRET = "super-secret-jwt-token-with-at-least-32-characters-long"
HS256 = TokenSettings(ISSUER, secrets=(SECRET,))
JWKS_URL = f"{ISSUER}/.well-known/jwks.json"
BOTH = TokenSettings(ISSUER, secrets=(SECRET,), jwks_url=JWKS_URL)


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def hmac_token(claims: Any, secret: bytes, **header: Any) -> str:
    """Sign with HS256 by hand: PyJWT refuses public keys as secrets, an attacker does not."""
    signed = f"{segment({'alg': 'HS256', 'typ': 'JWT', **header})}.{segment(claims)}"
    return f"{signed}.{segment(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def public_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def status_with(client: Client, token: str | None) -> int:
    return client.as_(token).get("chat/conversations", "user_id=user-a").status


class TestGoodTokens:
    def test_a_token_of_the_issuers_ec_key_is_accepted(self, guarded: Client, issuer: Issuer) -> None:
        """ES256, what Supabase signs with today."""
        assert 200 == status_with(guarded, issuer.token("user-a"))

    def test_a_token_of_the_issuers_rsa_key_is_accepted(
        self, guarded: Client, issuer: Issuer, rsa_key: rsa.RSAPrivateKey
    ) -> None:
        """RS256, from the same key set."""
        token = jwt.encode(issuer.claims("user-a"), rsa_key, "RS256", headers={"kid": "rsa-1"})

        assert 200 == status_with(guarded, token)

    def test_a_token_of_the_shared_secret_is_accepted_where_one_is_configured(
        self, world: World, issuer: Issuer
    ) -> None:
        """HS256, what older projects sign with; the issuer's key set is not even asked for."""
        client = world.open("jwt", tokens=HS256)

        assert 200 == status_with(client, hmac_token(issuer.claims("user-a"), SECRET.encode()))
        assert [] == world.outside.sent

    def test_both_of_two_secrets_count(self, world: World, issuer: Issuer) -> None:
        """While one takes the place of the other, sessions of either go on, and those of no third begin."""
        client = world.open("jwt", tokens=TokenSettings(ISSUER, secrets=(SECRET, SECRET[::-1])))
        signed = [hmac_token(issuer.claims("user-a"), s.encode()) for s in (SECRET, SECRET[::-1], SECRET.upper())]

        assert [200, 200, 401] == [status_with(client, token) for token in signed]

    @pytest.mark.parametrize(("claim", "seconds"), [("exp", -29), ("exp", 1), ("nbf", 29), ("nbf", -1)])
    def test_clocks_may_differ_by_half_a_minute(
        self, guarded: Client, issuer: Issuer, claim: str, seconds: int
    ) -> None:
        """A token that expired or begins just now is good: the issuer's clock and ours are never quite the same."""
        claims = issuer.claims("user-a") | {claim: issuer.clock.now // 1000 + seconds}

        assert 200 == status_with(guarded, issuer.sign(claims))

    @pytest.mark.parametrize("audience", [["authenticated"], ["anon", "authenticated"]])
    def test_a_token_may_have_several_audiences(self, guarded: Client, issuer: Issuer, audience: list[str]) -> None:
        """RFC 7519, section 4.1.3: one of them is ours."""
        assert 200 == status_with(guarded, issuer.token("user-a", aud=audience))

    def test_who_is_not_anonymous_is_somebody(self, guarded: Client, issuer: Issuer) -> None:
        """Supabase says so in every token."""
        assert 200 == status_with(guarded, issuer.token("user-a", is_anonymous=False))

    def test_anonymous_users_are_let_in_where_they_are_allowed(self, world: World, issuer: Issuer) -> None:
        """COMMERCIVE_ALLOW_ANONYMOUS=true: they chat before they sign up."""
        tokens = TokenSettings(ISSUER, jwks_url=JWKS_URL, allow_anonymous=True)

        assert 200 == status_with(world.open("jwt", tokens=tokens), issuer.token("user-a", is_anonymous=True))

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_the_scheme_is_read_in_any_case(self, guarded: Client, issuer: Issuer, scheme: str) -> None:
        """RFC 9110, section 11.1."""
        answer = guarded.get("chat/conversations", "user_id=user-a", authorization=f"{scheme} {issuer.token('user-a')}")

        assert 200 == answer.status

    def test_admin_is_who_the_project_says_is_one(self, guarded: Client, issuer: Issuer) -> None:
        """app_metadata is the project's to write."""
        assert 200 == guarded.as_(issuer.token("boss", admin=True)).get("admin/leads").status


def test_a_token_that_was_good_is_asked_anew(world: World, issuer: Issuer) -> None:
    """Its signature is verified once, and nothing follows for another key, nor for a later time."""
    first = hmac_token(issuer.claims("user-a"), SECRET.encode())
    head, _, signature = first.rpartition(".")
    forged = f"{head}.{segment(hashlib.sha256(signature.encode()).digest())}"
    before, after = (world.open("jwt", tokens=TokenSettings(ISSUER, secrets=(key,))) for key in (SECRET, SECRET[::-1]))
    known = [status_with(before, token) for token in (first, first, forged)]
    withdrawn = status_with(after, first)
    issuer.clock.now += 3_700_000
    over = status_with(before, first)

    assert ([200, 200, 401], 401, 401) == (known, withdrawn, over)


Forgery = Callable[[Issuer], str | None]

FORGERIES: dict[str, Forgery] = {
    "none": lambda _: None,
    "empty": lambda _: "",
    "no token": lambda _: "hello",
    "expired": lambda i: i.token("user-a", exp=i.clock.now // 1000 - 30),
    "no expiry": lambda i: i.token("user-a", exp=None),
    "expiry as text": lambda i: hmac_token(i.claims("user-a") | {"exp": "never"}, SECRET.encode()),
    "expiry true": lambda i: i.sign(i.claims("user-a") | {"exp": True}),
    "begin true": lambda i: i.sign(i.claims("user-a") | {"nbf": True}),
    "not yet": lambda i: i.token("user-a", nbf=i.clock.now // 1000 + 300),
    "other issuer": lambda i: i.token("user-a", iss="https://other.supabase.co/auth/v1"),
    "no issuer": lambda i: i.token("user-a", iss=None),
    "other audience": lambda i: i.token("user-a", aud="anon"),
    "other audiences": lambda i: i.token("user-a", aud=["anon", "service"]),
    "no audiences": lambda i: i.token("user-a", aud=[]),
    "audiences that are no text": lambda i: i.token("user-a", aud=["authenticated", 5]),
    "audiences as an object": lambda i: i.token("user-a", aud={"authenticated": True}),
    "anonymous": lambda i: i.token("user-a", is_anonymous=True),
    "anonymous as text": lambda i: i.token("user-a", is_anonymous="true"),
    "algorithm as a list": lambda i: hmac_token(i.claims("user-a"), SECRET.encode(), alg=["HS256"]),
    "no audience": lambda i: i.token("user-a", aud=None),
    "no subject": lambda i: i.token("user-a", sub=None),
    "empty subject": lambda i: i.token(""),
    "subject with spaces": lambda i: i.token(" user-a"),
    "long subject": lambda i: i.token("u" * 129),
    "anon key": lambda i: i.anon_key(),
    "anon role": lambda i: i.token("user-a", role="anon"),
    "service key": lambda i: i.token("user-a", role="service_role"),
    "no role": lambda i: i.token("user-a", role=None),
    "unknown key id": lambda i: i.sign(i.claims("user-a"), key_id="other"),
    "no key id": lambda i: jwt.encode(i.claims("user-a"), i.ec_key, "ES256"),
    "key id of the other family": lambda i: i.sign(i.claims("user-a"), key_id="rsa-1"),
    "another key": lambda i: jwt.encode(
        i.claims("user-a"), ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": i.key_id}
    ),
    "alg none": lambda i: f"{segment({'alg': 'none', 'kid': i.key_id})}.{segment(i.claims('user-a'))}.",
    "alg none with a signature": lambda i: (
        f"{segment({'alg': 'none', 'kid': i.key_id})}.{segment(i.claims('user-a'))}.{segment(b'x')}"
    ),
    "hs256 with the public key": lambda i: hmac_token(i.claims("user-a"), public_pem(i.ec_key), kid=i.key_id),
    "hs256 with the public rsa key": lambda i: hmac_token(i.claims("user-a"), public_pem(i.rsa_key), kid="rsa-1"),
    "hs256 with the secret": lambda i: hmac_token(i.claims("user-a"), SECRET.encode(), kid=i.key_id),
    "jwk header": lambda i: i.sign(i.claims("user-a"), jwk={"kty": "EC"}),
    "jku header": lambda i: i.sign(i.claims("user-a"), jku="https://evil.example/jwks.json"),
    "x5u header": lambda i: i.sign(i.claims("user-a"), x5u="https://evil.example/cert"),
    "crit header": lambda i: i.sign(i.claims("user-a"), crit=["exp"]),
    "changed claims": lambda i: _with_claims(i.token("user-b"), i.claims("user-a")),
    "padded": lambda i: i.token("user-a") + "==",
    "plain base64": lambda i: "+" + i.token("user-a")[1:],
    "four parts": lambda i: i.token("user-a") + ".x",
    "stray bits": lambda i: _with_stray_bits(i.token("user-a")),
    "spaces inside": lambda i: i.token("user-a").replace(".", " .", 1),
    "huge": lambda i: i.token("user-a", padding="x" * 10_000),
    "header key twice": lambda i: _with_header(i, '{"alg":"ES256","kid":"ec-1","kid":"rsa-1"}'),
    "deep header": lambda i: _with_header(i, "[" * 3000),
}


def _with_claims(token: str, claims: dict[str, Any]) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{segment(claims)}.{signature}"


def _with_header(issuer: Issuer, header: str) -> str:
    _, claims, signature = issuer.token("user-a").split(".")
    return f"{segment(header.encode())}.{claims}.{signature}"


def _with_stray_bits(token: str) -> str:
    """Change the last character of the signature to another spelling of the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_nothing_else_is_accepted(guarded: Client, issuer: Issuer, forgery: Forgery) -> None:
    """401 with WWW-Authenticate, and an error that does not quote the token."""
    token = forgery(issuer)

    answer = guarded.as_(token).get("chat/conversations", "user_id=user-a")

    assert (401, "unauthenticated", "Bearer") == (answer.status, answer.code, answer.headers["www-authenticate"])
    assert token is None or len(token) < 6 or token not in json.dumps(answer.body)


@pytest.mark.parametrize("scheme", ["Basic", "Token", "", "Bearer:"])
def test_other_schemes_are_no_tokens(guarded: Client, issuer: Issuer, scheme: str) -> None:
    """Only Bearer (RFC 6750) says what follows."""
    answer = guarded.get("chat/conversations", "user_id=user-a", authorization=f"{scheme} {issuer.token('user-a')}")

    assert 401 == answer.status


@pytest.mark.parametrize("kind", ["ES256", "RS256", "none"])
def test_where_a_secret_is_configured_signatures_of_keys_do_not_count(world: World, issuer: Issuer, kind: str) -> None:
    """One family on one key, the other way round."""
    client = world.open("jwt", tokens=HS256)
    claims = issuer.claims("user-a")
    tokens = {
        "ES256": issuer.sign(claims),
        "RS256": jwt.encode(claims, issuer.rsa_key, "RS256", headers={"kid": "rsa-1"}),
        "none": f"{segment({'alg': 'none'})}.{segment(claims)}.{segment(b'')}",
    }

    assert 401 == status_with(client, tokens[kind])


class TestSecretAndKeySet:
    """Both at once, as Supabase's migration from the one to the other needs it."""

    def test_tokens_of_either_are_accepted(self, world: World, issuer: Issuer) -> None:
        """Old sessions go on with the secret while new ones are signed with a key."""
        client = world.open("jwt", tokens=BOTH)
        claims = issuer.claims("user-a")
        tokens = {
            "HS256": hmac_token(claims, SECRET.encode()),
            "HS256 with a key id": hmac_token(claims, SECRET.encode(), kid="legacy"),
            "ES256": issuer.sign(claims),
            "RS256": jwt.encode(claims, issuer.rsa_key, "RS256", headers={"kid": "rsa-1"}),
        }

        assert dict.fromkeys(tokens, 200) == {name: status_with(client, token) for name, token in tokens.items()}

    @pytest.mark.parametrize("key_id", ["ec-1", "rsa-1", None])
    def test_no_public_key_serves_as_a_secret(self, world: World, issuer: Issuer, key_id: str | None) -> None:
        """Whatever the key id says: HS256 means the secret."""
        client = world.open("jwt", tokens=BOTH)
        header = {"kid": key_id} if key_id else {}
        published = json.dumps(issuer.key_set()["keys"][0]).encode()

        statuses = [
            status_with(client, hmac_token(issuer.claims("user-a"), material, **header))
            for material in (public_pem(issuer.ec_key), public_pem(issuer.rsa_key), published, b"")
        ]

        assert [401] * 4 == statuses

    @pytest.mark.parametrize("algorithm", ["ES256", "RS256", "HS384", "HS512", "none"])
    def test_the_secret_serves_for_no_other_algorithm(self, world: World, issuer: Issuer, algorithm: str) -> None:
        """A header that names another algorithm does not make the secret a key of it."""
        token = hmac_token(issuer.claims("user-a"), SECRET.encode(), alg=algorithm, kid="ec-1")

        assert 401 == status_with(world.open("jwt", tokens=BOTH), token)

    def test_the_keys_may_be_away_while_the_secret_counts(self, world: World, issuer: Issuer) -> None:
        """Nobody with a token of the secret hears of it; a token of a key cannot be judged, and is tried again."""
        world.outside.answers.clear()
        client = world.open("jwt", tokens=BOTH)

        by_secret = status_with(client, hmac_token(issuer.claims("user-a"), SECRET.encode()))
        asked = len(world.outside.sent)

        assert (200, 0, 503) == (by_secret, asked, status_with(client, issuer.token("user-a")))

    def test_other_algorithms_ask_for_no_keys(self, world: World, issuer: Issuer) -> None:
        """A forged token of an algorithm that nobody uses costs no fetch."""
        client = world.open("jwt")

        statuses = [
            status_with(client, hmac_token(issuer.claims("user-a"), b"x" * 32, alg=name, kid="ec-1"))
            for name in ("HS256", "ES384", "PS256", "none", "")
        ]

        assert ([401] * 5, []) == (statuses, world.outside.sent)


@pytest.mark.parametrize(
    "claims",
    [
        {"user_metadata": {"role": "admin"}},
        {"user_role": "admin"},
        {"app_metadata": {"roles": ["admin"]}},
        {"app_metadata": {"role": ["admin"]}},
        {"app_metadata": {"role": "Admin"}},
        {"app_metadata": "admin"},
        {"app_metadata": None},
        {"is_super_admin": True},
    ],
)
def test_nobody_makes_themselves_an_admin(guarded: Client, issuer: Issuer, claims: dict[str, Any]) -> None:
    """user_metadata is the user's to write; only app_metadata.role counts."""
    answer = guarded.as_(issuer.token("user-a", **claims)).get("admin/leads")

    assert (403, "denied") == (answer.status, answer.code)


class TestKeySet:
    def key_set(self, issuer: Issuer, clock: FakeClock, fetched: list[str], **answer: Any) -> KeySet:
        def fetch(url: str) -> bytes:
            fetched.append(url)
            document = answer.get("document", issuer.key_set())
            if document is None:
                raise RequestFailed("nobody answers there")
            return json.dumps(document).encode()

        return KeySet("https://keys", fetch, clock)

    def test_known_keys_are_fetched_once(self, issuer: Issuer, clock: FakeClock) -> None:
        """A thousand requests fetch the keys once."""
        fetched: list[str] = []
        keys = self.key_set(issuer, clock, fetched)

        found = [keys.find("ec-1") for _ in range(1000)]

        assert (1, 1000) == (len(fetched), len([key for key in found if key]))

    def test_an_unknown_key_id_asks_again_at_most_every_30_seconds(self, issuer: Issuer, clock: FakeClock) -> None:
        """A rotated key is found within 30 s, and forged key ids cannot cause a fetch each."""
        fetched: list[str] = []
        keys = self.key_set(issuer, clock, fetched)
        for _ in range(100):
            keys.find("new")
        before = len(fetched)
        clock.advance(30)
        issuer.key_id = "new"

        found = keys.find("new")

        assert (1, 2, "ES256") == (before, len(fetched), found and found.algorithm)

    def test_withdrawn_keys_stop_counting(self, issuer: Issuer, clock: FakeClock) -> None:
        """After ten minutes the set is read again."""
        fetched: list[str] = []
        keys = self.key_set(issuer, clock, fetched)
        keys.find("ec-1")
        issuer.key_id = "ec-2"
        clock.advance(601)

        assert keys.find("ec-1") is None

    @pytest.mark.parametrize(("asked", "at", "later"), [("ec-1", 601, 31), ("forged", 590, 30)])
    def test_a_failed_fetch_keeps_no_withdrawn_key(
        self, issuer: Issuer, clock: FakeClock, asked: str, at: int, later: int
    ) -> None:
        """Half a minute after one the set is asked for again, so that Supabase's 20 minutes hold."""
        answer: dict[str, Any] = {"document": issuer.key_set()}
        keys = KeySet("https://keys", lambda _: _document(answer), clock)
        keys.find("ec-1")
        answer["document"] = None
        clock.advance(at)
        before = keys.find(asked)
        answer["document"] = replace(issuer, key_id="ec-2").key_set()
        clock.advance(later)

        assert (asked == "ec-1", None) == (before is not None, keys.find("ec-1"))

    def test_keys_are_as_old_as_the_question(self, issuer: Issuer, clock: FakeClock) -> None:
        """What the issuer says slowly may have changed meanwhile."""
        fetched: list[str] = []

        def slowly(url: str) -> bytes:
            fetched.append(url)
            document = json.dumps(issuer.key_set()).encode()
            clock.advance(5)
            return document

        keys = KeySet("https://keys", slowly, clock)
        keys.find("ec-1")
        clock.advance(596)
        keys.find("ec-1")

        assert 2 == len(fetched)

    def test_keys_stay_good_while_the_issuer_is_away(self, issuer: Issuer, clock: FakeClock) -> None:
        """While the issuer is down, known keys remain valid."""
        answer: dict[str, Any] = {"document": issuer.key_set()}
        keys = KeySet("https://keys", lambda _: _document(answer), clock)
        keys.find("ec-1")
        answer["document"] = None
        clock.advance(3600)

        assert keys.find("ec-1") is not None

    def test_keys_are_good_for_a_day_while_the_issuer_is_away(self, issuer: Issuer, clock: FakeClock) -> None:
        """A key may have been withdrawn meanwhile; after a day nobody can tell, until the issuer answers again."""
        answer: dict[str, Any] = {"document": issuer.key_set()}
        keys = KeySet("https://keys", lambda _: _document(answer), clock)
        keys.find("ec-1")
        answer["document"] = None
        clock.advance(86_390)
        before = keys.find("ec-1")
        clock.advance(10)
        with pytest.raises(Unavailable):
            keys.find("ec-1")
        answer["document"] = issuer.key_set()
        clock.advance(2)

        assert (True, True) == (before is not None, keys.find("ec-1") is not None)

    def test_nobody_with_a_known_key_waits_for_a_forged_key_id(self, issuer: Issuer, clock: FakeClock) -> None:
        """While the issuer is slow to answer, one forged token waits, and neither honest ones nor other forged ones."""
        fetching, go_on, fetched = threading.Event(), threading.Event(), list[str]()

        def fetch(url: str) -> bytes:
            fetched.append(url)
            if len(fetched) > 1:
                fetching.set()
                go_on.wait(60)
            return json.dumps(issuer.key_set()).encode()

        keys = KeySet("https://keys", fetch, clock)
        keys.find("ec-1")
        clock.advance(30)
        with ThreadPoolExecutor(3) as pool:
            forged = pool.submit(keys.find, "forged")
            try:
                assert fetching.wait(60)
                honest = pool.submit(keys.find, "ec-1").result(60)
                another = pool.submit(keys.find, "forged-2").result(60)
            finally:
                go_on.set()

        assert (True, None, None, 2) == (honest is not None, another, forged.result(60), len(fetched))

    @pytest.mark.parametrize(
        ("said", "counts"),
        [
            ({"use": "sig"}, True),
            ({"use": "sig", "key_ops": ["verify"]}, True),
            ({"use": None, "key_ops": ["sign", "verify"]}, True),
            ({"use": None}, True),
            ({"alg": None}, True),
            ({"alg": "ES384"}, False),
            ({"alg": "RS256"}, False),
            ({"use": "enc"}, False),
            ({"use": ["sig"]}, False),
            ({"key_ops": ["sign"]}, False),
            ({"key_ops": ["encrypt", "wrapKey"]}, False),
            ({"key_ops": []}, False),
            ({"key_ops": "verify"}, False),
            ({"use": "enc", "key_ops": ["verify"]}, False),
        ],
    )
    def test_keys_count_for_what_they_are_published_for(
        self, issuer: Issuer, clock: FakeClock, said: dict[str, Any], counts: bool
    ) -> None:
        """`use`, `key_ops` and `alg` (RFC 7517, sections 4.2 to 4.4): a key for encryption verifies no token."""
        entry = {name: value for name, value in (issuer.key_set()["keys"][0] | said).items() if value is not None}

        found = self.key_set(issuer, clock, [], document={"keys": [entry]}).find("ec-1")

        assert counts == (found is not None)

    def test_a_short_rsa_key_verifies_nothing(self, clock: FakeClock, issuer: Issuer) -> None:
        """Below 2,048 bits others could make its signatures (RFC 7518, section 3.3)."""
        short = replace(issuer, rsa_key=rsa.generate_private_key(65537, 1024)).key_set()  # noqa: S505 - that is the point

        assert self.key_set(issuer, clock, [], document=issuer.key_set()).find("rsa-1") is not None
        assert self.key_set(issuer, clock, [], document=short).find("rsa-1") is None

    def test_without_any_keys_nobody_can_tell(self, world: World, issuer: Issuer) -> None:
        """503, so that clients try again instead of signing out; the issuer is asked again after two seconds."""
        jwks = world.outside.answers.copy()
        world.outside.answers.clear()
        client = world.open("jwt")
        during = [status_with(client, issuer.token("user-a")) for _ in range(5)]
        asked = len(world.outside.sent)
        world.outside.answers.update(jwks)
        world.clock.advance(2)

        assert ([503] * 5, 1, 200) == (during, asked, status_with(client, issuer.token("user-a")))

    def test_a_refusal_for_want_of_keys_says_that_nothing_was_done(self, world: World, issuer: Issuer) -> None:
        """The error is about the keys, not the store, and says that nothing was done."""
        world.outside.answers.clear()

        answer = world.open("jwt").as_(issuer.token("user-a")).get("admin/leads")

        expected = "the keys of the identity provider cannot be fetched now; nothing was done, try again"
        assert (503, "unavailable", expected) == (answer.status, answer.code, answer.body["error"])

    def test_those_who_waited_for_a_slow_failure_do_not_ask_again(self, clock: FakeClock) -> None:
        """The pause of two seconds begins at the end of a fetch, so that a slow issuer is not asked all the time."""
        fetched: list[str] = []

        def hang(url: str) -> bytes:
            fetched.append(url)
            clock.advance(2)
            raise RequestFailed("nobody answers there")

        keys = KeySet("https://keys", hang, clock)
        for _ in range(3):
            with pytest.raises(Unavailable):
                keys.find("ec-1")

        assert ["https://keys"] == fetched

    @pytest.mark.parametrize(
        "document",
        [
            {"keys": "none"},
            [],
            {"keys": [5]},
            {"keys": [{"kid": "k", "kty": "oct", "k": segment(SECRET.encode())}]},
            {"keys": [{"kid": "k", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]},
            {"keys": [{"kid": "k", "kty": "RSA", "n": "AQAB", "e": "AQAB"}]},
            {"keys": [{"kid": "k", "kty": "EC"}]},
        ],
    )
    def test_keys_that_are_none_are_passed_over(self, issuer: Issuer, clock: FakeClock, document: object) -> None:
        """A secret, a short or a broken key in the set verifies nothing."""
        keys = self.key_set(issuer, clock, [], document=document)

        try:
            found = keys.find("k")
        except Unavailable:
            found = None

        assert found is None

    def test_an_error_page_is_no_key_set(self, world: World, issuer: Issuer) -> None:
        """Only status 200 counts."""
        world.outside.answers[f"{ISSUER}/.well-known/jwks.json"] = Response(500, b'{"keys": []}')

        assert 503 == status_with(world.open("jwt"), issuer.token("user-a"))


def _document(answer: dict[str, Any]) -> bytes:
    if answer["document"] is None:
        raise RequestFailed("nobody answers there")
    return json.dumps(answer["document"]).encode()
