"""Where an affiliate link leads: the referral form of the dashboard (seed, section 2.9)."""

DASHBOARD_URL = "https://dashboard.commercive.co"
"""The dashboard, unless a setting names another one."""


def affiliate_url(dashboard_url: str, code: str) -> str:
    """Return the address of the referral form that credits the affiliate with this link code."""
    return f"{dashboard_url.rstrip('/')}/affiliate-form?ref={code}"
