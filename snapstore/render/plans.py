"""A plan for people: as text to confirm, as SQL to read. As a page to review it is in review.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import groupby

from snapstore.model import REFUSED_BY_DEFAULT, Action, Hazard, Plan, PlanSide, Verb
from snapstore.plan import hazards
from snapstore.render.statements import is_sql, pretty
from snapstore.render.style import ADDED, BOLD, CHANGED, DIM, HAZARD, REMOVED, REPLACED, name, paint
from snapstore.render.values import count, cut, size

MARKS = {
    Verb.CREATE: ("+", ADDED),
    Verb.ALTER: ("~", CHANGED),
    Verb.REPLACE: ("-/+", REPLACED),
    Verb.DROP: ("-", REMOVED),
}
_WORDS = {
    Verb.CREATE: "to create",
    Verb.ALTER: "to change",
    Verb.REPLACE: "to replace",
    Verb.DROP: "to destroy",
}
_SHOWN = 60
_LINES = 30


def text(plan: Plan, *, full: bool = False) -> str:
    """Numbered actions by resource, with statements, locks, sizes, hazards and how each is undone.

    Of a long list the first actions are shown and every one with a hazard, and of each what is said first;
    ``full`` shows all.
    """
    lines = [f"Plan: {_side(plan.base, 'live')} → {_side(plan.target, 'target')}", ""]
    for resource, numbered in _by_resource(plan):
        lines.append(paint(name(resource), BOLD))
        shown = [(n, a) for place, (n, a) in enumerate(numbered) if full or place < _SHOWN or a.hazards]
        for number, action in shown:
            lines += _action(number, action, full)
        if len(numbered) > len(shown):
            lines.append(paint(f"  … and {len(numbered) - len(shown):,} more", DIM))
        lines.append("")
    lines += [f"{_hazard(note)}" for note in plan.notes]
    return "\n".join([*lines, summary(plan)])


def summary(plan: Plan) -> str:
    """``3 resources, 7 to change, 2 to destroy, 1 hazard: data-loss``"""
    if not plan.actions:
        return "nothing to do" + _hazard_names(plan)
    verbs = Counter(action.verb for action in plan.actions)
    parts = [count(len({action.resource for action in plan.actions}), "resource")]
    parts += [f"{verbs[verb]:,} {word}" for verb, word in _WORDS.items() if verbs[verb]]
    return ", ".join(parts) + _hazard_names(plan)


def allow_words(stopping: Collection[Hazard]) -> str:
    """The options that let these hazards pass: ``--allow data-loss --allow downtime``."""
    return " ".join(f"--allow {name}" for name in sorted({hazard.name for hazard in stopping}))


def _hazard_names(plan: Plan) -> str:
    names = Counter(hazard.name for hazard in hazards(plan))
    if not names:
        return ""
    total = count(sum(names.values()), "hazard")
    return (
        f", {total}: {', '.join(found if n == 1 else f'{found} ×{n}' for found, n in sorted(names.items()))}"
    )


def _by_resource(plan: Plan) -> Iterator[tuple[str, list[tuple[int, Action]]]]:
    for resource, numbered in groupby(enumerate(plan.actions, 1), key=lambda pair: pair[1].resource):
        yield resource, list(numbered)


def _side(side: PlanSide, what: str) -> str:
    return f"{what} {side.commit[:10]}" if side.commit else f"{what} (tree {side.tree[:10]})"


def _action(number: int, action: Action, full: bool) -> Iterator[str]:
    mark, colour = MARKS[action.verb]
    yield f"{number:4}. {paint(f'{mark} {name(action.summary)}', colour)}"
    shown = action.statements if full else action.statements[:_LINES]
    for statement in shown:
        if statement != action.summary:
            lines = pretty(statement).splitlines()
            yield from _cut([f"        {line if full else cut(line)}" for line in lines], full)
    if len(action.statements) > len(shown):
        yield paint(f"        … and {len(action.statements) - len(shown):,} more", DIM)
    said = facts_of(action)
    if said:
        yield paint(f"        {' · '.join(said)}", DIM)
    yield from (f"        {_hazard(hazard)}" for hazard in action.hazards)
    if action.undo:
        first, *more = [line for step in action.undo for line in step.splitlines()]
        first = first if full else cut(first)
        yield paint(f"        undo: {first}" + (f" … ({count(len(more), 'more line')})" if more else ""), DIM)


def _cut(lines: list[str], full: bool) -> list[str]:
    if full or len(lines) <= _LINES:
        return lines
    return [
        *lines[:_LINES],
        paint(f"        … and {count(len(lines) - _LINES, 'more line')}", DIM),
    ]


def facts_of(action: Action) -> list[str]:
    """The lock of an action and its expected cost."""
    said = [f"lock {action.lock}"] if action.lock else []
    said += [count(action.rows, "row")] if action.rows is not None else []
    said += [size(action.bytes)] if action.bytes is not None else []
    return said


def _hazard(hazard: Hazard) -> str:
    colour = HAZARD if hazard.name in REFUSED_BY_DEFAULT else CHANGED
    return paint(f"! {hazard_text(hazard)}", colour)


def hazard_text(hazard: Hazard) -> str:
    """``data-loss: its values are lost (12,000 rows, 3.2 MB)``"""
    numbers = [count(hazard.rows, "row")] if hazard.rows is not None else []
    numbers += [size(hazard.bytes)] if hazard.bytes is not None else []
    return f"{hazard.name}: {name(hazard.text)}" + (f" ({', '.join(numbers)})" if numbers else "")


def sql(plan: Plan) -> str:
    """The statements in their order, exactly as they will run, with the rest as comments."""
    lines = [f"-- {summary(plan)}", f"-- plan {plan.digest}", *_comment(note.text for note in plan.notes)]
    for resource, numbered in _by_resource(plan):
        lines += ["", f"-- {name(resource)}"]
        for number, action in numbered:
            said = "".join(f"; {part}" for part in facts_of(action))
            lines += _comment([f"{number}. {name(action.summary)}{said}"])
            lines += _comment(hazard_text(hazard) for hazard in action.hazards)
            for statement in action.statements:
                lines += [_terminated(statement)] if is_sql(statement) else _comment([statement])
    return "\n".join(lines) + "\n"


def _terminated(statement: str) -> str:
    return statement.rstrip().removesuffix(";") + ";"


def _comment(texts: Collection[str] | Iterator[str]) -> list[str]:
    return [f"-- {line}" for text in texts for line in text.splitlines()]
