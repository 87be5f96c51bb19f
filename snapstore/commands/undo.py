"""``snap undo``: take back the last restore."""

from __future__ import annotations

import click

from snapstore.app import App
from snapstore.commands import options
from snapstore.commands.restore import ended
from snapstore.restore import undo


@click.command("undo")
@options.data
@options.exact_column_order
@options.locking
@options.allow
@options.yes
@click.pass_obj
def command(
    app: App,
    data: str | None,
    exact_column_order: bool,
    locking: str | None,
    allow: tuple[str, ...],
    yes: bool,
) -> int:
    """Bring the live systems back to where they were before the last restore, rows included."""
    ws = app.workspace()
    wanted = options.plan_options(ws.config, data, exact_column_order, locking)
    confirm = options.confirmation(app, "Undo the last restore?", yes)
    with options.showing_what_is_refused(app):
        result = undo(ws, wanted, options.allowed(ws.config, allow), confirm, app.progress)
    return ended(app, result, yes)
