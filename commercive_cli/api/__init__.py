"""The HTTP API: a Lambda handler over the services."""

import gc

gc.set_threshold(10_000)  # as in the command line, and before anything else is imported: a twentieth of a cold start
