"""The HTTP API: a Lambda handler over the services."""

import gc
import os

# Both as in the command line, and before anything else is imported: a tenth of a cold start.
gc.set_threshold(10_000)
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
