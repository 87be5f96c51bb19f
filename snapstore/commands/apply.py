"""``snap apply``: carry out a plan that was saved, or one that was proposed and reviewed."""

from __future__ import annotations

import click

from snapstore.app import App
from snapstore.commands import options
from snapstore.commands.restore import ended
from snapstore.review.apply import apply


@click.command("apply")
@click.argument("what", metavar="FILE|BRANCH|URL")
@options.reason
@options.allow
@options.yes
@click.pass_obj
def command(app: App, what: str, reason: str, allow: tuple[str, ...], yes: bool) -> int:
    """Carry out the plan of a file, of a proposal's branch or of its request, if it is what was reviewed and
    the live state is still the one that it was made for."""
    ws = app.workspace()
    confirm = options.confirmation(app, "Carry out this plan?", yes)
    with options.showing_what_is_refused(app):
        result = apply(ws, app.env, what, options.allowed(ws.config, allow), confirm, app.progress, reason)
    return ended(app, result)
