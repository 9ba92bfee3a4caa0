"""What goes beyond a policy is a violation, and so is a right that nothing uses."""

from tests.policies import TABLE_ARN, Call, Policy
from tests.proof.privileges import held_to

LEADS = f"{TABLE_ARN}p_leads"
STATEMENT = {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": LEADS}


def test_both_sides_of_least_privilege_are_held() -> None:
    """A call that is not allowed is told by who makes it, and so is a right without a call; what fits is fine."""
    read, scan = Call("dynamodb:GetItem", LEADS), Call("dynamodb:Scan", LEADS)

    assert [] == held_to(Policy([STATEMENT]), {"a": {read, Call("dynamodb:Query", LEADS)}})
    [refused, unused] = held_to(Policy([STATEMENT]), {"leads/show": {read}, "leads/list": {scan}})
    assert refused.startswith("leads/list: Call(action='dynamodb:Scan'")
    assert f"dynamodb:Query on {LEADS} is allowed, and nothing uses it" == unused
