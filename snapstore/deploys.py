"""What people say of a moment: which deploy comes, of which commit of the application, by whom, who was told.

Kept in the note of the snapshot of that moment, also where the state itself has not changed: what was said
before stays.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from snapstore.errors import SnapError
from snapstore.secrets import REDACTOR
from snapstore.snapshot import Snapshot
from snapstore.store import Store

NOTE = "@deploys"
_LONGEST = 500


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One time that something was said, in seconds since 1970; "" is what was not."""

    time: float
    deploy: str = ""
    application: str = ""
    operator: str = ""
    notified: str = ""


def told_now(deploy: str = "", application: str = "", operator: str = "", notified: str = "") -> Told | None:
    """What is said now, secrets masked; None where that is nothing. SnapError where one is no line."""
    said = {"deploy": deploy, "application": application, "operator": operator, "notified": notified}
    lines = {key: _line(key, text) for key, text in said.items() if text}
    return Told(time.time(), **lines) if lines else None


def _line(key: str, text: str) -> str:
    if not text.isprintable() or len(text) > _LONGEST:
        fix = f"say it in one line of at most {_LONGEST} characters"
        raise SnapError("this is not one line of text", where=f"--{key}", fix=fix)
    return REDACTOR.redact(text, sealed=True)


def record(store: Store, commit: str, told: Told) -> None:
    """Keep it with a snapshot, after what was said of that before."""
    entries = [*of(store.snapshot(commit)), told]
    store.annotate(commit, NOTE, {"entries": msgspec.to_builtins(entries)})


def of(snapshot: Snapshot) -> Sequence[Told]:
    """What was said of a snapshot, the newest last."""
    kept = snapshot.hints.get(NOTE, {})
    return msgspec.convert(kept.get("entries", []), list[Told])
