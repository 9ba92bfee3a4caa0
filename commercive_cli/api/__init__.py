"""The HTTP API: a Lambda handler over the services."""
