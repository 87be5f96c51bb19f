"""``snap push``: share what the store has."""

from __future__ import annotations

from collections.abc import Collection

import click

from snapstore.app import App
from snapstore.render import documents
from snapstore.review import sync
from snapstore.review.address import remote
from snapstore.store import open_store
from snapstore.store.notes import REF as NOTES
from snapstore.store.refs import HEADS


@click.command("push")
@click.pass_obj
def command(app: App) -> None:
    """Push the snapshots of the branch, hints, wrapped keys and large files, after a pull. Never forces."""
    config = app.config(live=False)
    where = remote(config, app.env)
    store = open_store(config.store, config.branch, config.large)
    with app.working("pushing"):
        seen = sync.pull(store, where)
        moved = sync.push(store, where, seen, {})
    changed = seen.get(HEADS + store.branch) != store.head()
    said = "pushed" if changed else _beside(moved) or "the remote is up to date"
    app.emit(f"{store.branch}: {said}", lambda: documents.shared(store, changed))


def _beside(moved: Collection[str]) -> str:
    """What went along where the branch itself was there already."""
    names = [name for ref, name in ((sync.KEYS, "keys"), (NOTES, "hints")) if ref in moved]
    return f"the remote has its snapshots already; pushed: {' and '.join(names)}" if names else ""
