"""The `commercive` program."""

import gc
import os
import signal
import sys
import warnings


def main() -> int:
    """Run the command line of this process and return its exit code."""
    gc.set_threshold(100_000)  # what is imported is no garbage; looking for some at every 700 objects takes long
    # Pydantic would search every installed package for plugins, which takes a tenth of a short command's time.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    if not sys.warnoptions:  # libraries warn developers, and users cannot do anything about it
        warnings.simplefilter("ignore")
    try:
        from commercive_cli.cli.app import main as run

        code = run()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all output is written, so Ctrl-C changes nothing any more
    except KeyboardInterrupt:  # this may happen while modules are imported, too
        code = 130
    gc.freeze()  # Python would look through everything once more when it ends, to free what ends with the process
    # If Ctrl-C came while a dataclass was made, CPython ends by killing itself with SIGINT whatever the exit code is,
    # unless it has run other code from a string since (run_eval_code_obj in Python/pythonrun.c).
    exec("")  # noqa: S102 - the string is empty
    return code


if __name__ == "__main__":
    sys.exit(main())
