"""A metric along the time of a restore as a small drawing: values, what it was before, and its limits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from snapstore.render.page import Markup, clock, tag
from snapstore.watch.judge import in_unit
from snapstore.watch.readings import short

_WIDTH, _HEIGHT = 600, 160
_SERIES = 6


class Plot(msgspec.Struct, frozen=True):
    """``series`` are times and values by labels; ``before`` is what it was before the deploy, ``limit`` the
    most it may be, both where there is one number for that."""

    name: str
    unit: str
    start: float
    end: float
    series: Mapping[str, Sequence[tuple[float, float]]]
    before: float | None = None
    limit: float | None = None


class _Scale(msgspec.Struct, frozen=True):
    left: float
    right: float
    low: float
    high: float

    def x(self, at: float) -> float:
        return round((at - self.left) / (self.right - self.left) * _WIDTH, 1)

    def y(self, value: float) -> float:
        return round(_HEIGHT - (value - self.low) / (self.high - self.low) * _HEIGHT, 1)


def drawing(plot: Plot, began: float, ended: float) -> Markup:
    """The plot with the time of the restore as a band. Numbers are HTML, so that they keep their size."""
    called = short(plot.series)
    shown = [(called[name], points) for name, points in plot.series.items()][:_SERIES]
    scale = _scale(plot, [value for _, points in shown for _, value in points])
    lines = [_line(scale, place, points) for place, (_, points) in enumerate(shown)]
    svg = tag(
        "svg",
        _band(scale, began, ended),
        _level(scale, plot.before, "was"),
        _level(scale, plot.limit, "limit"),
        *lines,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{plot.name} over time",
    )
    ends = [tag("span", in_unit(plot.unit, value)) for value in (scale.high, scale.low)]
    axis = [tag("span", clock(at)) for at in (plot.start, (plot.start + plot.end) / 2, plot.end)]
    frame = tag(
        "div", tag("div", *ends, class_="scale"), svg, tag("div", *axis, class_="axis"), class_="frame"
    )
    return tag("figure", _caption(plot, shown), frame, _keys(plot, shown), class_="plot")


def _scale(plot: Plot, values: Sequence[float]) -> _Scale:
    """From zero, or the lowest below it, with some air above the highest."""
    known = [*values, *(value for value in (plot.before, plot.limit) if value is not None)]
    finite = [value for value in known if math.isfinite(value)] or [1.0]
    low, high = min(0.0, *finite), max(0.0, *finite)
    return _Scale(plot.start, max(plot.end, plot.start + 1), low, high + (high - low or 1.0) * 0.1)


def _caption(plot: Plot, shown: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> Markup:
    last = max((points[-1] for _, points in shown if points), default=None)
    said = f"last {in_unit(plot.unit, last[1])}" if last else "no data"
    return tag("figcaption", tag("h3", plot.name), tag("span", said, class_="dim"))


def _line(scale: _Scale, place: int, points: Sequence[tuple[float, float]]) -> Markup:
    inside = [(at, value) for at, value in points if scale.left <= at <= scale.right and math.isfinite(value)]
    if len(inside) == 1:  # a point alone has no line: draw a short one
        inside.append((inside[0][0] + (scale.right - scale.left) / 100, inside[0][1]))
    way = " ".join(f"{scale.x(at)},{scale.y(value)}" for at, value in inside)
    return tag("polyline", points=way, class_=f"series s{place}")


def _band(scale: _Scale, began: float, ended: float) -> Markup:
    left = max(scale.x(began), 0.0)
    width = max(min(scale.x(ended), _WIDTH) - left, 2.0)
    return tag("rect", x=left, y=-2, width=round(width, 1), height=_HEIGHT + 4, class_="during")


def _level(scale: _Scale, value: float | None, kind: str) -> Markup | None:
    if value is None or not math.isfinite(value):
        return None
    y = scale.y(value)
    return tag("line", x1=0, y1=y, x2=_WIDTH, y2=y, class_=kind)


def _keys(plot: Plot, shown: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> Markup:
    keys = [
        tag("span", tag("i", class_=f"s{place}"), name or plot.name) for place, (name, _) in enumerate(shown)
    ]
    if len(plot.series) > len(shown):
        keys.append(tag("span", f"and {len(plot.series) - len(shown)} more"))
    if plot.before is not None:
        keys.append(tag("span", tag("i", class_="dash"), f"before: {in_unit(plot.unit, plot.before)}"))
    if plot.limit is not None:
        keys.append(tag("span", tag("i", class_="limit"), f"limit: {in_unit(plot.unit, plot.limit)}"))
    return tag("div", *keys, tag("span", tag("i", class_="band"), "the restore"), class_="keys")
