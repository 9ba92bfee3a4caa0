"""The two stores behind the port: SQLite, embedded, and DynamoDB."""
