"""The rate limits: how they are written, and what is said of a mistake."""

import re

import pytest

from commercive_cli.api.deploy.stack import api_stack
from commercive_cli.domain.errors import Invalid
from commercive_cli.services.records.rates import DEFAULT_RATES, Bucket, Quota
from commercive_cli.settings.limits import load_limits

VARIABLE = "COMMERCIVE_LIMITS"


@pytest.mark.parametrize("listed", [None, "", " "])
def test_the_defaults(listed: str | None) -> None:
    """An address has 30 and one a minute, and 200 a day; a /48 60 and 4, a link 900 and 120; users have enough."""
    assert {
        "address": Bucket(30, 1, 60),
        "address-day": Quota(200, 86_400),
        "network": Bucket(60, 4, 60),
        "link": Bucket(900, 120, 60),
        "send": Quota(60, 60),
        "conversation": Quota(60, 3_600),
        "create-link": Quota(60, 3_600),
        "mark-read": Quota(120, 60),
    } == load_limits({} if listed is None else {VARIABLE: listed})


def test_what_is_not_named_keeps_its_default() -> None:
    """A burst makes a bucket that refills; without one it is so many in each period. Commas and spaces separate."""
    given = load_limits({VARIABLE: "link=2000+300/m, address-day=500/d send=10/30s,network=5+1/12h"})

    assert {
        "link": Bucket(2_000, 300, 60),
        "address-day": Quota(500, 86_400),
        "send": Quota(10, 30),
        "network": Bucket(5, 1, 43_200),
    } == {name: rate for name, rate in given.items() if rate != DEFAULT_RATES[name]}


@pytest.mark.parametrize(
    ("listed", "part"),
    [
        ("links=1/m", "none of the limits, which are address, address-day,"),
        ("link=1/m,link=2/m", "a second time"),
        ("link", "'link' is no limit"),
        ("link=0/m", "'link=0/m' is no limit"),
        ("link=0+1/m", "is no limit"),
        ("link=-1/m", "is no limit"),
        ("link=1/0m", "is no limit"),
        ("link=1/100m", "is no limit"),
        ("link=1000000/m", "is no limit"),
        ("link=1/w", "is no limit"),
        ("link=1", "is no limit"),
        ("link=\u0661/m", "is no limit"),
        ("link=1/m;", "is no limit"),
    ],
)
def test_a_mistake_is_named(listed: str, part: str) -> None:
    """With the variable, the part that is wrong, and how it is written."""
    with pytest.raises(Invalid, match=re.escape(part)) as refused:
        load_limits({VARIABLE: listed})
    assert VARIABLE in refused.value.message
    assert "link=2000+300/m" in refused.value.message


@pytest.mark.parametrize(
    ("listed", "taken"),
    [("", True), ("link=2000+300/m", True), ("link=5/m,address-day=5/12h", True), ("link=0/m", False), ("x", False)],
)
def test_the_stack_takes_what_the_function_takes(listed: str, taken: bool) -> None:
    """CloudFormation refuses a limit that is written wrong before anything is deployed."""
    pattern = api_stack("p_")["Parameters"]["Limits"]["AllowedPattern"]

    assert taken == bool(re.search(pattern, listed))
