"""Work on the six tables as a whole: creation, drift, backups, S3, cost estimates, CloudFormation."""
