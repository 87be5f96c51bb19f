"""``snap restore``: plan the way back, show it, apply it, prove the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from snapstore.app import App
from snapstore.commands import options
from snapstore.errors import Exit
from snapstore.interrupted import abort, resume
from snapstore.render import results
from snapstore.restore import plan_restore, restore
from snapstore.restored import RestoreResult

if TYPE_CHECKING:
    from snapstore.render.documents import RestoreDocument


@click.command("restore")
@click.argument("revision", required=False)
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.option("--resume", "go_on", is_flag=True, help="Go on with the restore that was interrupted.")
@click.option("--abort", "go_back", is_flag=True, help="Go back to before the restore that was interrupted.")
@options.planned
@options.reason
@options.allow
@options.yes
@options.scoped
@options.full
@click.pass_obj
def command(
    app: App,
    revision: str | None,
    dry_run: bool,
    go_on: bool,
    go_back: bool,
    wanted: options.Wanted,
    reason: str,
    allow: tuple[str, ...],
    yes: bool,
    only: tuple[str, ...],
    group: tuple[str, ...],
    full: bool,
) -> int:
    """Bring the live systems to the state of REVISION, and prove that they are there."""
    _one_of(revision, go_on, go_back)
    ws = app.workspace()
    allowances = options.allowed(ws.config, allow)
    if go_on or go_back:
        carry_on, question = (resume, "Go on?") if go_on else (abort, "Go back?")
        with options.showing_what_is_refused(app):
            result = carry_on(ws, allowances, options.confirmation(app, question, yes), app.progress)
        return ended(app, result, yes)
    assert revision is not None  # noqa: S101 - _one_of has seen to it
    scope = options.scope(ws.config, only, group)
    how = wanted(ws.config)
    if dry_run:
        from snapstore.commands.plan import render

        plan = plan_restore(ws, revision, scope, how, app.progress)
        app.emit(lambda: render(plan, "text", full), plan)
        return Exit.DONE
    confirm = options.confirmation(app, "Restore this?", yes)
    with options.showing_what_is_refused(app):
        result = restore(ws, revision, scope, how, allowances, confirm, app.progress, reason)
    return ended(app, result, yes)


def _one_of(revision: str | None, go_on: bool, go_back: bool) -> None:
    if sum((revision is not None, go_on, go_back)) != 1:
        raise click.UsageError("name a revision, or --resume, or --abort")


def ended(app: App, result: RestoreResult, unseen: bool = False) -> int:
    """Tell how a restore ended; its exit code. A plan that nobody has seen, after ``--yes``, comes first."""

    def document() -> RestoreDocument:
        from snapstore.render import documents

        return documents.restore(result)

    app.emit(lambda: results.text(result, with_plan=unseen), document)
    return result.exit
