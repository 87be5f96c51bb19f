"""What the metrics were when a snapshot was taken, kept in its note, to compare with after a deploy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from snapstore.config.watching import Kind, Metric
from snapstore.errors import SnapError
from snapstore.watch import measure
from snapstore.watch.readings import Values, Written, read, written
from snapstore.workspace import Workspace

NOTE = "@metrics"


class Kept(msgspec.Struct, frozen=True):
    """A metric at a moment. ``query`` tells whether it is still measured in the same way, without telling
    how: a command may hold a secret. ``problem`` says why there are no values."""

    time: float
    query: str
    values: Written = {}
    problem: str = ""


def metrics_now(ws: Workspace) -> dict[str, Kept]:
    """The configured metrics as they are now, by name. Never fails: what cannot be measured says why."""
    import time

    config = ws.config.watch
    if not config.metrics:
        return {}
    readings = measure.all_now(config, config.metrics, ws.config.root)
    return {
        metric.name: Kept(time.time(), _digest(metric), problem=reading.what)
        if isinstance(reading, SnapError)
        else Kept(reading.time, _digest(metric), written(reading.values), "" if reading.values else "no data")
        for metric, reading in zip(config.metrics, readings, strict=True)
    }


def record(ws: Workspace, commit: str) -> dict[str, Kept]:
    """Measure, and keep it with a snapshot: the newest counts where there is more than one."""
    found = metrics_now(ws)
    if found:
        ws.store.annotate(commit, NOTE, msgspec.to_builtins(found))
    return found


def recorded(ws: Workspace, commit: str) -> dict[str, Kept]:
    """What was kept with a snapshot, {} where nothing was."""
    kept = ws.store.snapshot(commit).hints.get(NOTE, {})
    return msgspec.convert(dict(kept), dict[str, Kept])


def before(ws: Workspace, commit: str) -> dict[str, Values]:
    """What the metrics were at a snapshot: as it was recorded, else what Prometheus remembers of that time.

    A metric of which neither is known is left out, and one that was measured in another way then.
    """
    kept, found = recorded(ws, commit), dict[str, Values]()
    at = ws.store.info(commit).time
    for metric in ws.config.watch.metrics:
        if not metric.limits.compare:
            continue
        values = _same(kept, metric) or _remembered(ws, metric, at)
        if values:
            found[metric.name] = values
    return found


def _same(kept: Mapping[str, Kept], metric: Metric) -> Values:
    known = kept.get(metric.name)
    return read(known.values) if known and known.query == _digest(metric) else {}


def _remembered(ws: Workspace, metric: Metric, at: float) -> Values:
    try:
        reading = measure.was(ws.config.watch, metric, at)
    except SnapError:
        return {}  # that it cannot be asked is told when it is measured
    return reading.values if reading else {}


def _digest(metric: Metric) -> str:
    if metric.kind is not Kind.PROMETHEUS:
        return metric.kind.value
    return hashlib.sha256(metric.query.encode()).hexdigest()[:16]
