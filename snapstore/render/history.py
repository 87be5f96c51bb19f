"""The history of a store as a page: what changed in which resource, when, and where restores went."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from snapstore.model import ResourceChanges
from snapstore.render.page import Markup, badge, joined, page, section, tag
from snapstore.render.report import chips, names
from snapstore.render.values import count
from snapstore.reports.story import counts
from snapstore.store import CommitInfo

_COLUMNS = 60
_LANE, _TRUNK, _MOST_LANES = 14, 22, 5


class Row(msgspec.Struct, frozen=True):
    """A snapshot, or a restore that made none; newest first. ``leads_to`` is the row of the snapshot that a
    restore went back to, where that is shown. ``well`` is None for what is no restore."""

    time: str
    title: str
    info: CommitInfo | None = None
    changes: list[ResourceChanges] = []
    leads_to: int | None = None
    well: bool | None = None
    details: list[tuple[str, str]] = []


def html(branch: str, rows: Sequence[Row], more: bool) -> str:
    """The page. ``more`` says that the history goes on behind the last row."""
    restores = sum(row.well is not None for row in rows)
    taken = sum(row.info is not None for row in rows)
    said = f"{count(taken, 'snapshot')}, {count(restores, 'restore')}"
    lanes = _lanes(rows)
    width = _TRUNK + _LANE * (1 + max((lane for lane, _, _ in lanes), default=-1)) + 4
    items = [_item(row, place, lanes, width) for place, row in enumerate(rows)]
    rest = (
        tag("p", "Older snapshots are not shown: snap log --html -n NUMBER", class_="dim") if more else None
    )
    return page(
        f"History of {branch}",
        tag("header", tag("div", "History", class_="over"), tag("h1", branch), tag("p", said, class_="dim")),
        section("By resource", _heat(rows)) if any(row.changes for row in rows) else None,
        section("By time", tag("ol", *items, class_="story"), rest if more else None),
        tag("footer", "snapstore; a line leads from each restore to the snapshot that it went back to"),
    )


# By resource


def _heat(rows: Sequence[Row]) -> Markup:
    """A line for each resource, a cell for each moment from old to new: the more changed, the stronger."""
    shown = list(reversed(rows[:_COLUMNS]))
    resources = sorted({found.resource for row in shown for found in row.changes})
    lines = [tag("tr", tag("th", of, scope="row"), *(_cell(row, of) for row in shown)) for of in resources]
    said = "From the oldest to the newest; the more changed, the stronger. Round and green is a restore."
    whole = tag("div", tag("table", *lines, class_="heat"), class_="scroll")
    return joined(whole, tag("p", said, class_="dim"))


def _cell(row: Row, resource: str) -> Markup:
    number = sum(counts(found).total() for found in row.changes if found.resource == resource)
    strength = "h3" if number > 20 else "h2" if number > 3 else "h1" if number else None
    kind = "back" if number and row.well is not None else strength
    said = f"{resource}: {number:,} changed, {row.title}" if number else None
    return tag("td", tag("i", class_=kind, title=said))


# By time

Lane = tuple[int, int, int]
"""The line of a restore: how far left of the trunk, and its first and last row."""


def _lanes(rows: Sequence[Row]) -> list[Lane]:
    """Lines that are side by side at the same row go in different lanes, as far as there is room."""
    lanes: list[Lane] = []
    for start, row in enumerate(rows):
        if row.leads_to is not None:
            end = row.leads_to
            taken = {lane for lane, first, last in lanes if first <= end and start <= last}
            free = next(lane for lane in range(len(lanes) + 1) if lane not in taken)
            lanes.append((min(free, _MOST_LANES), start, end))
    return lanes


def _item(row: Row, place: int, lanes: Sequence[Lane], width: int) -> Markup:
    trunk = width - _TRUNK / 2
    lines = [_stroke(lane, place, trunk) for lane in lanes if lane[1] <= place <= lane[2]]
    node = tag("i", class_=f"node {_kind(row)}", style=f"left:calc({trunk}px - .35rem)")
    column = tag(
        "span",
        tag("i", class_="trunk", style=f"left:{trunk}px"),
        *lines,
        node,
        class_="lanes",
        style=f"width:{width}px",
        aria_hidden="true",
    )
    return tag("li", column, _entry(row), id=row.info.commit[:10] if row.info else None)


def _kind(row: Row) -> str:
    if row.well is None:
        return "" if row.changes or not row.info or not row.info.parents else "empty"
    return "restore" if row.well else "failed"


def _stroke(lane: Lane, place: int, trunk: float) -> Markup:
    """A part of the line of a restore, from where it was to the snapshot that it went back to."""
    number, first, last = lane
    left = trunk - _LANE * (number + 1)
    if place == first:
        return tag("i", class_="leave", style=f"left:{left}px;width:{trunk - left - 6}px")
    if place == last:
        return tag("i", class_="arrive", style=f"left:{left}px;width:{trunk - left - 8}px")
    return tag("i", class_="pass", style=f"left:{left}px")


def _entry(row: Row) -> Markup:
    state = None if row.well is None else badge("restored", "good") if row.well else badge("failed", "bad")
    commit = tag("code", row.info.commit[:10]) if row.info else None
    refs = [badge(ref.removeprefix("refs/heads/"), "plain") for ref in (row.info.refs if row.info else ())]
    shown = [ref for ref in refs if "refs/" not in ref]
    return tag(
        "div",
        tag("div", tag("b", row.title), state, *shown, class_="title"),
        tag("div", commit, " " if commit else None, row.time, class_="dim"),
        *(tag("div", f"{key}: {value}", class_="dim") for key, value in row.details),
        *(_changed(found) for found in row.changes),
        class_="entry",
    )


def _changed(found: ResourceChanges) -> Markup:
    return tag("details", tag("summary", tag("b", found.resource), chips(found)), names(found))
