"""Which roles are admins, and for which actions: `admin,employee=chat/*+admin/conversations`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.settings.pasted import pasted

VARIABLE = "COMMERCIVE_ADMIN_ROLES"
EVERYTHING = "*"
_ROLE = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_PATTERN = re.compile(r"[A-Za-z0-9_./-]*\*?", re.ASCII)


@dataclass(frozen=True)
class AdminRoles:
    """The patterns of actions for which the people of a role are admins, by the role's name."""

    grants: Mapping[str, tuple[str, ...]]

    def patterns(self, role: str | None) -> tuple[str, ...]:
        """Return what people of a role may do as admins; nothing for a role that is not listed."""
        return () if role is None else self.grants.get(role, ())


def covers(pattern: str, action: str) -> bool:
    """Return whether a pattern stands for an action: its name, or the beginning of it before a `*`."""
    return action.startswith(pattern[:-1]) if pattern.endswith(EVERYTHING) else action == pattern


def load_roles(environ: Mapping[str, str]) -> AdminRoles:
    """Return the roles that the environment lists, `admin` for everything by default.

    Raises Invalid naming the part that is wrong.
    """
    grants: dict[str, tuple[str, ...]] = {}
    for part in (pasted(environ, VARIABLE) or "admin").split(","):
        role, patterns = _granted(part.strip())
        if role in grants:
            raise _wrong(part, f"names the role {shortened(role)} a second time")
        grants[role] = patterns
    return AdminRoles(grants)


def _granted(part: str) -> tuple[str, tuple[str, ...]]:
    role, has_patterns, listed = part.partition("=")
    if not _ROLE.fullmatch(role):
        raise _wrong(part, "does not begin with the name of a role")
    patterns = tuple(listed.split("+")) if has_patterns else (EVERYTHING,)
    for pattern in patterns:
        if not pattern or not _PATTERN.fullmatch(pattern):
            raise _wrong(part, f"holds {quoted(pattern)}, which is no action, nor the beginning of one before a *")
    return role, patterns


def _wrong(part: str, how: str) -> Invalid:
    return Invalid(f"{VARIABLE}: {quoted(part)} {how}; write it like admin,employee=chat/*+admin/conversations")
