"""The store on DynamoDB and on compatible servers: requests, retries, errors, table administration, backups."""
