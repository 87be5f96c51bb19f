"""What a real Prometheus answers becomes values, or an error that says what to do."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Iterator

import pytest

from snapstore.config.watching import PrometheusTable
from snapstore.errors import SnapError
from snapstore.watch import prometheus
from tests.watch import servers

pytestmark = pytest.mark.skipif(servers.PROMETHEUS is None, reason="needs Debian's prometheus")

NOW = time.time()
AHEAD = 240
"""Samples, of an hour: the module is loaded long before its tests run, and what is old is not an answer."""
PAST = servers.history(
    {
        'p95{path="/cart"}': [0.2] * 200 + [0.9] * (20 + AHEAD),
        'p95{path="/pay"}': [0.4] * (220 + AHEAD),
        "errors": [0.01] * (220 + AHEAD),
        "requests": [0.0] * (220 + AHEAD),
        'broken{le="+Inf"}': [math.inf] * (220 + AHEAD),
    },
    end=NOW + AHEAD * 15,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusTable]:
    with servers.prometheus(tmp_path_factory.mktemp("prometheus"), PAST) as url:
        yield PrometheusTable(url + "/")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.prometheus(tmp_path_factory.mktemp("guarded"), auth=True) as url:
        yield url


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("errors", {"": 0.01}),
        ("p95", {'path="/cart"': 0.9, 'path="/pay"': 0.4}),
        ("max(p95)", {"": 0.9}),
        ("nothing_of_that_name", {}),
        ("errors / requests * 0 / 0", {}),
        ("requests / requests", {}),
        ("broken", {'le="+Inf"': math.inf}),
        ("-broken", {'le="+Inf"': -math.inf}),
        ("vector(3)", {"": 3.0}),
        ("1 + 1", {"": 2.0}),
        ('p95{path="/cart"} or nothing', {'path="/cart"': 0.9}),
    ],
)
def test_a_query_gives_a_value_for_each_series_and_none_for_what_is_not_a_number(
    server: PrometheusTable, query: str, values: dict[str, float]
):
    assert prometheus.instant(server, query, 10) == values


def test_a_query_is_answered_for_a_moment_before_the_deploy(server: PrometheusTable):
    assert prometheus.instant(server, "p95", 10, NOW - 1800)['path="/cart"'] == 0.2
    assert prometheus.instant(server, "p95", 10, NOW - 86400) == {}


def test_a_query_is_answered_along_a_time(server: PrometheusTable):
    found = prometheus.along(server, "p95", 10, NOW - 1800, NOW, 60)
    values = [value for _, value in found['path="/cart"']]
    assert values[0] == 0.2 and values[-1] == 0.9
    assert 50 <= len(values) <= 61
    assert all(NOW - 1801 <= at <= NOW + 1 for at, _ in found['path="/cart"'])
    assert prometheus.along(server, "requests / requests", 10, NOW - 60, NOW, 10) == {"": []}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("p95[5m]", "range of values"),
        ("p95 +", "400.*parse error"),
        ('"text"', "string"),
        ("p95 * on() p95", "422.*many-to-many"),
    ],
)
def test_a_query_that_gives_no_single_values_is_an_error_that_says_so(
    server: PrometheusTable, query: str, said: str
):
    with pytest.raises(SnapError, match=said) as caught:
        prometheus.instant(server, query, 10)
    assert caught.value.fix and "127.0.0.1" in caught.value.where


def test_who_may_ask_is_answered(guarded: str):
    alice = PrometheusTable(guarded, user="alice", password=servers.PASSWORD)
    assert prometheus.instant(alice, "vector(1)", 10) == {"": 1.0}


@pytest.mark.parametrize(
    "who", [{}, {"user": "alice", "password": "canary-wrong-1"}, {"token": "canary-tok-1"}]
)
def test_who_may_not_is_told_which_setting_to_correct_and_no_secret(guarded: str, who: dict[str, str]):
    with pytest.raises(SnapError, match="401") as caught:
        prometheus.instant(PrometheusTable(guarded, **who), "vector(1)", 10)
    assert "[watch.prometheus]" in caught.value.fix
    assert "canary" not in str(caught.value)


def test_a_password_is_not_sent_in_clear_to_another_machine():
    away = PrometheusTable("http://prometheus.example", user="alice", password="canary-1")
    with pytest.raises(SnapError, match="in clear"):
        prometheus.instant(away, "vector(1)", 10)


def test_a_server_that_is_gone_is_an_error():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    with pytest.raises(SnapError, match="cannot be reached"):
        prometheus.instant(PrometheusTable(url), "vector(1)", 10)


def test_an_answer_that_takes_too_long_is_an_error():
    with servers.page() as slow:
        slow.hangs = True
        with pytest.raises(SnapError, match=r"cannot be reached: .*timed out"):
            prometheus.instant(PrometheusTable(slow.url), "vector(1)", 0.2)


@pytest.mark.parametrize(("status", "body"), [(200, "<html>"), (200, "[]"), (502, "bad gateway"), (302, "")])
def test_what_is_no_prometheus_is_an_error(status: int, body: str):
    with servers.page(body) as other:
        other.status = status
        with pytest.raises(SnapError, match=f"answers {status}"):
            prometheus.instant(PrometheusTable(other.url), "vector(1)", 10)
