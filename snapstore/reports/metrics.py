"""The metrics before, during and after a restore: what Prometheus remembers, else what was measured."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from snapstore.config.watching import Kind, Metric
from snapstore.errors import SnapError
from snapstore.render.plots import Plot
from snapstore.watch import baseline, measure, prometheus
from snapstore.watch.readings import Values, read
from snapstore.watch.records import Watch
from snapstore.workspace import Workspace

Series: TypeAlias = Mapping[str, Sequence[tuple[float, float]]]
"""Times and values, by labels."""

_POINTS = 120
_LEAST, _MOST = 120.0, 6 * 3600.0
"""Seconds that are shown before and after a restore."""


def plots(
    ws: Workspace, watches: Sequence[Watch], target: str, began: float, ended: float | None
) -> list[Plot]:
    """A plot of each configured metric; none where nothing is watched."""
    metrics = ws.config.watch.metrics
    if not metrics:
        return []
    now = time.time()
    start = began - _around(began, watches)
    end = min(now, (ended or now) + max(began - start, _LEAST))
    before = baseline.before(ws, target)
    known, kept = _measured(watches), baseline.recorded(ws, target)
    current = _now(ws) if end == now else {}
    made = []
    for metric in metrics:
        series = _remembered(ws, metric, start, end)
        if not any(series.values()):
            series = known.get(metric.name, {})
            first = kept.get(metric.name)
            series = _with(series, first.time, _finite(read(first.values)), at=0) if first else series
            series = _with(series, now, current.get(metric.name, {}))
        was = before.get(metric.name, {})
        level = next(iter(was.values())) if len(was) == 1 else None
        begins = _first(series, start, began, end)
        made.append(Plot(metric.name, metric.unit, begins, end, series, level, _limit(metric, level)))
    return made


def _with(series: Series, time: float, values: Values, at: int | None = None) -> Series:
    """With one more value of each series, at the beginning or, by default, at the end."""
    longer = {name: list(points) for name, points in series.items()}
    for name, value in values.items():
        points = longer.setdefault(name, [])
        points.insert(len(points) if at is None else at, (time, value))
    return longer


def _first(series: Series, start: float, began: float, end: float) -> float:
    """Where a plot begins: with its first value, but some time before the restore."""
    first = min((time for points in series.values() for time, _ in points if time >= start), default=start)
    return max(start, min(first, began - (end - began) / 5))


def _around(began: float, watches: Sequence[Watch]) -> float:
    """From before the deploy on, as far as that is known."""
    first = min((watch.begun.time for watch in watches if watch.begun.time < began), default=began)
    return min(max((began - first) * 2, _LEAST), _MOST)


def _measured(watches: Sequence[Watch]) -> dict[str, Series]:
    found: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for watch in reversed(watches):
        for one in watch.measurements:
            for name, value in _finite(read(one.values)).items():
                found[one.metric][name].append((one.time, value))
    return {metric: dict(series) for metric, series in found.items()}


def _remembered(ws: Workspace, metric: Metric, start: float, end: float) -> Series:
    server = ws.config.watch.prometheus
    if metric.kind is not Kind.PROMETHEUS or server is None:
        return {}
    try:
        return prometheus.along(server, metric.query, metric.pace.timeout, start, end, _POINTS)
    except SnapError:
        return {}  # a report tells what can be had


def _now(ws: Workspace) -> dict[str, dict[str, float]]:
    metrics = [metric for metric in ws.config.watch.metrics if _can_be_asked(metric)]
    if not metrics:
        return {}
    found = zip(metrics, measure.all_now(ws.config.watch, metrics, ws.config.root), strict=True)
    return {metric.name: _finite(one.values) for metric, one in found if not isinstance(one, SnapError)}


def _can_be_asked(metric: Metric) -> bool:
    """Whether it is worth while: Prometheus was asked already, and a report needs no variable to be set."""
    return metric.kind is Kind.COMMAND or (metric.kind is Kind.HTTP and "${" not in metric.query)


def _finite(values: Values) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _limit(metric: Metric, before: float | None) -> float | None:
    """The most that it may be: the lowest of what its limits say, where that is one number."""
    limits, found = metric.limits, list[float]()
    if limits.max is not None:
        found.append(limits.max)
    if before is not None and limits.max_increase is not None:
        found.append(before * (1 + limits.max_increase))
    if before is not None and limits.max_delta is not None:
        found.append(before + limits.max_delta)
    return min(found, default=limits.min)
