"""``snap preflight``: may the deploy begin?"""

from __future__ import annotations

import click

from snapstore.app import App
from snapstore.errors import Exit
from snapstore.preflight.checked import Checked, State
from snapstore.preflight.checks import checklist
from snapstore.render.documents import PreflightDocument
from snapstore.render.style import ADDED, DIM, HAZARD, name, paint

_MARKS = {
    State.PASSED: ("passed", ADDED),
    State.FAILED: ("FAILED", HAZARD),
    State.SKIPPED: ("skipped", DIM),
}


@click.command("preflight")
@click.pass_obj
def command(app: App) -> int:
    """Go through the checklist before a deploy; exit code 3 when something of it is missing.

    Nothing is changed. Each check that fails says how to repair what it found.
    """
    ws = app.workspace()
    with app.working("checking"):
        found = list(checklist(ws, app.env))
    ready = all(checked.state is not State.FAILED for checked in found)
    app.emit(lambda: _text(found, ready), lambda: PreflightDocument(ready, found))
    return Exit.DONE if ready else Exit.REFUSED


def _text(found: list[Checked], ready: bool) -> str:
    lines = [line for checked in found for line in _lines(checked)]
    failed = sum(checked.state is State.FAILED for checked in found)
    end = paint("ready to deploy", ADDED) if ready else paint(f"NOT ready: {failed} of {len(found)}", HAZARD)
    return "\n".join([*lines, end])


def _lines(checked: Checked) -> list[str]:
    word, colour = _MARKS[checked.state]
    lines = [f"{paint(f'{word:7}', colour)}  {checked.check:13}  {name(checked.text)}"]
    return [*lines, f"{'':26}{name(checked.fix)}"] if checked.fix else lines
