"""``snap status``: live against the last snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from snapstore.app import App
from snapstore.commands import options
from snapstore.diff import diff
from snapstore.errors import Exit, SnapError
from snapstore.model import ResourceChanges
from snapstore.take import live
from snapstore.workspace import Workspace

if TYPE_CHECKING:
    from snapstore.render.documents import StatusDocument


@click.command("status")
@click.option("--issue", is_flag=True, help="Say so in an issue of the forge that the store is shared on.")
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
        changes = diff(ws.store.snapshot(head), live(ws, scope), scope)
    if issue:
        _tell(app, ws, _text(ws, head, changes, full), bool(changes))
    if notify and changes:
        _notify(app, ws, _text(ws, head, changes, full), changes)
    app.emit(lambda: _text(ws, head, changes, full), lambda: _document(head, changes))
    return Exit.DIFFERENT if changes else Exit.DONE


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


def _document(head: str, changes: list[ResourceChanges]) -> StatusDocument:
    from snapstore.render import documents

    return documents.status(head, changes)


def _text(ws: Workspace, head: str, changes: list[ResourceChanges], full: bool) -> str:
    from snapstore.render import snapshots

    info = ws.store.info(head)
    title = f"{ws.store.branch} at {snapshots.short(info)}, {snapshots.when(info)}"
    if not changes:
        return f"{title}\nnothing changed since"
    from snapstore.render import changes as render
    from snapstore.render.values import count

    limits = render.FULL if full else render.SHORT
    total = f"{count(len(changes), 'resource')} changed; see how with: snap diff"
    return f"{title}\n\n{render.overview(changes, limits, ws.keys.only_resealed)}\n{total}"
