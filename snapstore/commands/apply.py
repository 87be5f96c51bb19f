"""``snap apply``: carry out a saved plan."""

from __future__ import annotations

from pathlib import Path

import click

from snapstore.app import App
from snapstore.commands import options
from snapstore.commands.restore import ended
from snapstore.errors import SnapError
from snapstore.plan import decode
from snapstore.restore import apply_plan


@click.command("apply")
@click.argument("saved", metavar="FILE")
@options.allow
@options.yes
@click.pass_obj
def command(app: App, saved: str, allow: tuple[str, ...], yes: bool) -> int:
    """Carry out the plan in FILE, if the live state is still the one it was made for."""
    ws = app.workspace()
    try:
        plan = decode(Path(saved).read_bytes(), saved)
    except OSError as error:
        fix = "name a file that `snap plan REV -o FILE` has written"
        raise SnapError(f"cannot be read: {error.strerror}", where=saved, fix=fix) from None
    confirm = options.confirmation(app, "Carry out this plan?", yes)
    with options.showing_what_is_refused(app):
        result = apply_plan(ws, plan, options.allowed(ws.config, allow), confirm, app.progress)
    return ended(app, result)
