"""Checks a lead's form: refuses harmful values, accepts usual ways of typing (seed, section 2.8)."""

from collections.abc import Mapping
from typing import Any

from commercive_cli.domain.choices import choose
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import ORDER_VOLUMES
from commercive_cli.domain.text import NAME_LENGTH, PHONE_LENGTH, count_text, email, product_link, text

_DASHES = str.maketrans({"–": "-", "—": "-", "−": "-", " ": None})  # noqa: RUF001 - the dashes that people type


def lead_fields(lead_data: object) -> dict[str, str]:
    """Return the stored attributes of a lead for a submitted form.

    The form's names are name, email, phone, product_link, order_volume, pending_orders and business_name; others are
    ignored. Name and e-mail are required, the rest may be empty. Raises Invalid naming the field.
    """
    if not isinstance(lead_data, Mapping):
        raise Invalid("lead_data must be an object with name and email", field="lead_data")
    form: Mapping[str, Any] = {name: value for name, value in lead_data.items() if value is not None}
    business = text(form.get("business_name", ""), "business_name", NAME_LENGTH, shortest=0)
    return {
        "lead_name": text(form.get("name", ""), "name", NAME_LENGTH),
        "lead_email": email(form.get("email", ""), "email"),
        "lead_phone": text(form.get("phone", ""), "phone", PHONE_LENGTH, shortest=0),
        "product_link": product_link(form.get("product_link", "")),
        "order_volume": _order_volume(form.get("order_volume", "")),
        "pending_orders": count_text(form.get("pending_orders", ""), "pending_orders"),
        **({"business_name": business} if business else {}),
    }


def _order_volume(value: object) -> str:
    if value == "":
        return ""
    typed = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return choose(typed.translate(_DASHES) if isinstance(typed, str) else typed, ORDER_VOLUMES, "order_volume")
