"""``snap log``: the snapshots, newest first."""

from __future__ import annotations

import click

from snapstore import deploys
from snapstore.app import App
from snapstore.render import documents, snapshots


@click.command("log")
@click.argument("revision", default="HEAD")
@click.option("-n", "limit", type=click.IntRange(min=0), metavar="NUMBER", help="At most this many.")
@click.option("--oneline", is_flag=True, help="One line for each.")
@click.pass_obj
def command(app: App, revision: str, limit: int | None, oneline: bool) -> None:
    """List the snapshots that lead to REVISION (the last one), newest first."""
    ws = app.workspace(live=False)
    if revision == "HEAD" and ws.store.head() is None:
        app.emit("no snapshot yet; take one with: snap take", documents.log([], {}))
        return
    found = list(ws.store.log(revision, limit))

    def text() -> str:
        if oneline:
            return "\n".join(map(snapshots.line, found))
        return "\n".join(snapshots.entry(info, deploys.of(ws.store.snapshot(info.commit))) for info in found)

    def document() -> documents.LogDocument:
        return documents.log(found, {i.commit: deploys.of(ws.store.snapshot(i.commit)) for i in found})

    app.emit(text, document)
