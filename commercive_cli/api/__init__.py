"""The API door: a Lambda handler over the services."""
