"""The six tables themselves: creation, drift, backups, S3, cost estimates, CloudFormation."""
