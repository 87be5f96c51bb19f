"""``snap push``: share what the store has."""

from __future__ import annotations

import click

from snapstore.app import App
from snapstore.render import documents
from snapstore.review import sync
from snapstore.review.address import remote
from snapstore.store import open_store
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
        sync.push(store, where, seen, {})
    changed = seen.get(HEADS + store.branch) != store.head()
    said = "pushed" if changed else "the remote is up to date"
    app.emit(f"{store.branch}: {said}", lambda: documents.shared(store, changed))
