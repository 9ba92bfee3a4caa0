"""Prices of Amazon DynamoDB in USD: on-demand capacity, US East (N. Virginia), table class Standard.

As listed on https://aws.amazon.com/dynamodb/pricing/on-demand/ since November 2024. The free tier is left out.
"""

from decimal import Decimal

STORAGE_GB_MONTH = Decimal("0.25")
RECOVERY_GB_MONTH = Decimal("0.20")
MILLION_WRITES = Decimal("0.625")
"""For a million write request units; one is needed for each KB of an item, in the table and in each index."""
MILLION_READS = Decimal("0.125")
"""For a million read request units; one reads 4 KB, strongly consistent."""
