"""Queries to Prometheus, or whatever else speaks its HTTP API: values at one moment, or along a time.

Facts about the API are from https://prometheus.io/docs/prometheus/latest/querying/api/: an answer is
``{"status", "data": {"resultType", "result"}}``, values are strings, and no data is an empty result.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from snapstore import __version__
from snapstore.errors import SnapError
from snapstore.remote.library import httpx_for
from snapstore.store.remote import require_private
from snapstore.watch.readings import series

if TYPE_CHECKING:
    import httpx

    from snapstore.config.watching import PrometheusTable

_FIXES = {
    400: "correct the query; Prometheus has a page to try it on",
    401: "correct user and password, or token, under [watch.prometheus]",
    403: "correct user and password, or token, under [watch.prometheus]",
    404: "correct url under [watch.prometheus]: what comes before /api/v1",
    422: "correct the query; Prometheus has a page to try it on",
}
_WHERE = "look at [watch.prometheus] and at the server"


def instant(server: PrometheusTable, query: str, timeout: float, at: float | None = None) -> dict[str, float]:
    """The value of each series of a query now, or at a time (seconds since 1970); NaN is left out.

    SnapError when it cannot be asked, when it refuses the query, or when that gives no single values.
    """
    when = {"time": f"{at:.3f}"} if at is not None else {}
    data = _ask(server, "query", {"query": query, "timeout": f"{timeout:g}s", **when}, timeout)
    kind, result = data["resultType"], data["result"]
    if kind == "scalar":
        found = {"": result[1]}
    elif kind == "vector" and all("value" in entry for entry in result):
        found = {series(entry["metric"]): entry["value"][1] for entry in result}
    else:
        fix = "a function such as rate(…) or histogram_quantile(…) makes single values of it"
        raise SnapError(
            f"the query gives no single values but a {_word(kind)}", where=_shown(server), fix=fix
        )
    return {name: value for name, text in found.items() if not math.isnan(value := float(text))}


def along(
    server: PrometheusTable, query: str, timeout: float, start: float, end: float, points: int
) -> dict[str, list[tuple[float, float]]]:
    """Times and values of each series between two times, about so many; NaN and infinity are left out."""
    step = max((end - start) / points, 1.0)
    words = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}", "timeout": f"{timeout:g}s"}
    data = _ask(server, "query_range", {"query": query, **words}, timeout)
    return {
        series(entry["metric"]): [
            (float(at), value) for at, text in entry.get("values", ()) if math.isfinite(value := float(text))
        ]
        for entry in data["result"]
    }


def _ask(server: PrometheusTable, what: str, words: dict[str, str], timeout: float) -> Any:
    secret = server.token or server.password or server.headers
    require_private(server.url, secret)
    httpx = httpx_for("metrics over HTTP", "watch")
    try:
        answer = httpx.post(
            f"{server.url.rstrip('/')}/api/v1/{what}",
            data=words,
            headers=_headers(server),
            auth=(server.user or "", server.password) if server.password else None,
            timeout=timeout,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        text = f"Prometheus cannot be reached: {str(error) or type(error).__name__}"
        raise SnapError(text, where=_shown(server), fix=_WHERE) from error
    return _data(server, answer)


def _data(server: PrometheusTable, answer: httpx.Response) -> Any:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.status_code == 200 and isinstance(body, dict) and body.get("status") == "success":
        return body["data"]
    words = body.get("error") if isinstance(body, dict) else answer.reason_phrase
    said = f"Prometheus answers {answer.status_code}" + (f": {words}" if words else "")
    raise SnapError(said, where=_shown(server), fix=_FIXES.get(answer.status_code, _WHERE))


def _headers(server: PrometheusTable) -> dict[str, str]:
    token = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    return {"User-Agent": f"snapstore/{__version__}", "Accept": "application/json", **token, **server.headers}


def _shown(server: PrometheusTable) -> str:
    from snapstore.store.remote import Remote

    return Remote(server.url).shown


def _word(kind: str) -> str:
    return {"matrix": "range of values", "vector": "histogram"}.get(kind, kind)
