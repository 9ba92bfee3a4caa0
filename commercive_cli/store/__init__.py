"""The port under the services: declarative writes, conditions, pages, limits and the six table schemas."""
