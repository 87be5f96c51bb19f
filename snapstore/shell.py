"""Runs a command of the user: in a shell, for no longer than it may take, with no variable that it needs not.

A command may hold a secret, so it is in no argument list: the shell reads it from an open file.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, NamedTuple

from snapstore import interruptions

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL")
VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_SHELL = "/bin/sh"
_KEPT = 1 << 20


class Ran(NamedTuple):
    """``failure`` is why it failed, "" where it did not; ``output`` the last megabyte of what it printed, and
    ``cut`` whether that is not all."""

    failure: str
    output: bytes
    cut: bool = False


def ran(command: str, *, cwd: Path, env: Mapping[str, str], timeout: float, errors: bool = True) -> Ran:
    """Run it to its end, or for ``timeout`` seconds, with all that it started. ``errors`` says whether what
    it prints to stderr is part of its output."""
    # Files and not pipes: a command may start a server that goes on and keeps its output open.
    with tempfile.TemporaryFile() as script, tempfile.TemporaryFile() as output:
        script.write(command.encode())
        script.flush()
        try:
            failure = _ended(script, output, cwd, env, timeout, errors)
        except OSError as error:
            failure = f"cannot start: {error.strerror}"
        return Ran(failure, *_read(output))


def environment(
    command: str, given: Mapping[str, str] = {}, inherit: Sequence[str] | None = None
) -> dict[str, str]:
    """What a command sees: the ``given`` variables, and of our own those that ``inherit`` names, as shell
    patterns; where it is None, a few common ones and those that the command names."""
    if inherit is None:
        names = {*PASSED_ON, *VARIABLE.findall(command)} & os.environ.keys()
    else:
        names = {name for name in os.environ if any(fnmatchcase(name, pattern) for pattern in inherit)}
    return {**{name: os.environ[name] for name in sorted(names)}, **given}


def _start(
    script: IO[bytes], output: IO[bytes], cwd: Path, env: Mapping[str, str], errors: bool
) -> subprocess.Popen[bytes]:
    os.lseek(script.fileno(), 0, os.SEEK_SET)
    return subprocess.Popen(
        [_SHELL, f"/dev/fd/{script.fileno()}"],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output if errors else subprocess.DEVNULL,
        pass_fds=(script.fileno(),),
        start_new_session=True,
    )


def _ended(
    script: IO[bytes], output: IO[bytes], cwd: Path, env: Mapping[str, str], timeout: float, errors: bool
) -> str:
    process = None
    try:
        with interruptions.held():
            process = _start(script, output, cwd, env, errors)
        status = process.wait(timeout)
    except BaseException as error:
        if process:
            _kill(process)
        if isinstance(error, subprocess.TimeoutExpired):
            return f"took longer than {timeout:g} s and was ended"
        raise
    if status < 0:
        return f"was ended by signal {-status}"
    return f"failed with exit code {status}" if status else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """It leads a session of its own: this ends it and all that it started there."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(output: IO[bytes]) -> tuple[bytes, bool]:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _KEPT))
    if size > _KEPT:
        output.readline()  # its beginning is cut off: half of a secret would not be recognised
    return output.read(), size > _KEPT
