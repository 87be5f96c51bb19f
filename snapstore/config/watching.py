"""``[watch]``: which metrics tell whether a deploy went well, and how much worse they may get.

Relative and absolute limits are different words with different units, so that none is taken for the other:
``max_increase = "20%"`` is a fifth more than before, ``max_delta = "5pp"`` are five percentage points.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from snapstore.config.addresses import check_url
from snapstore.config.source import Keys, Source, dotted
from snapstore.secrets import REDACTOR

_PERCENT = r"(\d+(?:\.\d+)?)\s*%"
_POINTS = r"(\d+(?:\.\d+)?)\s*pp"
_ONE_POINT = {"ratio": 0.01, "%": 1.0}
"""What a percentage point is in a metric of this unit."""

_Seconds = Annotated[float, msgspec.Meta(gt=0)]
_Delay = Annotated[float, msgspec.Meta(ge=0)]
_Count = Annotated[int, msgspec.Meta(ge=1)]
_Limit = Annotated[int, msgspec.Meta(ge=0)]
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Reaction(StrEnum):
    """What is done about a deploy that made a metric worse, after telling of it and writing the plan back."""

    NOTIFY = "notify"
    PROPOSE = "propose"
    RESTORE = "restore"


class Kind(StrEnum):
    """Where the values of a metric come from; also the key that says so."""

    PROMETHEUS = "prometheus"
    COMMAND = "command"
    HTTP = "http"


class PrometheusTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A server with Prometheus' HTTP API, and what it takes to be let in."""

    url: _Text
    user: str | None = None
    password: str | None = None
    token: str | None = None
    headers: dict[str, str] = {}

    def __repr__(self) -> str:
        return "PrometheusTable()"  # all of it may be secret


class MetricTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One metric: where its values come from, what they may be, and where it departs from all others."""

    prometheus: _Text | None = None
    command: _Text | None = None
    http: _Text | None = None
    measure: Literal["up", "seconds"] = "up"
    unit: str = ""
    max_increase: str | None = None
    max_decrease: str | None = None
    max_delta: str | float | None = None
    max: float | None = None
    min: float | None = None
    traffic: _Text | None = None
    min_traffic: float | None = None
    interval: _Seconds | None = None
    count: _Count | None = None
    initial_delay: _Delay | None = None
    failure_limit: _Limit | None = None
    window: _Count | None = None
    inconclusive_limit: _Limit | None = None
    consecutive_error_limit: _Limit | None = None
    timeout: _Seconds | None = None


class WatchTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is watched after a deploy, how often, and what follows when it got worse."""

    action: Reaction = Reaction.NOTIFY
    prometheus: PrometheusTable | None = None
    metrics: dict[str, MetricTable] = {}
    interval: _Seconds = 60.0
    count: _Count = 10
    initial_delay: _Delay = 0.0
    failure_limit: _Limit = 0
    window: _Count | None = None
    inconclusive_limit: _Limit = 0
    consecutive_error_limit: _Limit = 4
    timeout: _Seconds = 10.0


class Limits(msgspec.Struct, frozen=True):
    """What a metric may be. ``max_increase`` and ``max_decrease`` are fractions of the value before,
    ``max_delta`` is in the unit of the metric."""

    max_increase: float | None = None
    max_decrease: float | None = None
    max_delta: float | None = None
    max: float | None = None
    min: float | None = None

    @property
    def compare(self) -> bool:
        """Whether any takes the value before."""
        return (self.max_increase, self.max_decrease, self.max_delta) != (None, None, None)


class Pace(msgspec.Struct, frozen=True):
    """When a metric is measured (seconds), and how many measurements decide: the words are Argo Rollouts'."""

    interval: float
    count: int
    initial_delay: float
    failure_limit: int
    window: int | None
    inconclusive_limit: int
    consecutive_error_limit: int
    timeout: float


class Metric(msgspec.Struct, frozen=True):
    """A metric. ``query`` is PromQL, a command for ``sh``, or a URL; ``traffic`` is always PromQL."""

    name: str
    kind: Kind
    query: str
    seconds: bool
    unit: str
    limits: Limits
    traffic: str | None
    min_traffic: float
    pace: Pace

    def __repr__(self) -> str:
        return f"Metric({self.name!r})"  # commands and URLs may hold secrets


