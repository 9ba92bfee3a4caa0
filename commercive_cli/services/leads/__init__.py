"""Leads: the form that visitors submit, and the decisions of admins."""
