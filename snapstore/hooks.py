"""Commands of the user around a take or a restore.

A hook's command may hold a secret, so it is in no message: messages name the hook by its name or its place.
What it prints goes, redacted, into a file below the store, and into the journal of a restore.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from snapstore import shell
from snapstore.errors import Exit, SnapError
from snapstore.journal import Hooked
from snapstore.secrets import REDACTOR, Redactor

if TYPE_CHECKING:
    from snapstore.config import HookConfig
    from snapstore.workspace import Workspace

_WORD = re.compile(r"[^\s\"'`=:;|&<>(){}$@/,]{8,}")
_JOURNALED = 64 << 10
"""Characters of the output, its last ones, that the journal keeps; the file has up to a megabyte."""

Note = Callable[[Hooked], None]


def unnoted(found: Hooked) -> None:
    """For moments that have no journal."""


def run(
    ws: Workspace, stage: str, resources: Collection[str], note: Note = unnoted, code: Exit = Exit.ERROR
) -> None:
    """Run the hooks of a stage in order, those of a group only where it holds one of ``resources``.

    Each attempt is noted. SnapError with ``code`` at the first hook that fails, cannot start or takes longer
    than its timeout in every attempt that it has; it names the hook and the file with its output. The hooks
    after it do not run.
    """
    for place, hook in _wanted(ws, stage, resources):
        log = ws.store.workspace("hooks") / f"{stage}-{place}.log"
        where = label(stage, place, hook)
        failure = _in_attempts(hook, log, where, stage, note)
        if failure:
            tried = f" in each of {hook.retries + 1} attempts" if hook.retries else ""
            raise SnapError(f"the hook {failure}{tried}", where=where, fix=f"see {log}", code=code)


def label(stage: str, place: int, hook: HookConfig) -> str:
    """How messages call a hook: its name, unless that is but the beginning of its command."""
    return f"{stage}[{place}]" if hook.run.startswith(hook.name) else f"{stage} {hook.name!r}"


def _wanted(ws: Workspace, stage: str, resources: Collection[str]) -> Iterator[tuple[int, HookConfig]]:
    for place, hook in enumerate(ws.config.hooks.get(stage, ())):
        members = {member.partition(":")[0] for member in ws.config.groups.get(hook.group or "", ())}
        if hook.group is None or members & set(resources):
            yield place, hook


def _in_attempts(hook: HookConfig, log: Path, where: str, stage: str, note: Note) -> str:
    """Why the last attempt failed, "" when one did not. The output of the last one is in ``log``."""
    failure = ""
    for attempt in range(1, hook.retries + 2):
        if attempt > 1:
            time.sleep(hook.retry_delay)
        began = time.time()
        env = shell.environment(hook.run, hook.env, hook.inherit)
        found = shell.ran(hook.run, cwd=hook.cwd, env=env, timeout=hook.timeout)
        output = _masked(hook, found.output, env)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(output, "utf-8")
        failure = found.failure
        seconds = round(time.time() - began, 3)
        note(Hooked(stage, where, attempt, failure, output[-_JOURNALED:], began, seconds))
        if not failure:
            break
    return failure


def _masked(hook: HookConfig, output: bytes, env: dict[str, str]) -> str:
    """What it printed, without what was written into its configuration and may be a secret (``set -x`` prints
    it), and without what it was given of our environment beyond what everybody has."""
    own = Redactor()
    words = (
        word for word in _WORD.findall(hook.run) if re.search(r"\d", word) and re.search("[^\\W\\d]", word)
    )
    inherited = (
        text for name, text in env.items() if hook.inherit is not None and name not in shell.PASSED_ON
    )
    for text in (*hook.env.values(), *inherited, *words):
        own.add(text)
    return own.redact(REDACTOR.redact(output.decode("utf-8", "replace"), sealed=True))
