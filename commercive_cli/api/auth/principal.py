"""Who calls, and what that lets them name."""

from dataclasses import dataclass
from enum import Enum

from commercive_cli.domain.errors import Denied

UNNAMED = "api"
"""Who acted, in the audit trail of mode none, when a request does not say."""


class Audience(Enum):
    """Who may call an action."""

    PUBLIC = "anyone"
    USER = "people who signed in"
    ADMIN = "admins"


@dataclass(frozen=True)
class Principal:
    """Who asks. A trusted caller may name anybody (mode none); `id` is the `sub` of an access token."""

    id: str | None = None
    admin: bool = False
    trusted: bool = False

    @property
    def label(self) -> str:
        """Return the caller's name for logs."""
        return "trusted" if self.trusted else self.id or "public"

    @property
    def owner(self) -> str | None:
        """Return whose things the caller is confined to, or None for one who may read everybody's."""
        return None if self.trusted or self.admin else self.id

    @property
    def self_only(self) -> str | None:
        """Return whose things the caller is confined to even as an admin."""
        return None if self.trusted else self.id

    def check_role(self, who: Audience) -> None:
        """Raise Denied when the action is for admins and the caller is none."""
        if who is Audience.ADMIN and not (self.admin or self.trusted):
            raise Denied("this is for admins only")

    def check_name(self, field: str, named: str | None, *, admins_name_anyone: bool) -> None:
        """Raise Denied when the request names somebody whom the caller may not act for."""
        allowed = self.trusted or named in (None, self.id) or (self.admin and admins_name_anyone)
        if not allowed:
            raise Denied(f"{field} is not the id of the one who signed in")

    def acting(self, named: str | None) -> str:
        """Return who acts, for messages and the audit trail."""
        return self.id or named or UNNAMED


NOBODY = Principal()


TRUSTED = Principal(admin=True, trusted=True)
