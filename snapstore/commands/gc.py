"""``snap gc``: remove for good what restores have put aside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from snapstore.app import App
from snapstore.archive import kept, prune
from snapstore.commands import options
from snapstore.errors import SnapError
from snapstore.model import Archived
from snapstore.render.archive import listed
from snapstore.render.documents import GcDocument
from snapstore.render.values import count

_AGE = re.compile(r"(\d+)([dhw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@click.command("gc")
@click.option("--archive", is_flag=True, help="Rows that restores moved aside and none has taken back.")
@click.option("--older-than", metavar="AGE", default="0d", help="Only what is older: 12h, 30d, 8w.")
@options.scoped
@options.yes
@click.pass_obj
def command(
    app: App, archive: bool, older_than: str, only: tuple[str, ...], group: tuple[str, ...], yes: bool
) -> int:
    """Remove what restores have put aside, for good: no restore forward brings it back after that."""
    if not archive:
        raise SnapError("nothing was named that should go", fix="say what: snap gc --archive")
    before = datetime.now(UTC) - _age(older_than)
    ws = app.workspace()
    found = [a for a in kept(ws, options.scope(ws.config, only, group)) if _time(a) <= before]
    if not found:
        app.emit("nothing in the archive is that old", GcDocument([]))
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
