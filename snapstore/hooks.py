"""Commands of the user around a take or a restore.

A hook's command may hold a secret, so it is in no message and in no process list: the shell reads it from
an open file, and messages name the hook by its name or its place. What it prints goes, redacted, into a
file below the store.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from snapstore import interruptions
from snapstore.errors import Exit, SnapError
from snapstore.secrets import REDACTOR, Redactor

if TYPE_CHECKING:
    from snapstore.config import HookConfig
    from snapstore.workspace import Workspace

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_WORD = re.compile(r"[^\s\"'`=:;|&<>(){}$@/,]{8,}")
_SHELL = "/bin/sh"
_KEPT_OUTPUT = 1 << 20


def run(ws: Workspace, stage: str, resources: Collection[str], code: Exit = Exit.ERROR) -> None:
    """Run the hooks of a stage in order, those of a group only where it holds one of ``resources``.

    SnapError with ``code`` at the first that fails, cannot start or takes longer than its timeout; it
    names the hook and the file with its output. The hooks after it do not run.
    """
    for place, hook in _wanted(ws, stage, resources):
        log = ws.store.workspace("hooks") / f"{stage}-{place}.log"
        failure = _run_one(hook, log)
        if failure:
            raise SnapError(
                f"the hook {failure}", where=label(stage, place, hook), fix=f"see {log}", code=code
            )


def label(stage: str, place: int, hook: HookConfig) -> str:
    """How messages call a hook: its name, unless that is but the beginning of its command."""
    return f"{stage}[{place}]" if hook.run.startswith(hook.name) else f"{stage} {hook.name!r}"


def _wanted(ws: Workspace, stage: str, resources: Collection[str]) -> Iterator[tuple[int, HookConfig]]:
    for place, hook in enumerate(ws.config.hooks.get(stage, ())):
        members = ws.config.groups.get(hook.group, ()) if hook.group else resources
        if hook.group is None or set(members) & set(resources):
            yield place, hook


def _run_one(hook: HookConfig, log: Path) -> str | None:
    """Why it failed, or None. Its output is in ``log`` in either case."""
    # Files and not pipes: a hook may start a server that goes on and keeps its output open.
    with tempfile.TemporaryFile() as script, tempfile.TemporaryFile() as output:
        script.write(hook.run.encode())
        script.flush()
        try:
            return _ended(hook, script, output)
        except OSError as error:
            return f"cannot start: {error.strerror}"
        finally:
            _keep(output, log, _own_secrets(hook))


def _start(hook: HookConfig, script: IO[bytes], output: IO[bytes]) -> subprocess.Popen[bytes]:
    os.lseek(script.fileno(), 0, os.SEEK_SET)
    return subprocess.Popen(
        [_SHELL, f"/dev/fd/{script.fileno()}"],
        cwd=hook.cwd,
        env=_environment(hook),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=(script.fileno(),),
        start_new_session=True,
    )


def _environment(hook: HookConfig) -> dict[str, str]:
    """What a hook sees: a few common variables, those its command names, and those configured for it."""
    names = {*PASSED_ON, *_VARIABLE.findall(hook.run)}
    return {**{name: os.environ[name] for name in sorted(names) if name in os.environ}, **hook.env}


def _ended(hook: HookConfig, script: IO[bytes], output: IO[bytes]) -> str | None:
    process = None
    try:
        with interruptions.held():
            process = _start(hook, script, output)
        status = process.wait(hook.timeout)
    except BaseException as error:
        if process:
            _kill(process)
        if isinstance(error, subprocess.TimeoutExpired):
            return f"took longer than {hook.timeout:g} s and was ended"
        raise
    if status < 0:
        return f"was ended by signal {-status}"
    return f"failed with exit code {status}" if status else None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The hook leads a session of its own: this ends it and all that it started there."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _own_secrets(hook: HookConfig) -> Redactor:
    """Knows what was written into the configuration of the hook and may be a secret: ``set -x`` prints it.

    That is the value of each variable it was given, and each word with letters and digits.
    """
    redactor = Redactor()
    words = (
        word for word in _WORD.findall(hook.run) if re.search(r"\d", word) and re.search("[^\\W\\d]", word)
    )
    for text in (*hook.env.values(), *words):
        redactor.add(text)
    return redactor


def _keep(output: IO[bytes], log: Path, own: Redactor) -> None:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _KEPT_OUTPUT))
    if size > _KEPT_OUTPUT:
        output.readline()  # its beginning is cut off: half of a secret would not be recognised
    text = own.redact(REDACTOR.redact(output.read().decode("utf-8", "replace"), sealed=True))
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text, "utf-8")
