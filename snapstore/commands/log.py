"""``snap log``: the snapshots, newest first."""

from __future__ import annotations

import click

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
        app.emit("no snapshot yet; take one with: snap take", documents.log([]))
        return
    found = list(ws.store.log(revision, limit))
    render = snapshots.line if oneline else snapshots.entry
    app.emit(lambda: "\n".join(render(info) for info in found), lambda: documents.log(found))
