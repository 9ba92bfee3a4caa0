"""Leads whose texts a spreadsheet likes to change, always the same, so that files that Calc saved fit them.

The files beside this one were saved by LibreOffice Calc 7.4, as its dialogue proposes it, after it had opened what
`leads list -o csv` prints of these leads, and a person had added the column `decision` and filled in amounts and
reasons. Two come from a German locale, one from an English one.
"""

from pathlib import Path
from typing import Any

from commercive_cli.store.port import Store
from commercive_cli.store.schema import AFFILIATE_STATS, LEADS
from commercive_cli.store.writes import Put

FILES = Path(__file__).parent
AT = 1_790_000_000_000
CHANGED = "LEAD-0A1B2C3D"
"""The lead that changed after the files were made."""

_TEXTS: dict[str, dict[str, str]] = {
    "01a0d0f2-9c00-7000-8000-000000000001": {"lead_name": "Ann Lee", "lead_phone": "+44 20 7946 0000"},
    "01a0d0f2-9c00-7000-8000-000000000002": {"lead_name": "Bob Ray", "lead_phone": "01715550142"},
    "01a0d0f2-9c00-7000-8000-000000000003": {
        "lead_name": '=HYPERLINK("http://x";"y")',
        "lead_phone": "1234567890123456",
    },
    "01a0d0f2-9c00-7000-8000-000000000004": {"lead_name": "Lines", "admin_notes": "first, line\nsecond; line\n=1+1"},
    "01a0d0f2-9c00-7000-8000-000000000005": {"lead_name": 'Søren "Sø" Lind', "admin_notes": "007"},
    "01a0d0f2-9c00-7000-8000-000000000006": {"lead_name": "小林 さくら", "admin_notes": "C:\\temp\\new, \\x1b"},
    "01a0d0f2-9c00-7000-8000-000000000007": {"lead_name": "@SUM(A1)", "product_link": "-1+2"},
    "01a0d0f2-9c00-7000-8000-000000000008": {"lead_name": "'=quoted", "admin_notes": "tab\there"},
    "01a0d0f2-9c00-7000-8000-000000000009": {"lead_name": "Volume", "order_volume": "1-5", "pending_orders": "0"},
    CHANGED: {"lead_name": "Changed", "lead_phone": "0"},
}


def leads() -> list[dict[str, Any]]:
    """Return the leads as they are stored when the file is made."""
    return [
        {
            "lead_id": lead_id,
            "affiliate_id": "aff-1",
            "link_id": "ABC10XYZ",
            "status": "pending",
            "lead_email": f"lead{number}@example.com",
            "created_at": AT + number,
            "updated_at": AT + number,
            **texts,
        }
        for number, (lead_id, texts) in enumerate(_TEXTS.items())
    ]


def fill(store: Store) -> None:
    """Store the leads, and what their affiliate's stats count of them."""
    count = len(_TEXTS)
    stats = {"affiliate_id": "aff-1", "total_leads": count, "pending_leads": count, "version": 1, "last_updated": AT}
    store.transact(*(Put(LEADS, lead) for lead in leads()), Put(AFFILIATE_STATS, stats))
