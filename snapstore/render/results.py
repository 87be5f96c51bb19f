"""How a restore ended, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snapstore.model import Condition, Outcome
from snapstore.render import plans
from snapstore.render.style import ADDED, CHANGED, HAZARD, name, paint
from snapstore.render.values import count

if TYPE_CHECKING:
    from snapstore.restored import RestoreResult

_COLOURS = {Condition.UNCHANGED: "", Condition.RESTORED: ADDED, Condition.PARTIAL: HAZARD}


def text(result: RestoreResult, *, with_plan: bool = False) -> str:
    """The condition of each resource, whether the result was proven, and the way back."""
    if not result.plan.actions and result.verified:
        return "nothing to do: the live state is already the one asked for"
    lines = [plans.text(result.plan), ""] if with_plan else []
    lines += [_outcome(outcome) for outcome in result.outcomes]
    if result.verified:
        lines.append(paint("verified: the live state was captured again and is the one asked for", ADDED))
    if result.mismatches:
        lines.append(paint("NOT verified: this is not as asked for:", HAZARD))
        lines += [f"  {name(mismatch)}" for mismatch in result.mismatches]
    lines += [paint(problem, HAZARD) for problem in result.problems]
    if result.commit:
        lines.append(f"committed as {paint(result.commit[:10], CHANGED)}")
    if result.safety:
        lines.append(
            f"the state before is kept as {paint(result.safety[:10], CHANGED)}; go back with: snap undo"
        )
    return "\n".join(lines)


def _outcome(outcome: Outcome) -> str:
    said = f"{outcome.resource}: {outcome.condition}"
    done = f" ({outcome.done:,} of {count(outcome.total, 'action')})" if outcome.total else ""
    error = ": " + "\n".join(map(name, outcome.error.split("\n"))) if outcome.error else ""
    colour = _COLOURS[outcome.condition]
    return (paint(said, colour) if colour else said) + done + error
