"""A rehearsal for people: as text, and as the part of a plan's page that carries its proof."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.rehearsal.proof import How, Part, Proof, Step
from snapstore.render.plans import MARKS
from snapstore.render.style import ADDED, BOLD, DIM, HAZARD, name, paint
from snapstore.render.values import count

_SHOWN = 60


def text(proof: Proof, *, full: bool = False) -> str:
    """Each resource with where it was rehearsed, its actions with locks and times, and what came of it."""
    lines = [line for part in proof.parts for line in (*_part(part, full), "")]
    if not proof.passed:
        return "\n".join([*lines, paint("NOT passed: a restore would not lead there as planned", HAZARD)])
    weaker = [part.resource for part in proof.parts if part.how is How.MODEL]
    passed = paint("passed: the plan leads to the state asked for", ADDED)
    return "\n".join([*lines, passed, *([_weaker(weaker)] if weaker else [])])


def _weaker(names: list[str]) -> str:
    return f"on their facts alone, which is weaker: {', '.join(map(name, names))}"


def _part(part: Part, full: bool) -> Iterator[str]:
    on = f" ({part.version})" if part.version else ""
    yield f"{paint(name(part.resource), BOLD)}: {name(part.where)}{on}, {part.seconds:.1f} s"
    shown = part.steps if full else part.steps[:_SHOWN]
    yield from map(_step, shown)
    if len(part.steps) > len(shown):
        yield paint(f"  … and {len(part.steps) - len(shown):,} more", DIM)
    yield from (f"  {name(note)}" for note in part.notes)
    yield from (paint(f"  ! {name(line)}", HAZARD) for line in part.error.splitlines())
    yield from (paint(f"  ! {name(mismatch)}", HAZARD) for mismatch in part.mismatches)


def _step(step: Step) -> str:
    mark, colour = MARKS[step.verb]
    lock = f", lock {step.lock}" if step.lock else ""
    return f"  {took(step):>10}  {paint(f'{mark} {name(step.summary)}', colour)}{paint(lock, DIM)}"


def took(step: Step) -> str:
    """``2.4 ms``"""
    return "not run" if step.seconds is None else f"{step.seconds * 1000:,.1f} ms"


def summary(proof: Proof) -> str:
    """``Passed on 2026-11-26T20:14:09Z, snapstore 0.1.0: 2 resources, 9 actions``"""
    actions = sum(len(part.steps) for part in proof.parts)
    how = "Passed" if proof.passed else "**NOT passed**"
    parts = f"{count(len(proof.parts), 'resource')}, {count(actions, 'action')}"
    return f"{how} on {proof.time}, snapstore {proof.snapstore}: {parts}."
