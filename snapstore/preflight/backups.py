"""Where the newest backup is and how old it is: as files, pgBackRest or a command tell."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from snapstore import shell
from snapstore.config.preflight import Backup, Where
from snapstore.errors import SnapError

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_EPOCH = re.compile(r"(?<![\w.-])1\d{9}(?:\.\d+)?(?![\w.-])")
_CUSTOM, _COMPLETE = b"PGDMP", b"PostgreSQL database dump complete"
"""How pg_dump begins its own format, and what it writes at the end of plain text."""


class Found(NamedTuple):
    """A backup: what it is called, and when it was complete, in seconds since 1970."""

    name: str
    time: float


def newest(backup: Backup, root: Path) -> Found:
    """SnapError where there is none, or one that is not whole, or where nobody can tell."""
    look = {Where.FILE: _files, Where.PGBACKREST: _pgbackrest, Where.COMMAND: _command}
    return look[backup.kind](backup, root)


# Files


def _files(backup: Backup, root: Path) -> Found:
    pattern = Path(backup.place).expanduser()
    top, inside = (Path("/"), str(pattern)[1:]) if pattern.is_absolute() else (root, str(pattern))
    paths = sorted((path.stat().st_mtime, path) for path in top.glob(inside) if path.is_file())
    if not paths:
        raise SnapError(f"there is no file {backup.place}", fix="make a backup, or correct `file`")
    time, path = paths[-1]
    wrong = _not_whole(path)
    if wrong:
        raise SnapError(f"{path.name} {wrong}", where=str(path), fix="make the backup again")
    return Found(path.name, time)


def _not_whole(path: Path) -> str:
    """What shows that a file is no whole backup; "" where nothing does."""
    size = path.stat().st_size
    if size == 0:
        return "is empty"
    with path.open("rb") as file:
        if path.suffix != ".sql" or file.read(len(_CUSTOM)) == _CUSTOM:
            return ""
        file.seek(max(0, size - 4096))
        return "" if _COMPLETE in file.read() else "is cut off: its last line is not that of pg_dump"


# Commands


def _command(backup: Backup, root: Path) -> Found:
    text = _output(backup.place, backup, root)
    times = list(_times(text))
    if not times:
        fix = "let it print the id of the newest backup and its time, as 2026-11-26T20:14:09Z"
        raise SnapError("the command prints no time: nobody can tell how old the backup is", fix=fix)
    words = _EPOCH.sub("", _TIME.sub("", text)).split()
    return Found(words[0] if words else backup.name, max(times))


def _times(text: str) -> Iterator[float]:
    """All times in a text, those without a zone in UTC."""
    for found in _TIME.findall(text):
        at = datetime.fromisoformat(found)
        yield (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    yield from map(float, _EPOCH.findall(text))


def _pgbackrest(backup: Backup, root: Path) -> Found:
    command = f"pgbackrest --stanza={shlex.quote(backup.place)} --output=json info"
    try:
        (stanza,) = json.loads(_output(command, backup, root))
        status, backups = stanza["status"], stanza["backup"]
        if status["code"] or not backups:
            fix = f"pgbackrest --stanza={backup.place} backup"
            raise SnapError(f"pgBackRest says of the stanza: {status['message']}", fix=fix)
        return Found(str(backups[-1]["label"]), float(backups[-1]["timestamp"]["stop"]))
    except (ValueError, KeyError, TypeError) as error:
        fix = "run it by itself: pgbackrest --output=json info"
        raise SnapError(f"pgBackRest's answer cannot be read: {error}", fix=fix) from None


def _output(command: str, backup: Backup, root: Path) -> str:
    env = shell.environment(command)
    ran = shell.ran(command, cwd=root, env=env, timeout=backup.timeout, errors=False)
    if ran.failure:
        fix = "run it by itself, as `command` or `pgbackrest` under [[preflight.backup]] says"
        raise SnapError(f"it {ran.failure}", fix=fix)
    return ran.output.decode("utf-8", "replace").strip()
