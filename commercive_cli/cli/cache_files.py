"""Files of what this machine remembers of a store; deleting them loses no work.

Each is replaced whole, so that two commands at once cannot damage it: the later one wins.
"""

import os
import tempfile
from pathlib import Path


def replace_private(path: Path, text: str) -> None:
    """Put a text in place of a file, which its owner alone can read; raise OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
