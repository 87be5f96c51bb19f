"""What a metric is at one moment: a value for each of its series, by their labels."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

Values: TypeAlias = Mapping[str, float]
"""By series: ``path="/cart"``, or "" where there is but one without labels. Never NaN, which is no value."""

Written: TypeAlias = dict[str, float | str]
"""The same for JSON, which has no infinity: that is ``"+Inf"`` or ``"-Inf"``, as Prometheus writes it."""


class Reading(msgspec.Struct, frozen=True):
    """One measurement. ``values`` is empty where there was no data; ``traffic`` is None unless asked for."""

    values: Values
    traffic: float | None = None
    time: float = msgspec.field(default_factory=time.time)


def written(values: Values) -> Written:
    return {
        series: value if math.isfinite(value) else f"{value:+}".title() for series, value in values.items()
    }


def read(values: Mapping[str, float | str]) -> dict[str, float]:
    return {series: float(value) for series, value in values.items()}


def series(labels: Mapping[str, str]) -> str:
    """How a series is called: its labels, sorted, without the name of the metric."""
    return ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()) if key != "__name__")


def short(names: Iterable[str]) -> dict[str, str]:
    """What tells series from each other: their names without the labels that all of them have."""
    parts = {name: _LABEL.findall(name) for name in names}
    known = [set(labels) for labels in parts.values()]
    common = set.intersection(*known) if known else set()
    return {
        name: ",".join(label for label in labels if label not in common) if ",".join(labels) == name else name
        for name, labels in parts.items()
    }


_LABEL = re.compile(r'[^=",]+="[^"]*"')
