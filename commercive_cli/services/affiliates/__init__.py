"""Affiliates: their links, their stats, and recomputing the stats from the leads."""
