"""Leads: the form that visitors send, and the decisions of admins."""
