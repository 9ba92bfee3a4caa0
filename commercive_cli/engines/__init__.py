"""The two engines, which implement the Store protocol: SQLite, embedded, and DynamoDB."""
