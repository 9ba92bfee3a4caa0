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
        code = 130
    # When Ctrl-C strikes while a dataclass is made, CPython remembers that and kills itself at the end, whatever the
    # exit code is, unless it has run another text since (run_eval_code_obj in Python/pythonrun.c).
    exec("")  # noqa: S102 - nothing is run
    return code


if __name__ == "__main__":
    sys.exit(main())
