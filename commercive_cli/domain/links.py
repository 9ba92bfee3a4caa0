"""Where an affiliate link leads: the referral form of the dashboard (seed, section 2.9)."""

DASHBOARD_URL = "https://dashboard.commercive.co"
"""The dashboard, unless a setting names another one."""


def affiliate_url(dashboard_url: str, code: str) -> str:
    """Return the address of the referral form that credits the affiliate with this link code."""
    return f"{dashboard_url.rstrip('/')}/affiliate-form?ref={code}"


def address_to_open(stored: str, dashboard_url: str, code: str) -> str:
    """Return the stored address of a link, or the one of its code where another program stored no web address."""
    from commercive_cli.domain.web_addresses import is_web_url  # imported late: most commands open no links

    return stored if is_web_url(stored) else affiliate_url(dashboard_url, code)
