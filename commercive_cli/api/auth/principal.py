"""The caller of a request, and what the caller may do."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum

from commercive_cli.domain.errors import Denied
from commercive_cli.services.leads.approval import Approver

UNNAMED = "api"
"""The actor in audit rows of mode none when the request names nobody."""

AFFILIATE_ID = "affiliate_id"


class Audience(Enum):
    """The callers who may call an action."""

    PUBLIC = "anyone"
    USER = "people who signed in"
    ADMIN = "admins"


def _none() -> Collection[str]:
    return ()


@dataclass(frozen=True)
class Principal:
    """Who asks for one action. A trusted caller may name anybody (mode none); `id` is the `sub` of an access token.

    `admin` counts for that action alone. `role` is what the token says of the caller, and `may` are the patterns of
    actions for which people of that role are admins. `affiliate_ids` finds the caller's ids as an affiliate. `lacks` is
    the assurance level without which somebody whose role is enough is no admin.
    """

    id: str | None = None
    admin: bool = False
    trusted: bool = False
    role: str | None = None
    may: tuple[str, ...] = ()
    affiliate_ids: Callable[[], Collection[str]] = _none
    email: str | None = None
    lacks: str | None = None

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
        if who is not Audience.ADMIN or self.admin or self.trusted:
            return
        self._check_assurance()
        if self.may:
            raise Denied(f"the role {self.role} is not enough for this; it may do {', '.join(self.may)}")
        raise Denied("this is for admins only")

    def check_name(self, field: str, named: str | None, *, admins_name_anyone: bool) -> None:
        """Raise Denied when the request names somebody whom the caller may not act for."""
        if named is None or self.trusted or (self.admin and admins_name_anyone):
            return
        own = self.affiliate_ids() if field == AFFILIATE_ID else (self.id,)
        if named not in own and admins_name_anyone:
            self._check_assurance()
        if not own:
            raise Denied("you are no affiliate: no row of Supabase's table affiliates has an affiliate_id for you")
        if named not in own:
            raise Denied(f"{field} is not the id of the one who signed in")

    def _check_assurance(self) -> None:
        if self.lacks is not None:
            raise Denied(
                f"admins need {self.lacks} here, and this token has less: sign in with a second factor (Supabase's "
                "MFA) and send the new token"
            )

    def approver(self, named: str | None) -> Approver:
        """Return what is known of the actor of an approval."""
        return Approver(self.acting(named), self.email, self.affiliate_ids)

    def acting(self, named: str | None) -> str:
        """Return the actor for messages and audit rows."""
        return self.id or named or UNNAMED


NOBODY = Principal()


TRUSTED = Principal(admin=True, trusted=True)
