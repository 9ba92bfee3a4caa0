"""Processes that share nothing with this one, and need not load what their work needs: their parent has loaded it."""

from multiprocessing import get_context

FORKSERVER = get_context("forkserver")
FORKSERVER.set_forkserver_preload(["tests.e2e.traffic", "tests.services.transfer.victim"])
