"""Prices of AWS in USD, in US East (N. Virginia); free tiers are left out.

DynamoDB: on-demand capacity, table class Standard, as on https://aws.amazon.com/dynamodb/pricing/on-demand/ since
November 2024. Lambda: x86, https://aws.amazon.com/lambda/pricing/. Logs: https://aws.amazon.com/cloudwatch/pricing/.
Data to the internet: https://aws.amazon.com/ec2/pricing/on-demand/, "Data Transfer". The latter three since 2024.
"""

from decimal import Decimal

STORAGE_GB_MONTH = Decimal("0.25")
RECOVERY_GB_MONTH = Decimal("0.20")
MILLION_WRITES = Decimal("0.625")
"""For a million write request units; one is needed for each KB of an item, in the table and in each index."""
MILLION_READS = Decimal("0.125")
"""For a million read request units; one reads 4 KB, strongly consistent."""

MILLION_CALLS = Decimal("0.20")
"""For a million calls of a Lambda function."""
CALL_GB_SECOND = Decimal("0.0000166667")
LOG_GB = Decimal("0.50")
"""For a GB that is written to CloudWatch Logs, class Standard."""
INTERNET_GB = Decimal("0.09")
"""For a GB that leaves AWS for the internet, of the first 10 TB a month."""
