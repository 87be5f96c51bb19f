"""``snap log``: the snapshots, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from snapstore import deploys
from snapstore.app import App
from snapstore.render import snapshots
from snapstore.store import CommitInfo
from snapstore.workspace import Workspace

if TYPE_CHECKING:
    from snapstore.render.documents import LogDocument


@click.command("log")
@click.argument("revision", default="HEAD")
@click.option("-n", "limit", type=click.IntRange(min=0), metavar="NUMBER", help="At most this many.")
@click.option("--oneline", is_flag=True, help="One line for each.")
@click.option("--html", "as_page", is_flag=True, help="As a page: what changed, and where restores went.")
@click.option("-o", "--output", metavar="FILE", help="Write the page there instead of printing it.")
@click.pass_obj
def command(
    app: App, revision: str, limit: int | None, oneline: bool, as_page: bool, output: str | None
) -> None:
    """List the snapshots that lead to REVISION (the last one), newest first."""
    ws = app.workspace(live=False)
    if output and not as_page:
        raise click.UsageError("-o takes --html")
    if revision == "HEAD" and ws.store.head() is None:
        app.emit("no snapshot yet; take one with: snap take", _document(ws, []))
        return
    found = list(ws.store.log(revision, _PAGE if as_page and limit is None else limit))
    if as_page and (output or not app.json):
        _page(app, ws, found, output)
        if not app.json:
            return

    def text() -> str:
        if oneline:
            return "\n".join(map(snapshots.line, found))
        return "\n".join(snapshots.entry(info, deploys.of(ws.store.snapshot(info.commit))) for info in found)

    app.emit(text, _document(ws, found))


def _document(ws: Workspace, found: Sequence[CommitInfo]) -> Callable[[], LogDocument]:
    """What ``--json`` prints; documents of all kinds are imported with it."""

    def document() -> LogDocument:
        from snapstore.render import documents

        return documents.log(found, {i.commit: deploys.of(ws.store.snapshot(i.commit)) for i in found})

    return document


_PAGE = 200
"""Snapshots on a page where no number is given: each is compared with the one before."""


def _page(app: App, ws: Workspace, found: list[CommitInfo], output: str | None) -> None:
    from snapstore.render import history
    from snapstore.reports import past, writing

    more = bool(found and found[-1].parents)
    made = history.html(ws.store.branch, past.rows(ws, found), more)
    if not output:
        app.write(made)
        return
    writing.put(Path(output), made)
    app.progress(f"the page is {output}")
