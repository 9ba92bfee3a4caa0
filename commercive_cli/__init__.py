"""Commercive's support chat and affiliate programme: one service layer behind a command line and an API."""

__version__ = "0.1.0"
