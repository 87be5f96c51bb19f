"""``snap diff``: any two moments, across all systems."""

from __future__ import annotations

from collections.abc import Sequence

import click

from snapstore.app import App
from snapstore.commands import options
from snapstore.errors import Exit
from snapstore.model import PlanOptions, Scope
from snapstore.render import changes as render
from snapstore.render import documents
from snapstore.retold import differences
from snapstore.snapshot import Snapshot
from snapstore.take import LIVE, snapshot_of
from snapstore.workspace import Workspace


@click.command("diff")
@click.argument("revisions", nargs=-1, metavar="[A [B]]")
@click.option("--stat", is_flag=True, help="Counts only.")
@click.option("--sql", is_flag=True, help="The statements that lead from A to B.")
@click.option("--exit-code", is_flag=True, help="Exit with 2 when there are differences.")
@options.scoped
@options.full
@click.pass_obj
def command(
    app: App,
    revisions: tuple[str, ...],
    stat: bool,
    sql: bool,
    exit_code: bool,
    only: tuple[str, ...],
    group: tuple[str, ...],
    full: bool,
) -> int:
    """What changed from A to B. Without B, up to the live systems; without A, since the last snapshot."""
    first, second = sides(revisions)
    ws = app.workspace(live=LIVE in (first, second))
    scope = options.scope(ws.config, only, group)
    with app.working("comparing"):
        before, after = snapshot_of(ws, first, scope), snapshot_of(ws, second, scope)
        found = differences(before, after, scope)

    def text() -> str:
        if sql:
            return _sql(ws, before, after, scope)
        if stat:
            return "\n".join([render.stat(found.changes), *render.retold(found.retold)]).lstrip()
        limits = render.FULL if full else render.Limits()
        told = render.review(found.changes, before, after, limits, ws.keys.only_resealed)
        return "\n".join([told, *render.retold(found.retold)]).lstrip()

    app.emit(text, lambda: documents.diff(before, after, *found))
    return Exit.DIFFERENT if found.changes and exit_code else Exit.DONE


def sides(revisions: Sequence[str]) -> tuple[str, str]:
    """The two moments that the arguments name; ``A..B`` is one way to write both."""
    if len(revisions) > 2:
        raise click.UsageError("at most two revisions can be compared")
    if len(revisions) == 1 and ".." in revisions[0]:
        first, _, second = revisions[0].partition("..")
        return first or "HEAD", second or LIVE
    first, second = [*revisions, *["HEAD", LIVE][len(revisions) :]]
    return first, second


def _sql(ws: Workspace, before: Snapshot, after: Snapshot, scope: Scope) -> str:
    from snapstore.plan import make_plan
    from snapstore.render import plans

    return plans.sql(make_plan(ws.config, before, after, scope, PlanOptions(data=ws.config.data)))
