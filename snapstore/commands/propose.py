"""``snap propose``: have a restore reviewed as a branch of the store's remote."""

from __future__ import annotations

import click

from snapstore.app import App
from snapstore.commands import options
from snapstore.render import documents
from snapstore.render.plans import summary
from snapstore.review.propose import Proposal, propose


@click.command("propose")
@click.argument("revision")
@options.data
@options.exact_column_order
@options.locking
@options.rename
@options.scoped
@click.pass_obj
def command(
    app: App,
    revision: str,
    data: str | None,
    exact_column_order: bool,
    locking: str | None,
    renames: tuple[str, ...],
    only: tuple[str, ...],
    group: tuple[str, ...],
) -> None:
    """Push a restore of REVISION for review: a branch with its plan, and the state after it.

    Nothing in the systems changes.
    """
    ws = app.workspace()
    scope = options.scope(ws.config, only, group)
    wanted = options.plan_options(ws.config, data, exact_column_order, locking, renames)
    with app.working("proposing"):
        proposal = propose(ws, app.env, revision, scope, wanted, app.progress)
    app.emit(lambda: text(proposal), lambda: documents.proposal(proposal))


def text(proposal: Proposal) -> str:
    """Where the proposal is, for people."""
    if not proposal.branch:
        return "nothing to propose: the live state is already the one asked for"
    was = "" if proposal.changed else " (as it was)"
    where = f"\n{proposal.url}" if proposal.url else ""
    return f"{summary(proposal.plan)}\nproposed as {proposal.branch}{was}{where}"
