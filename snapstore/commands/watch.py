"""``snap watch``: measure after a deploy, and act where it made things worse."""

from __future__ import annotations

import click
import msgspec

from snapstore.app import App
from snapstore.commands import options
from snapstore.config.watching import Reaction
from snapstore.errors import Exit
from snapstore.render import watching as render
from snapstore.watch.against import before_deploy
from snapstore.watch.judge import Phase
from snapstore.watch.reaction import react, unclear
from snapstore.watch.watching import watch
from snapstore.workspace import Workspace


@click.command("watch")
@click.argument("revision", required=False)
@click.option(
    "--action",
    type=click.Choice([action.value for action in Reaction]),
    help="What follows a breach, instead of [watch] action.",
)
@click.option(
    "--count", type=click.IntRange(min=1), metavar="N", help="How many times to measure each metric."
)
@click.option(
    "--interval",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time between two measurements.",
)
@options.allow
@options.scoped
@click.pass_obj
def command(
    app: App,
    revision: str | None,
    action: str | None,
    count: int | None,
    interval: float | None,
    allow: tuple[str, ...],
    only: tuple[str, ...],
    group: tuple[str, ...],
) -> int:
    """Compare the metrics with those at REVISION (the last snapshot that was taken before a deploy).

    Exit code 2 when one got worse; then the plan back is written, and proposed or carried out as asked for.
    """
    ws = _paced(app.workspace(), count, interval)
    scope = options.scope(ws.config, only, group)
    before = ws.store.resolve(revision) if revision else before_deploy(ws)
    watched = watch(ws, before, lambda found: app.progress(render.line(ws.config.watch, found)))
    wanted = Reaction(action) if action else ws.config.watch.action
    reacted = None
    if watched.verdict is Phase.FAILED:
        allowances = options.allowed(ws.config, allow)
        reacted = react(ws, app.env, watched, wanted, scope, allowances, app.progress)
    elif watched.verdict is not Phase.SUCCESSFUL:
        unclear(ws, watched, app.note)
    app.emit(lambda: render.text(watched, reacted), lambda: render.document(watched, wanted, reacted))
    return exit_code(watched.verdict, reacted.result.exit if reacted and reacted.result else Exit.DONE)


def exit_code(verdict: Phase, restored: Exit) -> Exit:
    """A restore that went wrong outweighs what made it necessary."""
    if verdict is Phase.FAILED:
        return restored if restored is not Exit.DONE else Exit.DIFFERENT
    return Exit.DONE if verdict is Phase.SUCCESSFUL else Exit.ERROR


def _paced(ws: Workspace, count: int | None, interval: float | None) -> Workspace:
    """The same with another pace for every metric."""
    given = {key: value for key, value in (("count", count), ("interval", interval)) if value is not None}
    replace = msgspec.structs.replace
    config = ws.config.watch
    metrics = tuple(replace(metric, pace=replace(metric.pace, **given)) for metric in config.metrics)
    return replace(ws, config=replace(ws.config, watch=replace(config, metrics=metrics)))
