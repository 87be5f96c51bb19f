"""The line that tells how long a command is at work: there, gone at the end, and in nobody's way."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

SCRIPT = """
import sys, time
from snapstore import forked
from snapstore.ticking import ticking
with ticking("counting"):
    time.sleep(1.5)
    found = sorted(forked.each(lambda number: number * 2, [1, 2, 3]))
print(forked.cores(), found)
"""


def on_a_terminal(script: str) -> tuple[str, str]:
    """What it prints to stdout, and what a terminal gets of its stderr."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        ran = subprocess.run(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=theirs, check=True
        )
        os.close(theirs)
        return ran.stdout.decode(), terminal.read(4096).decode()


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core")
def test_a_terminal_is_told_the_seconds_while_all_cores_may_work() -> None:
    printed, shown = on_a_terminal(SCRIPT)
    assert re.search(r"counting … [1-9]\d* s", shown)
    assert shown.endswith("\r\x1b[2K")
    assert printed.split(" ", 1) == [f"{len(os.sched_getaffinity(0))}", "[(0, 2), (1, 4), (2, 6)]\n"]
