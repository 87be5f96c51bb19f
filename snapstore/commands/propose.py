"""``snap propose``: have a restore reviewed as a branch of the store's remote."""

from __future__ import annotations

import click

from snapstore.app import App
from snapstore.commands import options
from snapstore.errors import Exit
from snapstore.model import PlanOptions, Scope
from snapstore.render import documents
from snapstore.render.plans import summary
from snapstore.review.propose import Proposal, propose
from snapstore.workspace import Workspace


@click.command("propose")
@click.argument("revision")
@click.option("--rehearse", "first", is_flag=True, help="Rehearse it first, and propose only what passed.")
@options.planned
@options.reason
@options.scoped
@click.pass_obj
def command(
    app: App,
    revision: str,
    first: bool,
    wanted: options.Wanted,
    reason: str,
    only: tuple[str, ...],
    group: tuple[str, ...],
) -> int:
    """Push a restore of REVISION for review: a branch with its plan, and the state after it.

    Nothing in the systems changes.
    """
    ws = app.workspace()
    scope = options.scope(ws.config, only, group)
    how = wanted(ws.config)
    if first and not _passed(app, ws, revision, scope, how):
        return Exit.MISMATCH
    with app.working("proposing"):
        proposal = propose(ws, app.env, revision, scope, how, app.progress, reason)
    app.emit(lambda: text(proposal), lambda: documents.proposal(proposal))
    return Exit.DONE


def _passed(app: App, ws: Workspace, revision: str, scope: Scope, wanted: PlanOptions) -> bool:
    """Whether the rehearsal passed; what came of it is told where it did not."""
    from snapstore.rehearsal.rehearse import rehearse
    from snapstore.render import rehearsals

    with app.working("rehearsing"):
        plan, proof = rehearse(ws, revision, scope, wanted, report=app.progress)
    if proof is None or proof.passed:
        return True
    app.emit(
        lambda: f"{rehearsals.text(proof)}\nnothing was proposed",
        lambda: documents.RehearseDocument(plan.digest, False, proof),
    )
    return False


def text(proposal: Proposal) -> str:
    """Where the proposal is, for people."""
    if not proposal.branch:
        return "nothing to propose: the live state is already the one asked for"
    was = "" if proposal.changed else " (as it was)"
    where = f"\n{proposal.url}" if proposal.url else ""
    rehearsed = "; it was rehearsed" if proposal.proof else ""
    return f"{summary(proposal.plan)}{rehearsed}\nproposed as {proposal.branch}{was}{where}"
