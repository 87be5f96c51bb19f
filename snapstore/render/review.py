"""A plan as the page that a team reviews: ``PLAN.md``, and the body of a pull or merge request.

A pure function of the plan and of what the rule of review says. Everything foreign (names, statements, texts
of servers) stands in code, in which no renderer of Markdown looks for mark-up, mentions or links.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from snapstore.errors import Exit
from snapstore.model import Action, DataMode, Hazard, HazardName, Outcome, Plan, Verb
from snapstore.rehearsal.proof import Part, Proof, Step
from snapstore.render import rehearsals
from snapstore.render.plans import facts_of, hazard_text, summary
from snapstore.render.style import finish, name
from snapstore.render.values import count, size

if TYPE_CHECKING:
    from snapstore.restored import RestoreResult

GITHUB, GITLAB = 65_536, 1_000_000
"""Characters that the body of a request, or a comment, may have."""

_MARKS = {Verb.CREATE: "+", Verb.DROP: "-"}
_DONE = {Verb.CREATE: "creates", Verb.ALTER: "changes", Verb.REPLACE: "replaces", Verb.DROP: "destroys"}
_NAMED = 3
_FOLDED = 12
_PER_SECOND = 100_000_000
_TAKES_TIME = {
    HazardName.TABLE_REWRITE,
    HazardName.BLOCKING_LOCK,
    HazardName.INDEX_BUILD,
    HazardName.DOWNTIME,
}
_ROWS = {
    DataMode.ARCHIVE: "Rows in the way go into an archive, from which restoring forward takes them back.",
    DataMode.DISCARD: "Rows in the way are **thrown away**.",
    DataMode.REFUSE: "Rows in the way stop it.",
}


class Terms(msgspec.Struct, frozen=True):
    """What the page says of how the plan is applied: the exact command, and in words who has to approve it.

    ``whole`` is the path of the file that has what a cut page leaves out.
    """

    command: str
    approval: str
    whole: str = ""


class _Section(msgspec.Struct, frozen=True):
    """A part of the page; of a page that is too long those of the highest ``rank`` are left out."""

    rank: int
    lines: list[str]

    @property
    def text(self) -> str:
        return finish("\n".join(self.lines), colour=False) + "\n"


def page(plan: Plan, terms: Terms | None = None, limit: int | None = None, proof: Proof | None = None) -> str:
    """The page, of at most ``limit`` characters where one is given: cut at a section, never inside one."""
    sections = [
        _Section(0, [f"**{summary(plan)}**"]),
        _Section(2, ["### What it does", "", *_words(plan)]),
        _Section(1, _hazards(plan)),
        _Section(2, _rehearsal(proof) if proof else []),
        *(_Section(3, lines) for lines in _operations(plan)),
        _Section(0, _applying(plan, terms)),
    ]
    kept = [section for section in sections if section.lines]
    if limit is None or len(_joined(kept)) <= limit:
        return _joined(kept)
    return _cut(kept, limit, terms.whole if terms else "")


def _joined(sections: Sequence[_Section]) -> str:
    return "\n".join(section.text for section in sections)


def _cut(sections: Sequence[_Section], limit: int, whole: str) -> str:
    """The sections by rank until one does not fit, in the order of the page; what is missing is said."""
    where = f": {code(whole)} has all of it" if whole else ""
    note = _Section(0, ["---", f"✂️ This is too long for here and was cut{where}."])
    kept = {id(section) for section in sections if section.rank == 0}

    def shown() -> list[_Section]:
        return [*(section for section in sections if id(section) in kept), note]

    for section in sorted(sections, key=lambda section: section.rank):
        kept.add(id(section))
        if len(_joined(shown())) > limit:
            kept.discard(id(section))
            break
    return _joined(shown())


# What it does


def _words(plan: Plan) -> Iterator[str]:
    if not plan.actions:
        yield "Nothing: the live state is already that one."
        return
    target = plan.target.commit or plan.target.tree
    yield f"It brings the live systems back to the snapshot {code(target[:10])}, in this order:"
    yield ""
    for resource, actions in groupby(plan.actions, key=lambda action: action.resource):
        yield _of_resource(resource, list(actions))
    yield ""
    if plan.scope.patterns:
        yield f"Only {', '.join(map(code, plan.scope.patterns))}: all else stays as it is."
    yield (
        f"{_ROWS[plan.options.data]} The state before is kept, the state after is captured and compared with"
        " the snapshot."
    )


def _of_resource(resource: str, actions: Sequence[Action]) -> str:
    """``db destroys 1 (drop column x) and changes 2 (…, …)``"""
    parts = []
    for verb, word in _DONE.items():
        found = [action.summary for action in actions if action.verb is verb]
        if found:
            more = f", and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
            parts.append(f"{word} {len(found):,} ({', '.join(map(code, found[:_NAMED]))}{more})")
    how = ", in one transaction" if all(action.transactional for action in actions) else ""
    return f"- {code(resource)} {'; '.join(parts)}{how}"


# Hazards


def _hazards(plan: Plan) -> list[str]:
    """A table: what, how much of it, which lock is held, and for how long about."""
    rows = [_row(hazard, None) for hazard in plan.notes]
    rows += [_row(hazard, action) for action in plan.actions for hazard in action.hazards]
    if not rows:
        return []
    head = ["| hazard | of | what | rows | bytes | lock | expected time |", "|---|---|---|--:|--:|---|---|"]
    return ["### Hazards", "", *head, *rows]


def _row(hazard: Hazard, action: Action | None) -> str:
    lock = code(action.lock) if action and action.lock else ""
    rows = f"{hazard.rows:,}" if hazard.rows is not None else ""
    bytes_ = size(hazard.bytes) if hazard.bytes is not None else ""
    of = code(action.resource) if action else ""
    cells = [f"**{hazard.name}**", of, code(hazard.text), rows, bytes_, lock, _time(hazard)]
    return f"| {' | '.join(cells)} |"


def _time(hazard: Hazard) -> str:
    """Nobody has measured it; a rate that ordinary disks reach tells a second from an hour."""
    if hazard.bytes is None or hazard.name not in _TAKES_TIME:
        return ""
    seconds = hazard.bytes / _PER_SECOND
    if seconds < 1:
        return "< 1 s"
    if seconds < 120:
        return f"≈ {seconds:.0f} s at 100 MB/s"
    return f"≈ {seconds / 60:,.0f} min at 100 MB/s"


# Rehearsal


def _rehearsal(proof: Proof) -> list[str]:
    """What was checked, where and when, and the time that each action took there."""
    head = ["| resource | rehearsed on | version | actions | seconds | result |", "|---|---|---|--:|--:|---|"]
    wrong = [f"- {code(text)}" for part in proof.parts for text in (part.error, *part.mismatches) if text]
    notes = [f"- {code(part.resource)}: {code(note)}" for part in proof.parts for note in part.notes]
    steps = [line for part in proof.parts for line in map(_step, part.steps)]
    said = [line for lines in (wrong, notes) if lines for line in ("", *lines)]
    table = [*head, *map(_rehearsed, proof.parts)]
    return ["### Rehearsal", "", rehearsals.summary(proof), "", *table, *said, "", *_folded(steps)]


def _rehearsed(part: Part) -> str:
    cells = [
        code(part.resource),
        code(part.where),
        code(part.version) if part.version else "",
        f"{len(part.steps):,}",
        f"{part.seconds:.1f}",
        "passed" if part.passed else "**not passed**",
    ]
    return f"| {' | '.join(cells)} |"


def _step(step: Step) -> str:
    lock = f" · lock {step.lock}" if step.lock else ""
    return f"{_MARKS.get(step.verb, '!')} {rehearsals.took(step)} {name(step.summary + lock)}"


# Operations


def _operations(plan: Plan) -> Iterator[list[str]]:
    """A section for each resource, the first with the heading of all."""
    title = ["### Operations", ""]
    numbered = enumerate(plan.actions, 1)
    for resource, group in groupby(numbered, key=lambda pair: pair[1].resource):
        found = list(group)
        lines = [line for number, action in found for line in _operation(number, action)]
        said = f"{code(resource)}: {count(len(found), 'action')}"
        yield [*title, said, "", *_folded(lines)]
        title = []


def _operation(number: int, action: Action) -> Iterator[str]:
    """A line that the colours of a diff make stand out, and below it, indented, what will be run."""
    said = "".join(f" · {part}" for part in facts_of(action))
    yield f"{_MARKS.get(action.verb, '!')} {number}. {name(action.summary + said)}"
    for statement in action.statements:
        yield from (f"    {line}" for line in statement.split("\n"))
    yield from (f"# {hazard_text(hazard)}" for hazard in action.hazards)


def _folded(lines: list[str]) -> list[str]:
    block = fence("diff", lines)
    if len(lines) <= _FOLDED:
        return block
    return ["<details>", f"<summary>Show {len(lines):,} lines</summary>", "", *block, "", "</details>"]


# How it is applied


def _applying(plan: Plan, terms: Terms | None) -> list[str]:
    base, target = (code((side.commit or side.tree)[:10]) for side in (plan.base, plan.target))
    made = f"Made for the state {base}, leads to {target}; digest {code(plan.digest)}."
    if terms is None:
        return [made]
    return [
        "### Applying it",
        "",
        *fence("sh", [terms.command]),
        "",
        f"Required: {terms.approval}.",
        "",
        f"{made} It is refused where the live state has moved on, or where one byte of it was changed.",
    ]


# How it went


def results(result: RestoreResult) -> str:
    """What became of it, for the comment of a request."""
    if not result.plan.actions and result.verified:
        return "Nothing to do: the live state was already that one."
    lines = [f"**{headline(result)}.**", ""]
    lines += [_outcome(outcome) for outcome in result.outcomes]
    lines += [f"- not as promised: {code(mismatch)}" for mismatch in result.mismatches]
    lines += [f"- {code(problem)}" for problem in result.problems]
    lines += ["", f"The result is {code(result.commit[:10])}."] if result.commit else []
    lines += (
        ["", f"The state before is {code(result.safety[:10])}; `snap undo` goes back."]
        if result.safety
        else []
    )
    return "\n".join(lines)


def headline(result: RestoreResult) -> str:
    """The same in a few words."""
    if any(outcome.error for outcome in result.outcomes):
        return "Failed"
    if result.exit is Exit.DONE:
        return "Applied and verified"
    return "Applied, but not as promised" if result.mismatches else "Applied, with problems"


def _outcome(outcome: Outcome) -> str:
    done = f" ({outcome.done:,} of {count(outcome.total, 'action')})" if outcome.total else ""
    error = f": {code(outcome.error)}" if outcome.error else ""
    return f"- {code(outcome.resource)} {outcome.condition}{done}{error}"


# Markdown


def fence(language: str, lines: Collection[str]) -> list[str]:
    """A code block that nothing in its lines can end."""
    longest = max((len(run) for line in lines for run in re.findall("`{3,}", line)), default=2)
    ticks = "`" * (longest + 1)
    return [ticks + language, *lines, ticks]


def code(text: str) -> str:
    """Foreign text as code in a line or in a cell of a table.

    Backquotes do where the text has none itself, nor what cells of a table are divided by. All else becomes
    an HTML element in which no character is left that Markdown, or a forge, could see anything in.
    """
    shown = finish(name(text), colour=False)
    if shown.strip() and not re.search(r"[`|\\]", shown):
        return f"`{shown}`"
    return f"<code>{re.sub(_MARKUP, lambda found: f'&#{ord(found[0])};', shown)}</code>"


_MARKUP = r"[^\w\s(),;/=+-]|_"
"""What is not a letter, a digit, or punctuation that means nothing anywhere; a dot makes links of names."""
