"""The audit rows of one record."""

from commercive_cli.domain.answers.base import Listing
from commercive_cli.domain.models import AuditRow


class History(Listing):
    """Audit rows of one lead or conversation, oldest first."""

    history: list[AuditRow]
