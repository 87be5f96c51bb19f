"""The report of one restore: as Markdown, as a page, as an entry of the lessons learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snapstore.model import REFUSED_BY_DEFAULT, FactChange, FileChange, Hazard, ResourceChanges
from snapstore.render.changes import sign
from snapstore.render.page import Markup, badge, clock, joined, moment, page, section, table, tag
from snapstore.render.plots import drawing
from snapstore.render.review import code
from snapstore.render.style import finish, name
from snapstore.render.values import count, size, title
from snapstore.reports.story import Box, Moment, Story, counts
from snapstore.secrets import REDACTOR
from snapstore.watch.judge import in_unit
from snapstore.watch.readings import short

_SHOWN = 40
_MOODS = {"+": "good", "~": "warn", "-": "bad"}


def heading(story: Story) -> str:
    return f"{story.purpose} to {story.target}"


# Markdown


def markdown(story: Story) -> str:
    """The report as Markdown. All that is foreign stands in code."""
    lines = [
        f"# Restore {story.number}: {story.purpose} to {code(story.target)}",
        "",
        f"**{story.result.capitalize()}.** {code(story.branch)}, {_span(story)}, by {code(story.who)}.",
        "",
        *_letter_lines(story),
        *_part("Timeline", [f"- {moment(m.time)} {code(m.text)}" for m in story.moments]),
        *_part("Metrics", list(_metric_lines(story))),
        *_part("What changed", list(_change_lines(story.changes))),
        *_part("Hazards", _hazard_lines(story.hazards)),
        *_part("Verification", list(_proof_lines(story))),
        *_part("Follow-up", [_box(box) for box in story.follow_up]),
    ]
    return finish(REDACTOR.redact("\n".join(lines)), colour=False) + "\n"


def _part(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"## {title}", "", *lines] if lines else []


def _span(story: Story) -> str:
    return f"{moment(story.began)}, {story.duration}"


def _letter_lines(story: Story) -> list[str]:
    """The brief's template for telling others, filled in."""
    lines = [
        "## Communication",
        "",
        f"Subject: [ROLLBACK] {code(heading(story))}",
        "",
        "Team,",
        "",
        f"We have initiated a rollback of {code(story.branch)} due to: {code(story.reason)}",
        "",
        f"**Impact**: {code(story.impact)}",
        f"**Duration**: {code(story.duration)}",
        f"**Action Required**: {code(story.action)}",
        "",
        "Current Status:",
        *(_box(box) for box in story.status),
    ]
    return [*lines, "", *(f"- {code(contact)}" for contact in story.contacts)] if story.contacts else lines


def _box(box: Box) -> str:
    return f"- [{'x' if box.done else ' '}] {box.text}"


def _metric_lines(story: Story) -> Iterator[str]:
    for plot in story.plots:
        before = f"before {in_unit(plot.unit, plot.before)}, " if plot.before is not None else ""
        called = short(plot.series)
        for series, points in plot.series.items():
            if points:
                named = f"{plot.name}{{{called[series]}}}" if called[series] else plot.name
                worst = max(value for _, value in points)
                last = in_unit(plot.unit, points[-1][1])
                yield f"- {code(named)}: {before}at most {in_unit(plot.unit, worst)}, last {last}"


def _change_lines(changes: Sequence[ResourceChanges]) -> Iterator[str]:
    for found in changes:
        yield f"- {code(found.resource)} ({code(found.adapter)}): {_counted(found)}"
        for mark, called in _names(found)[:_SHOWN]:
            yield f"  - {mark} {code(called)}"
        if len(_names(found)) > _SHOWN:
            yield f"  - and {len(_names(found)) - _SHOWN:,} more"


def _counted(found: ResourceChanges) -> str:
    return " ".join(f"{mark}{number:,}" for mark, number in sorted(counts(found).items()))


def _names(found: ResourceChanges) -> list[tuple[str, str]]:
    changes: list[FactChange | FileChange] = [*found.facts, *found.files]
    return [(sign(change), _called(change)) for change in changes]


def _called(change: FactChange | FileChange) -> str:
    if isinstance(change, FileChange):
        return name(change.path)
    fact = change.after or change.before
    return title(fact) if fact else change.id


def _hazard_lines(hazards: Sequence[tuple[str, Hazard]]) -> list[str]:
    if not hazards:
        return []
    rows = [
        f"| **{h.name}** | {code(of) if of else ''} | {code(h.text)} | {_amount(h)} |" for of, h in hazards
    ]
    return ["| hazard | of | what | how much |", "|---|---|---|--:|", *rows]


def _amount(hazard: Hazard) -> str:
    rows = [count(hazard.rows, "row")] if hazard.rows is not None else []
    return ", ".join([*rows, *([size(hazard.bytes)] if hazard.bytes is not None else [])])


def _proof_lines(story: Story) -> Iterator[str]:
    for outcome in story.outcomes:
        error = f": {code(outcome.error)}" if outcome.error else ""
        yield f"- {code(outcome.resource)} {outcome.condition}, {outcome.done} of {outcome.total}{error}"
    yield from (f"- not as promised: {code(problem)}" for problem in story.problems)
    if story.well:
        yield "- the live state was captured again and compared: it is the one asked for"
    yield f"- the state before is kept as {code(story.safety)}; the plan was {code(story.digest[:12])}"


# Lessons learned


def marker(story: Story) -> str:
    """What tells that a file has the entry of a restore already."""
    return f"<!-- snapstore: restore {story.number} of {story.safety} -->"


