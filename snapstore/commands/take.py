"""``snap take``: capture everything as one commit."""

from __future__ import annotations

import click
import msgspec

from snapstore.app import App
from snapstore.commands import options
from snapstore.deploys import record, told_now
from snapstore.render.style import CHANGED, name, paint
from snapstore.store import CommitInfo
from snapstore.take import TakeResult, take
from snapstore.workspace import Workspace


@click.command("take")
@click.option("-m", "--message", default="snapshot", show_default=True, help="What this snapshot is for.")
@click.option("--deploy", default="", metavar="ID", help="Record the deploy that is about to happen.")
@click.option(
    "--application",
    default="",
    metavar="COMMIT",
    help="Record the commit of the application that it deploys.",
)
@click.option("--operator", default="", metavar="NAME", help="Record who deploys it.")
@click.option("--notified", default="", metavar="WHOM", help="Record who was told of it, and how.")
@click.option("--strict", is_flag=True, help="Stop where something cannot be captured or restored as it is.")
@click.option("-q", "silent", is_flag=True, help="Print nothing but warnings.")
@options.scoped
@click.pass_obj
def command(
    app: App,
    message: str,
    deploy: str,
    application: str,
    operator: str,
    notified: str,
    strict: bool,
    silent: bool,
    only: tuple[str, ...],
    group: tuple[str, ...],
) -> None:
    """Capture all resources, or some, as one commit; none is made when nothing changed.

    What is recorded is kept with the snapshot, even when nothing changed and no new one is made.
    """
    ws = app.workspace(create=True)
    told = told_now(deploy, application, operator, notified)
    for notice in ws.keys.notices:
        app.note(f"{notice.subject}: {notice.text}")
    with app.working("taking a snapshot"):
        result = take(ws, message, options.scope(ws.config, only, group), strict=strict)
        if told:
            record(ws.store, result.commit, told)
            result = msgspec.structs.replace(result, told=told)
        result = _measured(app, ws, result)
    for resource, notices in result.notices.items():
        for notice in notices:
            app.note(paint(f"! {resource}: {name(notice.subject)}: {name(notice.text)}", CHANGED))
    if not silent or app.json:
        app.emit(lambda: _text(ws, result), result)


def _measured(app: App, ws: Workspace, result: TakeResult) -> TakeResult:
    """Keep with the snapshot what the configured metrics are now; a warning for what cannot be measured."""
    if not ws.config.watch.metrics:
        return result
    from snapstore.watch import baseline

    found = baseline.record(ws, result.commit)
    for metric, kept in found.items():
        if kept.problem:
            app.note(paint(f"! metric {name(metric)}: {name(kept.problem)}", CHANGED))
    return msgspec.structs.replace(result, metrics={metric: kept.values for metric, kept in found.items()})


def _text(ws: Workspace, result: TakeResult) -> str:
    from snapstore.render import snapshots

    info = ws.store.info(result.commit)
    if not result.changed:
        return "\n".join(
            [f"nothing changed since {snapshots.short(info)}", *_told(result), *_metrics(ws, result)]
        )
    lines = [f"[{ws.store.branch} {info.commit[:10]}] {name(snapshots.subject(info))}"]
    return "\n".join([*lines, *_since(ws, info, result), *_told(result), *_metrics(ws, result)])


def _told(result: TakeResult) -> list[str]:
    from snapstore.render import snapshots

    return [f"  {line}" for line in snapshots.said(result.told)] if result.told else []


def _metrics(ws: Workspace, result: TakeResult) -> list[str]:
    if not result.metrics:
        return []
    from snapstore.render import watching

    return watching.kept(result.metrics, ws.config.watch)


def _since(ws: Workspace, info: CommitInfo, result: TakeResult) -> list[str]:
    """What changed since the snapshot before, by resource."""
    from snapstore.render import changes as render
    from snapstore.retold import differences

    if not info.parents:
        return [f"  {resource}: first snapshot" for resource in result.resources]
    found = differences(ws.store.snapshot(info.parents[0]), ws.store.snapshot(info.commit))
    told = [f"  {changes.resource}: {render.summary(changes)}" for changes in found.changes]
    return told + [f"  {line}" for line in render.retold(found.retold)]
