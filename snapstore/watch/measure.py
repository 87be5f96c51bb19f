"""One measurement of a metric: a query, a command's output, or an HTTP probe."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

from snapstore import shell
from snapstore.config.watching import Kind, Metric, WatchConfig
from snapstore.errors import SnapError
from snapstore.remote.library import httpx_for
from snapstore.watch import prometheus
from snapstore.watch.readings import Reading

_NO_DATA = ("", "nan", "null", "none")


def measure(config: WatchConfig, metric: Metric, root: Path) -> Reading:
    """What the metric is now. SnapError when that cannot be found out, which says nothing about it."""
    if metric.kind is Kind.COMMAND:
        values = _command(metric, root)
    elif metric.kind is Kind.HTTP:
        values = _probe(metric)
    else:
        values = _query(config, metric, metric.query)
    if metric.traffic is None:
        return Reading(values)
    return Reading(values, math.fsum(_query(config, metric, metric.traffic).values()))


def all_now(config: WatchConfig, metrics: Sequence[Metric], root: Path) -> list[Reading | SnapError]:
    """Several at once, in their order; for one that cannot be measured, why."""
    from concurrent.futures import ThreadPoolExecutor

    def one(metric: Metric) -> Reading | SnapError:
        try:
            return measure(config, metric, root)
        except SnapError as error:
            return error

    with ThreadPoolExecutor(max_workers=min(len(metrics), 16)) as pool:
        return list(pool.map(one, metrics))


def was(config: WatchConfig, metric: Metric, at: float) -> Reading | None:
    """What the metric was at a time, where its source can still tell."""
    if metric.kind is not Kind.PROMETHEUS or config.prometheus is None:
        return None
    values = prometheus.instant(config.prometheus, metric.query, metric.pace.timeout, at)
    return Reading(values, time=at) if values else None


def _query(config: WatchConfig, metric: Metric, query: str) -> dict[str, float]:
    assert config.prometheus is not None  # noqa: S101 - the configuration was checked for it
    return prometheus.instant(config.prometheus, query, metric.pace.timeout)


# Probes


def _probe(metric: Metric) -> dict[str, float]:
    """1 where the server answers with a status below 400, else 0; or the seconds that such an answer takes.

    That nobody answers is what a probe is there to find, so it is a value and no error.
    """
    httpx = httpx_for("metrics over HTTP", "watch")
    began = time.monotonic()
    try:
        answer = httpx.get(metric.query, timeout=metric.pace.timeout)
        said = "" if answer.status_code < 400 else f"the answer is {answer.status_code}"
    except httpx.HTTPError as error:
        said = str(error) or type(error).__name__
    except httpx.InvalidURL as error:
        fix = f"correct http under [watch.metrics.{metric.name}]"
        raise SnapError(f"no URL: {error}", where=metric.name, fix=fix) from None
    if not metric.seconds:
        return {"": 0.0 if said else 1.0}
    if said:
        raise SnapError(
            f"no answer to measure: {said}", where=metric.name, fix="look at what serves that URL"
        )
    return {"": time.monotonic() - began}


# Commands


def _command(metric: Metric, root: Path) -> dict[str, float]:
    text = _output(metric, root)
    if text.lower() in _NO_DATA:
        return {}
    try:
        value = float(text)
    except ValueError:
        fix = "let it print one number, or nothing where there is no data"
        raise SnapError(
            "the command prints something other than a number", where=metric.name, fix=fix
        ) from None
    return {} if math.isnan(value) else {"": value}


def _output(metric: Metric, root: Path) -> str:
    """What a command prints."""
    env = shell.environment(metric.query)
    ran = shell.ran(metric.query, cwd=root, env=env, timeout=metric.pace.timeout, errors=False)
    if ran.failure:
        fix = f"run it by itself: command under [watch.metrics.{metric.name}]"
        raise SnapError(f"the command {ran.failure}", where=metric.name, fix=fix)
    return ran.output.decode("utf-8", "replace").strip()
