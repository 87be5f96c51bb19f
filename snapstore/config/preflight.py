"""``[preflight]``: what has to be true before a deploy, and how old it may be."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import msgspec

from snapstore.config.sizes import size
from snapstore.config.source import Keys, Source, dotted

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_AGE = r"(\d+)\s*([smhdw])"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Check(StrEnum):
    """What is looked at, in this order."""

    CAPTURED = "captured"
    BACKUP = "backup"
    CONFIGURATION = "configuration"
    REHEARSED = "rehearsed"
    NOTIFIED = "notified"
    IDLE = "idle"
    DISK = "disk"
    PERMISSIONS = "permissions"
    VERSIONS = "versions"
    CLOCK = "clock"


class BackupTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A backup that has to be there: the newest of some files, what pgBackRest has of a stanza, or what a
    command prints with a time in it. ``max_age`` is how old it may be, ``timeout`` how many seconds it may
    take to ask."""

    file: _Text | None = None
    pgbackrest: _Text | None = None
    command: _Text | None = None
    name: str = ""
    max_age: str = "24h"
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 60.0

    def __repr__(self) -> str:
        return f"BackupTable({self.name!r})"  # a command may hold a secret


class PreflightTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``rehearsed`` and ``notified`` are ages, ``free`` is a size, ``clock`` seconds; ``skip`` are checks."""

    backup: list[BackupTable] = []
    rehearsed: str = "7d"
    notified: str = "24h"
    free: str = "1GB"
    clock: Annotated[float, msgspec.Meta(gt=0)] = 5.0
    skip: list[Check] = []


class Where(StrEnum):
    """Where a backup is looked for; also the key that says so."""

    FILE = "file"
    PGBACKREST = "pgbackrest"
    COMMAND = "command"


class Backup(msgspec.Struct, frozen=True):
    """A backup to look for: ``place`` is a pattern of files, a stanza or a command; times are in seconds."""

    kind: Where
    place: str
    name: str
    max_age: float
    timeout: float

    def __repr__(self) -> str:
        return f"Backup({self.name!r})"


class PreflightConfig(msgspec.Struct, frozen=True):
    """The same as the table, in seconds and bytes."""

    backups: tuple[Backup, ...] = ()
    rehearsed: float = 604_800
    notified: float = 86_400
    free: int = 10**9
    clock: float = 5.0
    skip: frozenset[Check] = frozenset()


def preflight_config(source: Source, table: PreflightTable) -> PreflightConfig:
    """The checked form. SnapError names the line and key of what is no age, no size, or no backup."""
    return PreflightConfig(
        tuple(_backup(source, place, backup) for place, backup in enumerate(table.backup)),
        _age(source, ("preflight", "rehearsed"), table.rehearsed),
        _age(source, ("preflight", "notified"), table.notified),
        size(source, ("preflight", "free"), table.free),
        table.clock,
        frozenset(table.skip),
    )


def _backup(source: Source, place: int, table: BackupTable) -> Backup:
    at: Keys = ("preflight", "backup", place)
    given = [(kind, text) for kind in Where if (text := getattr(table, kind.value)) is not None]
    if len(given) != 1:
        fix = 'give one of file = "backups/*.dump", pgbackrest = "STANZA" or command = "…"'
        count = "more than one place" if given else "no place"
        raise source.error(at, f"`{dotted(at)}` names {count} to look for it", fix)
    kind, text = given[0]
    name = table.name or ("a command" if kind is Where.COMMAND else text)
    return Backup(kind, text, name, _age(source, (*at, "max_age"), table.max_age), table.timeout)


def _age(source: Source, at: Keys, text: str) -> float:
    found = re.fullmatch(_AGE, text)
    if found is None:
        raise source.error(at, f"`{dotted(at)}` is no age", "write 90m, 24h, 7d or 2w")
    return float(int(found[1]) * _SECONDS[found[2]])
