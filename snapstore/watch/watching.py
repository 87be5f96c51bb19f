"""Measures again and again until it is known whether a deploy made things worse."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from snapstore.config.watching import Metric
from snapstore.errors import SnapError
from snapstore.watch import baseline, measure
from snapstore.watch.judge import Measurement, Phase, decide, judge, worst
from snapstore.watch.readings import Values, Written, written
from snapstore.watch.records import Begun, Ended, Record
from snapstore.workspace import Workspace

_FEWEST = 0.05
"""Seconds of sleep at least, so that a clock that does not move costs no processor."""


class Watched(msgspec.Struct, frozen=True):
    """How a watch ended. ``commit`` is the snapshot from before the deploy, ``before`` the metrics then;
    ``verdicts`` has the metrics of which something is known for sure."""

    number: int
    commit: str
    verdict: Phase
    verdicts: dict[str, Phase]
    before: dict[str, Written]
    measurements: list[Measurement]

    @property
    def reasons(self) -> list[str]:
        """What was wrong last with each metric that made the verdict."""
        last = {found.metric: found.reason for found in self.measurements if found.phase is self.verdict}
        return [
            last[name] for name, phase in self.verdicts.items() if phase is self.verdict and last.get(name)
        ]


def watch(ws: Workspace, commit: str, report: Callable[[Measurement], None]) -> Watched:
    """Measure all configured metrics, each at its pace, and hold them against what they were at ``commit``.

    It ends, as an analysis of Argo Rollouts does, as soon as one metric is anything but successful for good,
    or when all are. ``report`` is told of each measurement. SnapError when there is nothing to measure.
    """
    metrics = ws.config.watch.metrics
    if not metrics:
        fix = "add one: [watch.metrics.NAME]"
        raise SnapError("no metric is configured", where=str(ws.config.path), fix=fix)
    before = baseline.before(ws, commit)
    known = {name: written(values) for name, values in before.items()}
    record = Record(ws, Begun(commit, time.time(), known))
    measurements: list[Measurement] = []
    verdicts: dict[str, Phase] = {}
    for found in _measured(ws, metrics, before, verdicts):
        measurements.append(found)
        record.add(found)
        report(found)
    verdict = worst(verdicts)
    record.add(Ended(verdict, time.time()))
    return Watched(record.number, commit, verdict, verdicts, known, measurements)


def _measured(
    ws: Workspace, metrics: Sequence[Metric], before: Mapping[str, Values], verdicts: dict[str, Phase]
) -> Iterator[Measurement]:
    """All measurements as they come; ``verdicts`` gets each metric of which enough is known."""
    start = time.monotonic()
    due = {metric.name: start + metric.pace.initial_delay for metric in metrics}
    phases: dict[str, list[Phase]] = defaultdict(list)
    while due:
        time.sleep(max(min(due.values()) - time.monotonic(), _FEWEST))
        now = time.monotonic()
        ready = [metric for metric in metrics if due.get(metric.name, now + 1) <= now]
        for metric, found in zip(ready, _round(ws, ready, before), strict=True):
            yield found
            phases[metric.name].append(found.phase)
            due[metric.name] = max(due[metric.name] + metric.pace.interval, time.monotonic())
            verdict = decide(metric.pace, phases[metric.name])
            if verdict:
                verdicts[metric.name] = verdict
                del due[metric.name]
        if any(verdict is not Phase.SUCCESSFUL for verdict in verdicts.values()):
            return


def _round(ws: Workspace, metrics: Sequence[Metric], before: Mapping[str, Values]) -> Iterator[Measurement]:
    if not metrics:
        return
    readings = measure.all_now(ws.config.watch, metrics, ws.config.root)
    for metric, reading in zip(metrics, readings, strict=True):
        if isinstance(reading, SnapError):
            yield Measurement(metric.name, Phase.ERROR, time.time(), reason=reading.what)
        else:
            yield judge(metric, reading, before.get(metric.name))
