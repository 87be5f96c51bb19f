"""Whether a reading is good, and what all of them say together, in the words of Argo Rollouts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec

from snapstore.config.watching import Limits, Metric, Pace
from snapstore.watch.readings import Reading, Values, Written, short, written


class Phase(StrEnum):
    """What one measurement says, or all of a metric, or all metrics.

    INCONCLUSIVE: there was no data, too little traffic, or nothing to compare with. ERROR: it could not be
    measured. Neither says anything about the deploy.
    """

    SUCCESSFUL = "successful"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


WORST = (Phase.FAILED, Phase.ERROR, Phase.INCONCLUSIVE, Phase.SUCCESSFUL)


class Measurement(msgspec.Struct, frozen=True):
    """``time`` is in seconds since 1970; ``reason`` says in words what is wrong, "" where nothing is."""

    metric: str
    phase: Phase
    time: float
    values: Written = {}
    reason: str = ""


def judge(metric: Metric, reading: Reading, before: Values | None) -> Measurement:
    """A reading against the limits of its metric; ``before`` is what it was before the deploy.

    Each series is held against the one with the same labels. One that was not there before is held only
    against what needs no comparison.
    """

    def said(phase: Phase, reason: str = "") -> Measurement:
        return Measurement(metric.name, phase, reading.time, written(reading.values), reason)

    if reading.traffic is not None and reading.traffic < metric.min_traffic:
        text = f"too little traffic: {_number(reading.traffic)} of at least {_number(metric.min_traffic)}"
        return said(Phase.INCONCLUSIVE, text)
    if not reading.values:
        return said(Phase.INCONCLUSIVE, "no data")
    called = short(reading.values)
    broken = [
        text
        for name, value in reading.values.items()
        for text in _broken(metric, called[name], value, (before or {}).get(name))
    ]
    if broken:
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        return said(Phase.FAILED, broken[0] + more)
    if metric.limits.compare and not any(_comparable(metric.limits, n, before) for n in reading.values):
        return said(Phase.INCONCLUSIVE, _incomparable(before))
    return said(Phase.SUCCESSFUL)


def _comparable(limits: Limits, series: str, before: Values | None) -> bool:
    """Whether there is a value before; from zero, nothing is so many per cent more."""
    old = (before or {}).get(series)
    return old is not None and (old != 0 or limits.max_delta is not None)


def _incomparable(before: Values | None) -> str:
    if not before:
        return "there is nothing from before the deploy to compare with"
    if not any(before.values()):
        return "it was 0 before, of which nothing is a percentage: use max_delta"
    return "no series is the same as before the deploy"


def _broken(metric: Metric, series: str, value: float, old: float | None) -> Iterator[str]:
    """Each limit that a value breaks, in words."""
    limits = metric.limits
    what = f"{metric.name}{{{series}}}" if series else metric.name
    is_now = f"{what} is {in_unit(metric.unit, value)}"
    if limits.max is not None and value > limits.max:
        yield f"{is_now}, more than {in_unit(metric.unit, limits.max)}"
    if limits.min is not None and value < limits.min:
        yield f"{is_now}, less than {in_unit(metric.unit, limits.min)}"
    if old is None:
        return
    was = f"it was {in_unit(metric.unit, old)}"
    if limits.max_delta is not None and value - old > limits.max_delta:
        more = in_unit(metric.unit, limits.max_delta, points=True)
        yield f"{is_now}, {was}: up by more than {more}"
    if not old:
        return
    change = (value - old) / abs(old)
    if limits.max_increase is not None and change > limits.max_increase:
        yield f"{is_now}, {was}: {change:.0%} more, at most {limits.max_increase:.0%} is allowed"
    if limits.max_decrease is not None and -change > limits.max_decrease:
        yield f"{is_now}, {was}: {-change:.0%} less, at most {limits.max_decrease:.0%} is allowed"


def in_unit(unit: str, value: float, points: bool = False) -> str:
    """``0.42 s``, ``7.1%``; ``points`` are those of a percentage."""
    if unit == "ratio":
        return f"{_number(value * 100)}{'pp' if points else '%'}"
    if unit == "%":
        return f"{_number(value)}{'pp' if points else '%'}"
    return f"{_number(value)} {unit}".rstrip()


def _number(value: float) -> str:
    """Three digits that say something."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


# All measurements of a metric


def decide(pace: Pace, phases: Sequence[Phase]) -> Phase | None:
    """What the measurements of a metric so far, oldest first, say of it; None while it takes more of them.

    As in Argo Rollouts: more failures than ``failure_limit`` (here, where a ``window`` is given, among the
    last so many), more inconclusive ones than ``inconclusive_limit``, more errors in a row than
    ``consecutive_error_limit``; ``count`` measurements that are no errors and did none of that are a success.
    """
    measured = [phase for phase in phases if phase is not Phase.ERROR]
    recent = measured[-pace.window :] if pace.window else measured
    if recent.count(Phase.FAILED) > pace.failure_limit:
        return Phase.FAILED
    if _errors_at_the_end(phases) > pace.consecutive_error_limit:
        return Phase.ERROR
    if measured.count(Phase.INCONCLUSIVE) > pace.inconclusive_limit:
        return Phase.INCONCLUSIVE
    return Phase.SUCCESSFUL if len(measured) >= pace.count else None


def _errors_at_the_end(phases: Sequence[Phase]) -> int:
    return next((n for n, phase in enumerate(reversed(phases)) if phase is not Phase.ERROR), len(phases))


def worst(verdicts: Mapping[str, Phase]) -> Phase:
    """What several metrics say together; a failure outweighs whatever could not be found out."""
    return next((phase for phase in WORST if phase in verdicts.values()), Phase.SUCCESSFUL)
