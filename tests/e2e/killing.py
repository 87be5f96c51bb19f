"""``snap`` in a process of its own that gets a SIGKILL at a chosen record of the restore's journal."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from snapstore import cli, journal
from tests import warm

KILLED = -signal.SIGKILL

_processes = multiprocessing.get_context("forkserver")
_ADAPTERS = [
    f"snapstore_{name}.{part}"
    for name in ("postgres", "redis", "dns", "dotenv")
    for part in ("capture", "apply")
]
_processes.set_forkserver_preload(
    [__name__, *warm.LIBRARIES, *_ADAPTERS, "snapstore.restore", "snapstore_postgres.planning"]
)


class Fatal:
    """Stands in for the function that makes a record durable, and dies right before or after the ``nth``."""

    def __init__(self, write: Callable[..., None], nth: int, moment: str) -> None:
        self.write, self.left, self.moment = write, nth, moment

    def __call__(self, *args: Any) -> None:
        if self.left == 0 and self.moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        self.write(*args)
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


def _run(words: list[str], folder: Path, env: Mapping[str, str], nth: int, moment: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    with (folder.parent / "output").open("ab") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    journal._write_at = Fatal(journal._write_at, nth, moment)  # type: ignore[assignment]
    sys.exit(cli.main(words))


def snap(
    words: list[str], folder: Path, env: Mapping[str, str], nth: int = -1, moment: str = "never"
) -> tuple[int, str]:
    """The exit code (:data:`KILLED` when it died) and what was printed."""
    process = _processes.Process(target=_run, args=(words, folder, env, nth, moment))
    process.start()
    process.join()
    assert process.exitcode is not None
    printed = folder.parent / "output"
    text = printed.read_text() if printed.exists() else ""
    printed.unlink(missing_ok=True)
    return process.exitcode, text
