"""Limits, and what many measurements say together."""

from __future__ import annotations

import math
from typing import Any

import pytest

from snapstore.config.watching import Kind, Limits, Metric, Pace
from snapstore.watch.judge import Phase, decide, judge, worst
from snapstore.watch.readings import Reading, read, written

F, S, I, E = Phase.FAILED, Phase.SUCCESSFUL, Phase.INCONCLUSIVE, Phase.ERROR  # noqa: E741
PACE = Pace(1.0, 5, 0.0, 0, None, 0, 4, 10.0)


def metric(unit: str = "", traffic: float | None = None, **limits: float) -> Metric:
    query = None if traffic is None else "requests"
    return Metric("m", Kind.COMMAND, "x", False, unit, Limits(**limits), query, traffic or 0.0, PACE)


def pace(**changed: Any) -> Pace:
    return Pace(**{**{name: getattr(PACE, name) for name in PACE.__struct_fields__}, **changed})


@pytest.mark.parametrize(
    ("limits", "before", "now", "phase"),
    [
        ({"max_increase": 0.2}, 0.50, 0.60, S),
        ({"max_increase": 0.2}, 0.50, 0.61, F),
        ({"max_increase": 0.2}, 0.50, 0.10, S),
        ({"max_increase": 0.2}, -1.0, -0.7, F),
        ({"max_decrease": 0.2}, 100.0, 80.0, S),
        ({"max_decrease": 0.2}, 100.0, 79.0, F),
        ({"max_decrease": 0.2}, 100.0, 500.0, S),
        ({"max_delta": 0.05}, 0.01, 0.05, S),
        ({"max_delta": 0.05}, 0.01, 0.07, F),
        ({"max_delta": 0.05}, 0.0, 0.06, F),
        ({"max_increase": 0.2}, 0.0, 0.06, I),
        ({"max_increase": 0.2, "max_delta": 0.05}, 0.0, 0.01, S),
        ({"max_increase": 0.2}, None, 9.0, I),
        ({"max_increase": 0.2, "max": 1.0}, None, 9.0, F),
        ({"max": 1.0}, None, 1.0, S),
        ({"min": 1.0}, None, 0.9, F),
        ({"max": 1.0}, None, math.inf, F),
        ({"max_increase": 0.2}, 0.5, math.inf, F),
        ({"max_increase": 0.2}, math.inf, math.inf, S),
    ],
)
def test_a_value_is_held_against_its_limits_and_what_it_was(
    limits: dict[str, float], before: float | None, now: float, phase: Phase
):
    found = judge(metric(**limits), Reading({"": now}), None if before is None else {"": before})
    assert found.phase is phase
    assert bool(found.reason) == (phase is not S)


def test_relative_and_absolute_limits_are_told_in_their_own_words():
    relative = judge(metric("s", max_increase=0.2), Reading({"": 0.81}), {"": 0.38})
    assert relative.reason == "m is 0.81 s, it was 0.38 s: 113% more, at most 20% is allowed"
    absolute = judge(metric("ratio", max_delta=0.05), Reading({"": 0.071}), {"": 0.012})
    assert absolute.reason == "m is 7.1%, it was 1.2%: up by more than 5pp"


def test_each_series_is_held_against_the_same_one_before():
    before = {'path="/a"': 1.0, 'path="/b"': 2.0}
    limit = metric(max_increase=0.2)
    assert judge(limit, Reading({'path="/a"': 1.1, 'path="/b"': 2.1}), before).phase is S
    broken = judge(limit, Reading({'path="/a"': 2.1, 'path="/b"': 2.1}), before)
    assert broken.phase is F and broken.reason.startswith('m{path="/a"} is 2.1')
    assert judge(limit, Reading({'path="/a"': 1.0, 'path="/new"': 99.0}), before).phase is S
    assert judge(limit, Reading({'path="/new"': 99.0}), before).phase is I


def test_no_data_and_little_traffic_say_nothing():
    assert judge(metric(max=1.0), Reading({}), None).phase is I
    assert judge(metric(traffic=10.0, max=1.0), Reading({"": 99.0}, 9.0), None).phase is I
    assert judge(metric(traffic=10.0, max=1.0), Reading({"": 99.0}, 10.0), None).phase is F


@pytest.mark.parametrize(
    ("phases", "settings", "verdict"),
    [
        ([F], {}, F),
        ([S, S, S, S], {}, None),
        ([S] * 5, {}, S),
        ([S, F, S, F, S], {"failure_limit": 2}, S),
        ([S, F, S, F, F], {"failure_limit": 2}, F),
        ([F, S, S, F], {"failure_limit": 1, "window": 3}, None),
        ([F, S, F], {"failure_limit": 1, "window": 3}, F),
        ([F, E, E, E, S, F], {"failure_limit": 1, "window": 3}, F),
        ([I], {}, I),
        ([I, S, I], {"inconclusive_limit": 2}, None),
        ([I, I, I], {"inconclusive_limit": 2}, I),
        ([E] * 4, {}, None),
        ([E] * 5, {}, E),
        ([E, E, E, E, S, E], {}, None),
        ([E, S, S, S, S], {}, None),
        ([E, S, S, S, S, S], {}, S),
        ([I, F], {"inconclusive_limit": 1}, F),
    ],
)
def test_many_measurements_decide_as_an_analysis_of_argo_rollouts_does(
    phases: list[Phase], settings: dict[str, int], verdict: Phase | None
):
    assert decide(pace(**settings), phases) is verdict


def test_a_failure_outweighs_what_could_not_be_found_out():
    assert worst({"a": S, "b": E, "c": F, "d": I}) is F
    assert worst({"a": S, "b": E, "d": I}) is E
    assert worst({"a": S, "d": I}) is I


def test_infinity_survives_json():
    values = {"a": math.inf, "b": -math.inf, "c": 1.5}
    assert written(values) == {"a": "+Inf", "b": "-Inf", "c": 1.5}
    assert read(written(values)) == values
