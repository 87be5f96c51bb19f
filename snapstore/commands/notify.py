"""``snap notify``: tell the team that a deploy is coming."""

from __future__ import annotations

import click

from snapstore.app import App
from snapstore.config.notifying import Event
from snapstore.errors import Exit, SnapError
from snapstore.notify import sending
from snapstore.notify.sending import Sent
from snapstore.render import snapshots


@click.command("notify")
@click.argument("message")
@click.pass_obj
def command(app: App, message: str) -> int:
    """Send MESSAGE to the recipients of [notify], and record that they were told, for `snap preflight`.

    Exit code 1 when somebody could not be told.
    """
    ws = app.workspace()
    head = ws.store.head()
    if head is None:
        fix = "take one first, so that the message says how to get back: snap take"
        raise SnapError("there is no snapshot yet", where=ws.store.branch, fix=fix)
    with app.working("sending"):
        sent = sending.tell(ws, Event.DEPLOY, {"message": message, "title": message}, app.note)
    if sent is None:
        fix = 'add a recipient: to = [{ url = "…" }] under [notify]'
        raise SnapError("there is nobody to tell of a deploy", where=str(ws.config.path), fix=fix)
    info = ws.store.info(head)
    app.emit(lambda: f"{_text(sent)}, with the way back to {snapshots.short(info)}", sent)
    return Exit.ERROR if any(delivery.problem for delivery in sent.deliveries) else Exit.DONE


def _text(sent: Sent) -> str:
    told = [delivery.to for delivery in sent.deliveries if not delivery.problem]
    return f"told {', '.join(told) or 'nobody'}"
