"""Consolidates a store in a process of its own: ``python -m snapstore.store.background PATH``."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from snapstore.errors import SnapError


def start(store: Path) -> None:
    """Begin, without waiting; what it says goes nowhere, and the next take tries again."""
    with suppress(OSError):
        subprocess.Popen(
            [sys.executable, "-m", "snapstore.store.background", str(store.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def main(store: Path) -> None:
    from snapstore.store import open_store

    os.nice(19)
    with suppress(SnapError):  # another one is at it already, or the next command will tell of the damage
        open_store(store).consolidate()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
