"""``snap status``: live against the last snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from snapstore.app import App
from snapstore.commands import options
from snapstore.errors import Exit, SnapError
from snapstore.model import ResourceChanges
from snapstore.retold import Differences, differences
from snapstore.take import live
from snapstore.workspace import Workspace

if TYPE_CHECKING:
    from snapstore.render.documents import StatusDocument


@click.command("status")
@click.option(
    "--issue", is_flag=True, help="Keep an issue about it on the forge that the store is shared on."
)
@click.option("--notify", is_flag=True, help="Tell those of [notify] who want to know of drift.")
@options.scoped
@options.full
@click.pass_obj
def command(
    app: App, issue: bool, notify: bool, only: tuple[str, ...], group: tuple[str, ...], full: bool
) -> int:
    """What differs between the live systems and the last snapshot; exit code 2 when something does."""
    ws = app.workspace()
    scope = options.scope(ws.config, only, group)
    head = ws.store.head()
    if head is None:
        raise SnapError("there is no snapshot yet", where=ws.store.branch, fix="take one with: snap take")
    with app.working("reading the live systems"):
        found = differences(ws.store.snapshot(head), live(ws, scope), scope)
    if issue:
        _tell(app, ws, _text(ws, head, found, full), bool(found.changes))
    if notify and found.changes:
        _notify(app, ws, _text(ws, head, found, full), found.changes)
    app.emit(lambda: _text(ws, head, found, full), lambda: _document(head, found))
    return Exit.DIFFERENT if found.changes else Exit.DONE


def _tell(app: App, ws: Workspace, text: str, drifted: bool) -> None:
    from snapstore.review.drift import tell
    from snapstore.review.forges import open_forge

    forge = open_forge(ws.config, app.env)
    if forge is None:
        fix = "see [review] in docs/configuration.md"
        raise SnapError("an issue takes a forge that is known, and a token for it", fix=fix)
    url = tell(forge, ws.store.branch, text, drifted)
    app.progress(f"told in {url}" if url else "nothing to tell")


def _notify(app: App, ws: Workspace, text: str, changes: list[ResourceChanges]) -> None:
    from snapstore.config.notifying import Event
    from snapstore.notify import sending

    names = ", ".join(found.resource for found in changes)
    sending.tell(ws, Event.DRIFT, {"summary": f"{names} changed", "message": text}, app.note)


def _document(head: str, found: Differences) -> StatusDocument:
    from snapstore.render import documents

    return documents.status(head, *found)


def _text(ws: Workspace, head: str, found: Differences, full: bool) -> str:
    from snapstore.render import changes as render
    from snapstore.render import snapshots

    info = ws.store.info(head)
    title = f"{ws.store.branch} at {snapshots.short(info)}, {snapshots.when(info)}"
    retold = render.retold(found.retold)
    if not found.changes:
        return "\n".join([title, "nothing changed since", *retold])
    from snapstore.render.values import count

    limits = render.FULL if full else render.SHORT
    total = f"{count(len(found.changes), 'resource')} changed; see how with: snap diff"
    listed = render.overview(found.changes, limits, ws.keys.only_resealed)
    return "\n".join([title, "", listed, total, *retold])
