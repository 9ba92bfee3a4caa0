"""The `commercive` program."""

import os
import signal
import sys


def main() -> int:
    """Run the command line of this process and return its exit code."""
    # Pydantic would look through every installed package for plugins, which takes a tenth of a short command's time.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    try:
        from commercive_cli.cli.app import main as run

        code = run()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is written and said: what happened is the exit code
    except KeyboardInterrupt:  # as early as while modules load
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
