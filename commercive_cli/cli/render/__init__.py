"""Renders answers: tables for people; JSON, CSV, tab-separated rows and ids for programs."""
