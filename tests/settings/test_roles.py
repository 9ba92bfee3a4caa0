"""Which roles are admins for what: how it is written, and what is said of a mistake."""

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.roles import covers, load_roles

VARIABLE = "COMMERCIVE_ADMIN_ROLES"


@pytest.mark.parametrize("listed", [None, "", "admin"])
def test_admin_is_the_one_role_by_default(listed: str | None) -> None:
    """For everything; nobody else is an admin of anything."""
    roles = load_roles({} if listed is None else {VARIABLE: listed})

    assert {"admin": ("*",)} == roles.grants
    assert [("*",), (), ()] == [roles.patterns(role) for role in ("admin", "employee", None)]


def test_a_role_is_followed_by_what_it_may_do() -> None:
    """Actions by name or by their beginning, joined by plus signs; spaces around roles do not matter."""
    roles = load_roles({VARIABLE: "admin, employee=chat/*+admin/conversations ,boss=*"})

    assert {
        "admin": ("*",),
        "employee": ("chat/*", "admin/conversations"),
        "boss": ("*",),
    } == roles.grants


@pytest.mark.parametrize(
    ("pattern", "action", "covered"),
    [
        ("*", "admin/leads", True),
        ("chat/*", "chat/close", True),
        ("chat/*", "chat", False),
        ("chat/*", "admin/chat/close", False),
        ("chat/close", "chat/close", True),
        ("chat/close", "chat/close-all", False),
        ("admin/l*", "admin/leads", True),
    ],
)
def test_a_star_stands_for_what_follows(pattern: str, action: str, covered: bool) -> None:
    """Without one the name must be the same."""
    assert covered == covers(pattern, action)


@pytest.mark.parametrize(
    ("listed", "part"),
    [
        ("admin,,employee=chat/*", "''"),
        (",admin", "''"),
        ("=chat/*", "'=chat/*'"),
        ("admin,employee=", "'employee='"),
        ("admin,employee=chat/*+", "'employee=chat/*+'"),
        ("admin,employee=chat/*/close", "'chat/*/close'"),
        ("admin,employee=chat/**", "'chat/**'"),
        ("admin,employee=chat close", "'chat close'"),
        ("admin,employee=chat/*=x", "'chat/*=x'"),
        ("admin,two words", "'two words'"),
        ("*", "'*'"),
        ("admin,admin=chat/*", "names the role admin a second time"),
    ],
)
def test_a_mistake_is_named(listed: str, part: str) -> None:
    """The variable, the part that is wrong, and how it is written."""
    with pytest.raises(Invalid) as refused:
        load_roles({VARIABLE: listed})

    assert part in refused.value.message
    assert refused.value.message.startswith(VARIABLE)
    assert refused.value.message.endswith("write it like admin,employee=chat/*+admin/conversations")
