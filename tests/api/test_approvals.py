"""Who approves what through the API: not what is one's own, not above the ceiling, not with too weak a sign-in."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from commercive_cli.api.http.outbound import Response
from commercive_cli.bootstrap import bootstrap
from commercive_cli.domain.commissions import Least, Most
from commercive_cli.domain.money import Ceiling
from commercive_cli.store.schema import LEADS
from tests.api.requests import REQUESTS, items_of
from tests.api.test_seed_requests import make_link, submit
from tests.api.world import SUPABASE, Answer, Client, Issuer, World

TABLE = "https://project.supabase.co/rest/v1/affiliates"


@pytest.fixture
def lead_id(client: Client) -> str:
    """Return a lead of user-a, whose link and form have addresses of their own."""
    return submit(client, make_link(client, "user-a"))


def approve(client: Client, lead_id: str, amount: Any = 5) -> Answer:
    return client.post("admin/approve-lead", lead_id=lead_id, decision="approve", commission_amount=amount)


def stored(world: World) -> dict[str, Any]:
    [lead] = world.services.store.scan(LEADS).items
    return lead


@pytest.mark.parametrize(
    ("subject", "claims"),
    [
        ("user-a", {}),
        ("boss", {"app_metadata": {"role": "admin", "affiliate_id": "user-a"}}),
        ("boss", {"email": "LEAD"}),
        ("boss", {"email": "LINK"}),
    ],
    ids=["sub", "affiliate id", "the lead's e-mail", "the link's e-mail"],
)
def test_an_admin_does_not_approve_their_own_lead(
    world: World, issuer: Issuer, lead_id: str, subject: str, claims: dict[str, Any]
) -> None:
    """The token says whose the lead is: 403 with the way out, not a failure of ours, and nothing is written."""
    before = stored(world)
    link = world.services.affiliates.get_link("user-a").affiliate_link
    assert link is not None
    address = {"LEAD": before["lead_email"], "LINK": link.affiliate_email}.get(claims.get("email", ""))
    claims = claims | ({"email": address.upper()} if address else {})
    client = world.open("jwt").as_(issuer.token(subject, admin=True, **claims))

    answer = approve(client, lead_id)

    assert (403, "denied") == (answer.status, answer.code)
    assert "let another admin decide" in answer.body["error"]
    assert before == stored(world)
    assert 200 == approve(world.open("jwt").as_(issuer.token("other", admin=True)), lead_id).status


def test_supabase_may_know_whose_a_lead_is(world: World, issuer: Issuer, lead_id: str) -> None:
    """With a service key the table of affiliates is asked; while nobody can tell, nothing is approved."""
    client = world.open("jwt", supabase=SUPABASE).as_(issuer.token("boss", admin=True))
    assert (503, "unavailable") == (approve(client, lead_id).status, approve(client, lead_id).code)
    world.outside.answers[TABLE] = Response(200, b'[{"affiliate_id": "user-a"}]')
    assert 403 == approve(client, lead_id).status
    assert "pending" == stored(world)["status"]

    world.outside.answers[TABLE] = Response(200, b"[]")
    other = world.open("jwt", supabase=SUPABASE).as_(issuer.token("other", admin=True))
    assert 200 == approve(other, lead_id).status


def test_rejections_ask_nobody(world: World, issuer: Issuer, lead_id: str) -> None:
    """They give no money, so they work while Supabase does not."""
    client = world.open("jwt", supabase=SUPABASE).as_(issuer.token("boss", admin=True))

    assert 200 == client.post("admin/approve-lead", lead_id=lead_id, decision="reject").status


def test_mode_none_knows_an_admin_by_name_alone(client: Client, lead_id: str) -> None:
    """What `admin_id` says is all there is to compare."""
    own: dict[str, Any] = {"lead_id": lead_id, "decision": "approve", "commission_amount": 5}

    assert 403 == client.post("admin/approve-lead", admin_id="user-a", **own).status
    assert 200 == client.post("admin/approve-lead", admin_id="boss", **own).status


def test_above_the_ceiling_nothing_is_approved(world: World, issuer: Issuer, lead_id: str) -> None:
    """403 says how much may be approved, and where the ceiling is set."""
    settings = replace(world.services.settings, ceiling=Ceiling(Decimal("500.00"), "COMMERCIVE_APPROVAL_CEILING"))
    services = bootstrap(settings, store=world.services.store, clock=world.clock)
    client = replace(world, services=services).open("jwt").as_(issuer.token("boss", admin=True))

    answer = approve(client, lead_id, 500.01)

    assert (403, "denied") == (answer.status, answer.code)
    assert "approve 500.00 USD or less" in answer.body["error"]
    assert "COMMERCIVE_APPROVAL_CEILING" in answer.body["error"]
    assert "pending" == stored(world)["status"]
    assert 200 == approve(client, lead_id, 500).status


def test_a_slip_is_refused(world: World, lead_id: str) -> None:
    """400 names the field and where the limit is set; nothing is approved."""
    settings = replace(
        world.services.settings,
        least=Least(Decimal("5.00"), "COMMERCIVE_COMMISSION_MIN"),
        most=Most(Decimal("50.00"), "COMMERCIVE_COMMISSION_MAX"),
    )
    services = bootstrap(settings, store=world.services.store, clock=world.clock)
    client = replace(world, services=services).open()

    for amount, source in ((4.99, "COMMERCIVE_COMMISSION_MIN"), (50.01, "COMMERCIVE_COMMISSION_MAX")):
        answer = client.post("admin/approve-lead", lead_id=lead_id, decision="approve", commission_amount=amount)
        assert (400, "invalid_input") == (answer.status, answer.code)
        assert source in answer.body["error"]
    assert "pending" == stored(world)["status"]


AS_ADMIN = [
    "admin/approve-lead",
    "admin/conversations",
    "admin/leads",
    "affiliate/create-link",
    "affiliate/get-link",
    "affiliate/stats",
    "chat/answer",
    "chat/close",
    "chat/conversations",
    "chat/mark-read as admin",
    "chat/reopen",
    "chat/reply",
]


@pytest.mark.parametrize(
    ("needed", "aal", "status"),
    [
        (None, None, 200),
        (None, "aal1", 200),
        ("aal1", None, 403),
        ("aal1", "aal1", 200),
        ("aal1", "aal2", 200),
        ("aal2", None, 403),
        ("aal2", "aal1", 403),
        ("aal2", 2, 403),
        ("aal2", "aal3", 403),
        ("aal2", "aal2", 200),
    ],
)
def test_admins_need_a_strong_sign_in_where_it_is_configured(
    world: World, issuer: Issuer, needed: Any, aal: Any, status: int
) -> None:
    """Whatever is done as an admin needs it, and the refusal says how to get it."""
    things = items_of(world.open(), "user-a")
    client = world.open("jwt", admin_aal=needed).as_(issuer.token("boss", admin=True, aal=aal))
    answers = {name: REQUESTS[name](client, things, "boss") for name in AS_ADMIN if name != "chat/answer"}

    assert dict.fromkeys(answers, status) == {name: answer.status for name, answer in answers.items()}
    if status == 403:
        assert all("sign in with a second factor" in answer.body["error"] for answer in answers.values())


def test_below_it_an_admin_is_a_user_like_any_other(world: World, issuer: Issuer) -> None:
    """Own conversations are open, those of others do not exist, and users need no second factor."""
    own, others = (items_of(world.open(), owner) for owner in ("boss", "user-a"))
    door = world.open("jwt", admin_aal="aal2")
    weak = door.as_(issuer.token("boss", admin=True, aal="aal1"))

    assert [200, 404] == [REQUESTS["chat/messages"](weak, things, "boss").status for things in (own, others)]
    assert 200 == REQUESTS["chat/send as oneself"](weak, own, "boss").status
    assert 200 == REQUESTS["chat/messages"](door.as_(issuer.token("user-a")), others, "user-a").status
    assert "admins only" in door.as_(issuer.token("user-a", aal="aal1")).get("admin/leads").body["error"]


def test_a_program_has_no_second_factor(world: World) -> None:
    """The answer token opens its one action as before."""
    things = items_of(world.open(), "user-a")
    last = world.services.chat.messages(things.conversation_id).messages[-1].message_id
    client = world.open("jwt", admin_aal="aal2", answer_tokens=("t" * 32,)).as_("t" * 32)

    answer = client.post("chat/answer", conversation_id=things.conversation_id, message="hi", if_last=last)

    assert 200 == answer.status