class WatchConfig(msgspec.Struct, frozen=True):
    action: Reaction = Reaction.NOTIFY
    prometheus: PrometheusTable | None = None
    metrics: tuple[Metric, ...] = ()


def watch_config(source: Source, table: WatchTable) -> WatchConfig:
    """The checked form. SnapError names the line and key of what contradicts itself."""
    if table.prometheus:
        check_url(source, ("watch", "prometheus", "url"), table.prometheus.url)
        for secret in (table.prometheus.password, table.prometheus.token, *table.prometheus.headers.values()):
            REDACTOR.add(secret or "")
    metrics = tuple(_metric(source, table, name, metric) for name, metric in table.metrics.items())
    return WatchConfig(table.action, table.prometheus, metrics)


def _metric(source: Source, watch: WatchTable, name: str, table: MetricTable) -> Metric:
    at: Keys = ("watch", "metrics", name)
    given = [(kind, query) for kind in Kind if (query := getattr(table, kind.value)) is not None]
    if len(given) != 1:
        fix = 'give one of prometheus = "QUERY", command = "…" or http = "URL"'
        count = "more than one source" if given else "no source"
        raise source.error(at, f"`{dotted(at)}` has {count} for its values", fix)
    kind, query = given[0]
    if kind is Kind.HTTP:
        check_url(source, (*at, "http"), query)
    if (kind is Kind.PROMETHEUS or table.traffic) and watch.prometheus is None:
        fix = 'say where it is: url = "https://…" under [watch.prometheus]'
        raise source.error(at, f"`{dotted(at)}` takes a Prometheus, and none is configured", fix)
    if (table.traffic is None) != (table.min_traffic is None):
        fix = "traffic is a Prometheus query, min_traffic the least that it may give"
        raise source.error(at, f"`{dotted(at)}` needs both traffic and min_traffic, or none", fix)
    seconds = kind is Kind.HTTP and table.measure == "seconds"
    limits = _limits(source, at, table)
    if limits == Limits() and kind is Kind.HTTP and not seconds:
        limits = Limits(min=1.0)
    if limits == Limits():
        fix = 'give at least one of max_increase = "20%", max_decrease, max_delta, max and min'
        raise source.error(at, f"`{dotted(at)}` has no limit", fix)
    unit = table.unit or ("s" if seconds else "")
    pace = _pace(watch, table)
    return Metric(name, kind, query, seconds, unit, limits, table.traffic, table.min_traffic or 0.0, pace)


def _limits(source: Source, at: Keys, table: MetricTable) -> Limits:
    return Limits(
        _relative(source, (*at, "max_increase"), table.max_increase),
        _relative(source, (*at, "max_decrease"), table.max_decrease),
        _delta(source, (*at, "max_delta"), table),
        table.max,
        table.min,
    )


def _relative(source: Source, at: Keys, text: str | None) -> float | None:
    found = re.fullmatch(_PERCENT, text or "")
    if text is not None and found is None:
        fix = 'write a share of the value before, as "20%"; max_delta is for absolute differences'
        raise source.error(at, f"`{dotted(at)}` is no percentage", fix)
    return float(found[1]) / 100 if found else None


def _delta(source: Source, at: Keys, table: MetricTable) -> float | None:
    if not isinstance(table.max_delta, str):
        return table.max_delta
    found = re.fullmatch(_POINTS, table.max_delta)
    if found is None:
        fix = 'write a number in its unit, or percentage points, as "5pp"; max_increase is relative'
        raise source.error(at, f"`{dotted(at)}` is no absolute difference", fix)
    if table.unit not in _ONE_POINT:
        fix = 'add unit = "ratio" where 5 percentage points are 0.05, or unit = "%" where they are 5'
        raise source.error(at, f"`{dotted(at)}`: percentage points of what is no ratio", fix)
    return float(found[1]) * _ONE_POINT[table.unit]


def _pace(watch: WatchTable, table: MetricTable) -> Pace:
    own = {name: getattr(table, name) for name in Pace.__struct_fields__}
    return Pace(**{name: getattr(watch, name) if value is None else value for name, value in own.items()})
