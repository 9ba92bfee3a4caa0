"""The caller of a request, and what the caller may do."""

from dataclasses import dataclass
from enum import Enum

from commercive_cli.domain.errors import Denied

UNNAMED = "api"
"""The actor in audit rows of mode none when the request names nobody."""


class Audience(Enum):
    """The callers who may call an action."""

    PUBLIC = "anyone"
    USER = "people who signed in"
    ADMIN = "admins"


@dataclass(frozen=True)
class Principal:
    """The caller: `id` is the `sub` of an access token. A trusted caller (mode none) may name any id."""

    id: str | None = None
    admin: bool = False
    trusted: bool = False

    @property
    def label(self) -> str:
        """Return the caller's name for logs."""
        return "trusted" if self.trusted else self.id or "public"

    @property
    def owner(self) -> str | None:
        """Return the user whose items alone the caller may read; None when the caller may read everybody's."""
        return None if self.trusted or self.admin else self.id

    @property
    def self_only(self) -> str | None:
        """Return the user whose items alone the caller may use, also for an admin; None for a trusted caller."""
        return None if self.trusted else self.id

    def check_role(self, who: Audience) -> None:
        """Raise Denied when the action is for admins and the caller is none."""
        if who is Audience.ADMIN and not (self.admin or self.trusted):
            raise Denied("this is for admins only")

    def check_name(self, field: str, named: str | None, *, admins_name_anyone: bool) -> None:
        """Raise Denied when `field` names an id that the caller may not act for."""
        allowed = self.trusted or named in (None, self.id) or (self.admin and admins_name_anyone)
        if not allowed:
            raise Denied(f"{field} is not the id of the signed-in user")

    def acting(self, named: str | None) -> str:
        """Return the actor for messages and audit rows."""
        return self.id or named or UNNAMED


NOBODY = Principal()


TRUSTED = Principal(admin=True, trusted=True)
