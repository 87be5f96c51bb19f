"""``snap gc``: remove from the store what nothing needs, or what restores have put aside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from snapstore.app import App
from snapstore.archive import kept, prune
from snapstore.commands import options
from snapstore.errors import SnapError
from snapstore.model import Archived
from snapstore.render import snapshots
from snapstore.render.archive import listed
from snapstore.render.documents import (
    CollectedDocument,
    Dropped,
    GcDocument,
    LargeRemoved,
    StoreSpace,
)
from snapstore.render.values import count, size
from snapstore.store import CommitInfo
from snapstore.store.collect import Collected, Space
from snapstore.store.history import Keep
from snapstore.workspace import Workspace

_Narrowed = tuple[tuple[str, ...], tuple[str, ...]]
"""``--only`` and ``--group``."""
_AGE = re.compile(r"(\d+)([dhw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@click.command("gc")
@click.option(
    "--archive", is_flag=True, help="Instead: rows that restores moved aside and none has taken back."
)
@click.option(
    "--older-than", metavar="AGE", default="0d", help="With --archive: only what is older: 12h, 30d."
)
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and change nothing.")
@options.scoped
@options.yes
@click.pass_obj
def command(
    app: App,
    archive: bool,
    older_than: str,
    dry_run: bool,
    only: tuple[str, ...],
    group: tuple[str, ...],
    yes: bool,
) -> int:
    """Remove snapshots that `[store] keep` does not keep, and whatever none needs; pack the rest."""
    if archive:
        return _archive(app, older_than, (only, group), dry_run, yes)
    if only or group or older_than != "0d":
        raise click.UsageError("--only, --group and --older-than are for --archive")
    ws = app.workspace(live=False)
    goes = _drop(app, ws, dry_run, yes)
    with app.working("collecting"):
        done = ws.store.collect(dry=dry_run)
    app.emit(lambda: _told(done, goes, dry_run), lambda: GcDocument([], _document(done, goes)))
    return 0


def _drop(app: App, ws: Workspace, dry: bool, yes: bool) -> list[CommitInfo]:
    """Take out of the history what the rule of the configuration does not keep, after asking."""
    if ws.config.keep is None:
        return []
    keep = Keep(ws.config.keep.last, ws.config.keep.daily, ws.config.keep.tagged)
    shared, needed = ws.config.remote is not None, _under_way(ws)
    goes = ws.store.retention(keep, needed, shared=shared).goes
    if dry or not goes:
        return goes
    if not yes:
        app.note(_snapshots(goes))
        if not app.confirm(f"Remove {count(len(goes), 'snapshot')} for good?"):
            raise SnapError("not confirmed, nothing was removed")
    return ws.store.retain(keep, needed, shared=shared).goes


def _under_way(ws: Workspace) -> list[str]:
    """Where a restore that was interrupted leads to."""
    from snapstore import journal

    found = journal.unfinished(ws.store.workspace("journal"))
    return [found.begin.target, found.begin.safety] if found else []


def _snapshots(goes: Sequence[CommitInfo]) -> str:
    return "\n".join(f"- {snapshots.short(info)}" for info in goes)


def _told(done: Collected, goes: Sequence[CommitInfo], dry: bool) -> str:
    lines = [_store(done, dry)]
    if goes:
        said = "would go" if dry else "removed"
        lines = [_snapshots(goes), f"{count(len(goes), 'snapshot')} {said}", *lines]
    return "\n".join(lines)


def _store(done: Collected, dry: bool) -> str:
    large = f"; {count(len(done.large), 'large file')} ({size(sum(one.size for one in done.large))})"
    gone = f"{large} {'would go' if dry else 'removed'}" if done.large else ""
    if dry:
        return f"{_space(done.before)}{gone}"
    return f"{_space(done.before)} → {_space(done.after)}{gone}"


def _space(space: Space) -> str:
    loose = f" and {count(space.loose, 'loose object')}" if space.loose else ""
    return f"{count(space.packs, 'pack')}{loose}, {size(space.bytes)}"


def _document(done: Collected, goes: Sequence[CommitInfo]) -> CollectedDocument:
    before, after = (StoreSpace(*space) for space in (done.before, done.after))
    dropped = [Dropped(info.commit, info.time, info.message) for info in goes]
    return CollectedDocument(before, after, [LargeRemoved(*held) for held in done.large], dropped)


def _archive(app: App, older_than: str, narrowed: _Narrowed, dry: bool, yes: bool) -> int:
    before = datetime.now(UTC) - _age(older_than)
    ws = app.workspace()
    there = kept(ws, options.scope(ws.config, *narrowed))
    found = [a for a in there if _time(a) <= before]
    if not found:
        app.emit("nothing in the archive is that old" if there else "the archive is empty", GcDocument([]))
        return 0
    if dry:
        app.emit(lambda: f"{listed(found)}\nwould remove {count(len(found), 'thing')}", GcDocument(found))
        return 0
    if not yes:
        app.note(listed(found))
        if not app.confirm(f"Remove {count(len(found), 'thing')} for good?"):
            raise SnapError("not confirmed, nothing was removed")
    prune(ws, found)
    app.emit(lambda: f"{listed(found)}\nremoved {count(len(found), 'thing')} for good", GcDocument(found))
    return 0


def _age(text: str) -> timedelta:
    found = _AGE.fullmatch(text)
    if found is None:
        raise SnapError(f"{text!r} is no age", where="--older-than", fix="write 12h, 30d or 8w")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _time(found: Archived) -> datetime:
    return datetime.fromisoformat(found.archived_at.replace("Z", "+00:00"))
