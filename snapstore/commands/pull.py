"""``snap pull``: bring the store up to what its remote has."""

from __future__ import annotations

import click

from snapstore.app import App
from snapstore.config import Config
from snapstore.render import documents
from snapstore.review import sync
from snapstore.review.address import remote
from snapstore.store import Store, create, open_store
from snapstore.workspace import is_vacant


@click.command("pull")
@click.pass_obj
def command(app: App) -> None:
    """Fetch snapshots, hints, wrapped keys and large files; the store is made where there is none."""
    config = app.config(live=False)
    where = remote(config, app.env)
    store = _store(config)
    before = store.head()
    with app.working("pulling"):
        sync.pull(store, where)
        store.fetch_large(where, [tip] if (tip := store.head()) else [])
    app.emit(lambda: text(store, before), lambda: documents.shared(store, store.head() != before))


def _store(config: Config) -> Store:
    """A new store has no keys: those of the remote come with the first pull."""
    if is_vacant(config.store):
        return create(config.store, config.branch or "main", config.large)
    return open_store(config.store, config.branch, config.large)


def text(store: Store, before: str | None) -> str:
    """Where the branch is, for people."""
    head = store.head()
    if head == before:
        return f"{store.branch} is up to date"
    return f"{store.branch} is at {head[:10]}" if head else f"{store.branch} has no snapshot yet"
