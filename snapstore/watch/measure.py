"""One measurement of a metric: a query, a command's output, or an HTTP probe."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from snapstore.config.watching import Kind, Metric, WatchConfig
from snapstore.errors import SnapError
from snapstore.hooks import PASSED_ON
from snapstore.watch import prometheus
from snapstore.watch.readings import Reading

_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
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
    httpx = prometheus.http_library()
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
            "the command prints something else than a number", where=metric.name, fix=fix
        ) from None
    return {} if math.isnan(value) else {"": value}


def _output(metric: Metric, root: Path) -> str:
    """What a command prints. As with hooks, it may hold a secret, so the shell reads it from an open file."""
    with tempfile.TemporaryFile() as script, tempfile.TemporaryFile() as output:
        script.write(metric.query.encode())
        script.flush()
        os.lseek(script.fileno(), 0, os.SEEK_SET)
        process = subprocess.Popen(
            ["/bin/sh", f"/dev/fd/{script.fileno()}"],
            cwd=root,
            env=_environment(metric.query),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            pass_fds=(script.fileno(),),
            start_new_session=True,
        )
        _wait(metric, process)
        output.seek(0)
        return output.read(4096).decode("utf-8", "replace").strip()


def _wait(metric: Metric, process: subprocess.Popen[bytes]) -> None:
    fix = f"run it by itself: command under [watch.metrics.{metric.name}]"
    try:
        status = process.wait(metric.pace.timeout)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
        text = f"the command took longer than {metric.pace.timeout:g} s"
        raise SnapError(text, where=metric.name, fix=fix) from None
    if status:
        raise SnapError(f"the command failed with exit code {status}", where=metric.name, fix=fix)


def _environment(command: str) -> dict[str, str]:
    names = {*PASSED_ON, *_VARIABLE.findall(command)}
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}
