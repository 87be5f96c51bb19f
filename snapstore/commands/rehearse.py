"""``snap rehearse``: carry a plan out where it hurts nobody."""

from __future__ import annotations

import click

from snapstore.app import App
from snapstore.commands import options
from snapstore.errors import Exit
from snapstore.rehearsal.rehearse import rehearse


@click.command("rehearse")
@click.argument("revision")
@click.option(
    "--rows",
    type=click.IntRange(min=0),
    default=0,
    metavar="NUMBER",
    help="Copy this many rows of each table into the scratch database; by default none.",
)
@options.planned
@options.scoped
@options.full
@click.pass_obj
def command(
    app: App,
    revision: str,
    rows: int,
    wanted: options.Wanted,
    only: tuple[str, ...],
    group: tuple[str, ...],
    full: bool,
) -> int:
    """Carry out a restore of REVISION on a scratch copy of each system, and compare what it led to.

    The live systems are only read. Exit code 4 when the restore would not lead there as planned.
    """
    from snapstore.render import documents, rehearsals

    ws = app.workspace()
    scope = options.scope(ws.config, only, group)
    how = wanted(ws.config)
    with app.working("rehearsing"):
        plan, proof = rehearse(ws, revision, scope, how, rows, app.progress)
    passed = proof is None or proof.passed
    app.emit(
        lambda: rehearsals.text(proof, full=full) if proof else "nothing to rehearse: there is nothing to do",
        lambda: documents.RehearseDocument(plan.digest, passed, proof),
    )
    return Exit.DONE if passed else Exit.MISMATCH
