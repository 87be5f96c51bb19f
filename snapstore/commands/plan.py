"""``snap plan``: what a restore would do."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from snapstore.app import App
from snapstore.commands import options
from snapstore.errors import Exit, SnapError
from snapstore.model import Plan
from snapstore.plan import encode, refused
from snapstore.render import plans, review
from snapstore.render.review import Terms
from snapstore.restore import plan_restore

PLANS = "refs/snapstore/plans/"
"""What plans lead to that were saved: `snap gc` leaves it."""
FORMATS = ("text", "markdown", "sql", "json")


@click.command("plan")
@click.argument("revision")
@click.option("-o", "--output", metavar="FILE", help="Save the plan for `snap apply`.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--exit-code", is_flag=True, help="Exit with 2 when there is something to do.")
@options.planned
@options.scoped
@options.full
@click.pass_obj
def command(
    app: App,
    revision: str,
    output: str | None,
    form: str,
    exit_code: bool,
    wanted: options.Wanted,
    only: tuple[str, ...],
    group: tuple[str, ...],
    full: bool,
) -> int:
    """What a restore of REVISION would do now: read it, save it, have it reviewed. Nothing changes."""
    ws = app.workspace()
    scope = options.scope(ws.config, only, group)
    how = wanted(ws.config)
    with app.working("planning"):
        plan = plan_restore(ws, revision, scope, how, app.progress)
    if output:
        save(Path(output), plan)
        if plan.target.commit:
            ws.store.pin(f"{PLANS}{plan.digest[:16]}", plan.target.commit)
    stopping = refused(plan, ws.config.allow, ws.config.refuse)
    allow = plans.allow_words(stopping)
    app.emit(lambda: render(plan, form, full, _terms(output, allow)), plan)
    if stopping:
        app.progress(f"carrying it out needs: {allow}")
    return Exit.DIFFERENT if plan.actions and exit_code else Exit.DONE


def _terms(output: str | None, allow: str) -> Terms | None:
    """How a plan that was saved is applied."""
    if output is None:
        return None
    command = f"snap apply {shlex.quote(output)} {allow}".rstrip()
    return Terms(command, "no approval, which a file cannot carry")


def render(plan: Plan, form: str, full: bool = False, terms: Terms | None = None) -> str:
    """A plan in one of :data:`FORMATS`."""
    if form == "markdown":
        return review.page(plan, terms)
    if form == "sql":
        return plans.sql(plan)
    return encode(plan).decode() if form == "json" else plans.text(plan, full=full)


def save(path: Path, plan: Plan) -> None:
    """Write a plan to a file, whole or not at all."""
    half = path.with_name(f".{path.name}.half")
    try:
        half.write_bytes(encode(plan))
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        fix = "name a place that this user may write to"
        raise SnapError(f"cannot be written: {error.strerror}", where=str(path), fix=fix) from None
