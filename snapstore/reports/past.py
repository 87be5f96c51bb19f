"""The rows of a store's history: its snapshots, what each changed, and the restores between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from snapstore import deploys, journal
from snapstore.errors import SnapError
from snapstore.journal import Goal, Journal, Result
from snapstore.model import ResourceChanges
from snapstore.render import snapshots
from snapstore.render.history import Row
from snapstore.render.page import moment
from snapstore.reports.story import number
from snapstore.retold import differences
from snapstore.store import CommitInfo
from snapstore.workspace import Workspace

FROM = "Restored-From"


class _Entry(NamedTuple):
    time: float
    target: str | None
    row: Row


def rows(ws: Workspace, infos: Sequence[CommitInfo]) -> list[Row]:
    """A row for each of these snapshots, newest first, and for each restore since the oldest of them."""
    known = [found for found in journal.history(ws.journals) if found.end]
    made = {found.end.commit: found for found in known if found.end and found.end.commit}
    since = infos[-1].time if infos else 0
    ends = {info.commit: _end(info) for info in infos}
    entries = [  # first, since what is made at one time stays in this order
        _restore(found, ends.get(found.begin.target, 0))
        for found in known
        if found.end and found.end.commit is None and found.times[-1] >= since
    ]
    entries += [_snapshot(ws, info, made.get(info.commit)) for info in infos]
    entries.sort(key=lambda entry: entry.time, reverse=True)
    places = {entry.row.info.commit: place for place, entry in enumerate(entries) if entry.row.info}
    return [_linked(entry, place, places.get(entry.target or "")) for place, entry in enumerate(entries)]


def _linked(entry: _Entry, place: int, target: int | None) -> Row:
    older = target is not None and target > place
    return msgspec.structs.replace(entry.row, leads_to=target if older else None)


def _snapshot(ws: Workspace, info: CommitInfo, found: Journal | None) -> _Entry:
    target = info.trailers.get(FROM)
    well = _is_well(found) if found else True if target else None
    said = [("Deploy", told.deploy) for told in deploys.of(ws.store.snapshot(info.commit)) if told.deploy]
    said += [("Reason", info.trailers["Reason"])] if info.trailers.get("Reason") else []
    row = Row(snapshots.when(info), snapshots.subject(info), info, _changes(ws, info), None, well, said)
    return _Entry(_end(info), target, row)


def _end(info: CommitInfo) -> float:
    """Of the second in which a snapshot was made: more is not known."""
    return info.time + 0.999


def _changes(ws: Workspace, info: CommitInfo) -> list[ResourceChanges]:
    """What a snapshot changed; [] for the first, and for one whose parent is not here."""
    if not info.parents:
        return []
    try:
        return differences(ws.store.snapshot(info.parents[0]), ws.store.snapshot(info.commit)).changes
    except SnapError:
        return []


def _restore(found: Journal, after: float) -> _Entry:
    """One that made no snapshot: the state it led to was the newest one already, or it led to none.

    It is not drawn before the snapshot that it led to, which was there ``after`` that time.
    """
    begin = found.begin
    reached = found.end is not None and found.end.result is Result.DONE and found.goal is Goal.TARGET
    title = f"{begin.purpose.capitalize()} {number(found)} to {begin.target[:10]}"
    said = [("Reason", begin.reason)] if begin.reason else []
    row = Row(moment(found.times[-1]), title, well=_is_well(found), details=said)
    return _Entry(max(found.times[-1], after), begin.target if reached else None, row)


def _is_well(found: Journal) -> bool:
    return found.end is not None and found.end.result in (Result.DONE, Result.ABORTED)
