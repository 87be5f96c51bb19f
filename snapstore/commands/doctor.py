"""``snap doctor``: is everything well?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import click

from snapstore import adapter as adapters
from snapstore import secrets
from snapstore.app import App
from snapstore.capture import adapter_error, context_of
from snapstore.errors import Exit, SnapError
from snapstore.model import Notice
from snapstore.render.documents import DoctorDocument, Finding
from snapstore.render.style import ADDED, HAZARD, name, paint
from snapstore.workspace import Workspace


@click.command("doctor")
@click.pass_obj
def command(app: App) -> int:
    """Check the store, the sealing key and every resource; exit code 1 when something is wrong."""
    ws = app.workspace()
    findings: list[Finding] = []
    checked = []
    for area, check in _checks(app, ws):
        with app.working(f"checking {area}"):
            checked.append(area)
            findings += [Finding(area, notice.subject, notice.text) for notice in _run(check)]
    result = DoctorDocument(not findings, checked, findings)
    app.emit(lambda: _text(result), result)
    return Exit.DONE if result.well else Exit.ERROR


def _checks(app: App, ws: Workspace) -> Iterator[tuple[str, Callable[[], Iterable[Notice]]]]:
    yield "store", ws.store.check
    yield "key", partial(secrets.check, ws.config.store, app.env)
    for resource in ws.config.resources:
        yield resource, partial(_resource, ws, resource)


def _resource(ws: Workspace, resource: str) -> list[Notice]:
    config = ws.config.resources[resource]
    try:
        adapter = adapters.load(config.adapter)
        return adapter.check(config.settings, context_of(ws.config, ws.keys, resource))
    except Exception as error:
        raise adapter_error(resource, error) from error


def _run(check: Callable[[], Iterable[Notice]]) -> list[Notice]:
    try:
        return list(check())
    except SnapError as error:
        return [Notice(error.where, f"{error.what}{f' ({error.fix})' if error.fix else ''}")]


def _text(result: DoctorDocument) -> str:
    wrong = {finding.area for finding in result.findings}
    lines = []
    for area in result.checked:
        lines.append(f"{area}: {paint('wrong', HAZARD) if area in wrong else paint('well', ADDED)}")
        here = [finding for finding in result.findings if finding.area == area]
        lines += [f"  {name(finding.subject)}: {name(finding.text)}" for finding in here]
    return "\n".join(lines)