def lesson(story: Story) -> str:
    """An entry for the file of lessons learned, for people to go on with."""
    lines = [
        f"## {moment(story.began)[:10]}: restore {story.number}, {story.purpose} to {code(story.target)}",
        "",
        f"- **Reason**: {code(story.reason)}",
        *([f"- **Deploy**: {code(story.deploy)}"] if story.deploy else []),
        f"- **Impact**: {code(story.impact)}",
        f"- **Duration**: {code(story.duration)}",
        f"- **Result**: {code(story.result)}",
        *(f"- **Changed**: {code(found.resource)} {_counted(found)}" for found in story.changes),
        f"- **Root cause**: {code(story.root_cause) if story.root_cause else 'to be found'}",
        "- **What we do about it**:",
        "",
        *(_box(box) for box in story.follow_up if not box.done),
        "",
        marker(story),
    ]
    return finish(REDACTOR.redact("\n".join(lines)), colour=False) + "\n"


# HTML


def html(story: Story) -> str:
    """The same as a page that needs nothing else."""
    return page(
        f"Restore {story.number}: {heading(story)}",
        _top(story),
        section("Communication", _letter(story)),
        section("Timeline", tag("ol", *map(_moment, story.moments), class_="time")),
        section("Metrics", _plots(story)) if story.plots else None,
        section("What changed", *(_changed(found) for found in story.changes)),
        section("Hazards", _hazards(story.hazards)) if story.hazards else None,
        section("Verification", *_proof(story)),
        section("Follow-up", _boxes(story.follow_up)),
        tag("footer", f"snapstore, branch {story.branch}, plan {story.digest}"),
    )


def _top(story: Story) -> Markup:
    facts = {
        "Began": moment(story.began),
        "Duration": story.duration,
        "By": story.who,
        "Deploy": story.deploy,
        "State after": story.commit or "",
        "State before": story.safety,
    }
    cells = [tag("div", tag("dt", key), tag("dd", said)) for key, said in facts.items() if said]
    reason = [tag("div", tag("dt", "Reason"), tag("dd", story.reason), class_="wide")]
    cause = [tag("div", tag("dt", "Root cause"), tag("dd", story.root_cause), class_="wide")]
    return tag(
        "header",
        tag("div", f"Restore {story.number} · {story.branch}", class_="over"),
        tag("h1", heading(story)[:1].upper() + heading(story)[1:]),
        badge(story.result, "good" if story.well else "bad"),
        tag("dl", *cells, *reason, *(cause if story.root_cause else []), class_="facts"),
    )


def _letter(story: Story) -> Markup:
    """The brief's template for telling others, filled in."""
    said = {"Impact": story.impact, "Duration": story.duration, "Action required": story.action}
    return tag(
        "div",
        tag("p", tag("b", f"[ROLLBACK] {heading(story)}")),
        tag("p", f"Team, we have initiated a rollback of {story.branch} due to: {story.reason}"),
        *(tag("p", tag("b", f"{key}: "), text) for key, text in said.items()),
        tag("p", tag("b", "Current status")),
        _boxes(story.status),
        *(tag("p", contact, class_="dim") for contact in story.contacts),
        class_="letter",
    )


def _boxes(boxes: Sequence[Box]) -> Markup:
    return tag(
        "ul", *(tag("li", box.text, class_="done" if box.done else None) for box in boxes), class_="boxes"
    )


def _moment(found: Moment) -> Markup:
    when = tag("time", clock(found.time), title=moment(found.time))
    return tag("li", when, tag("span", class_=f"dot {found.mood}"), tag("span", found.text, class_="what"))


def _plots(story: Story) -> Markup:
    ended = story.ended or story.began
    return tag("div", *(drawing(plot, story.began, ended) for plot in story.plots), class_="plots")


def _changed(found: ResourceChanges) -> Markup:
    return tag(
        "details",
        tag("summary", tag("b", found.resource), tag("span", found.adapter, class_="dim"), chips(found)),
        names(found),
    )


def chips(found: ResourceChanges) -> Markup:
    """How many were added, changed and removed, in colours."""
    known = counts(found)
    shown = [tag("span", f"{m}{known[m]:,}", class_=f"chip {_MOODS[m]}") for m in "+~-" if known[m]]
    return tag("span", *shown, class_="chips")


def names(found: ResourceChanges) -> Markup:
    """Each fact and file that changed; a long list is cut."""
    known = _names(found)
    lines = [tag("li", tag("b", mark, class_=_MOODS[mark]), called) for mark, called in known[:_SHOWN]]
    more = [tag("li", f"and {len(known) - _SHOWN:,} more", class_="dim")] if len(known) > _SHOWN else []
    return tag("ul", *lines, *more, class_="names")


def _hazards(hazards: Sequence[tuple[str, Hazard]]) -> Markup:
    rows: list[list[str | None]] = [
        [badge(h.name, "bad" if h.name in REFUSED_BY_DEFAULT else "warn"), of, h.text, _amount(h)]
        for of, h in hazards
    ]
    return table(["Hazard", "Of", "What", "How much"], rows, frozenset({3}))


def _proof(story: Story) -> Iterator[Markup]:
    rows: list[list[str | None]] = [
        [tag("b", o.resource), o.condition, f"{o.done:,} of {o.total:,}", o.error] for o in story.outcomes
    ]
    if rows:
        yield table(["Resource", "State", "Actions", ""], rows, frozenset({2}))
    said = "The live state was captured again and compared with what was promised."
    yield tag("p", badge("verified", "good") if story.well else badge("not verified", "bad"), " ", said)
    if story.problems:
        yield tag("ul", *(tag("li", problem) for problem in story.problems), class_="names")
    back = joined("The state before is kept as ", tag("code", story.safety), "; ", tag("code", "snap undo"))
    yield tag("p", back, " goes back.", class_="dim")
