"""Commands of the user run at their moment, and their failures have their own consequences."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from snapstore import journal
from snapstore.errors import Exit, SnapError
from snapstore.interrupted import resume
from snapstore.model import PlanOptions
from snapstore.restore import undo
from snapstore.secrets import REDACTOR
from tests.engine import toys
from tests.engine.conftest import Place, change_everything


def with_hooks(place: Place, **stages: str | dict[str, Any] | list[dict[str, Any]]) -> Place:
    def hooks(value: Any) -> tuple[Any, ...]:
        many = value if isinstance(value, list) else [value]
        tables = [{"run": one} if isinstance(one, str) else one for one in many]
        return tuple(toys.hook(root=place.root, **table) for table in tables)

    groups = {"data": ("db",), "front": ("web",)}
    return place.with_config(hooks={name: hooks(v) for name, v in stages.items()}, groups=groups)


def lines(place: Place) -> list[str]:
    path = place.root / "log"
    return path.read_text().splitlines() if path.exists() else []


STAGES = ("before_take", "after_take", "before_restore", "after_restore", "verify")


def test_each_stage_runs_at_its_moment(place: Place) -> None:
    old, _ = change_everything(place)
    hooked = with_hooks(place, **{stage: f"echo {stage} >> log" for stage in STAGES})
    hooked.restore(old)
    assert lines(place) == ["before_restore", "after_restore", "verify"]
    hooked.take()
    assert lines(place)[3:] == ["before_take", "after_take"]


def test_a_hook_of_a_group_runs_only_when_a_resource_of_it_changed(place: Place) -> None:
    old, _ = change_everything(place)
    of_groups = [{"run": f"echo {group} >> log", "group": group} for group in ("data", "front")]
    hooked = with_hooks(place, after_restore=of_groups, after_take=of_groups)
    hooked.restore(old, "web")
    assert lines(place) == ["front"]
    place.put("db", {"t:z": {}})
    hooked.take()
    assert lines(place) == ["front", "data"]


def test_nothing_to_do_runs_no_hook(place: Place) -> None:
    _, new = change_everything(place)
    with_hooks(place, before_restore="echo ran >> log", after_restore="echo ran >> log").restore(new)
    assert lines(place) == []


def test_a_failing_hook_before_a_restore_stops_it_before_any_change(place: Place) -> None:
    old, _ = change_everything(place)
    before = place.everything()
    hooked = with_hooks(place, before_restore={"run": "exit 3", "name": "maintenance on"})
    with pytest.raises(SnapError, match="exit code 3") as caught:
        hooked.restore(old)
    assert (caught.value.where, caught.value.code) == ("before_restore 'maintenance on'", Exit.ERROR)
    assert place.everything() == before
    assert place.restore(old).verified


def test_a_failing_hook_before_a_take_makes_no_snapshot(place: Place) -> None:
    with pytest.raises(SnapError, match="exit code 1"):
        with_hooks(place, before_take="false").take()
    assert place.ws.store.head() is None


def test_a_failing_hook_after_a_restore_is_reported_and_the_restore_stands(place: Place) -> None:
    old, _ = change_everything(place)
    result = with_hooks(place, after_restore="exit 7").restore(old)
    assert (result.exit, result.verified) == (Exit.ERROR, True)
    assert "after_restore[0]: the hook failed with exit code 7" in result.problems[0]
    assert result.commit == place.ws.store.head()


def test_a_failing_verify_hook_is_a_mismatch_that_can_be_undone(place: Place) -> None:
    old, _ = change_everything(place)
    before = place.everything()
    result = with_hooks(place, verify={"run": "curl-fails", "name": "smoke"}).restore(old)
    assert (result.exit, result.verified) == (Exit.MISMATCH, False)
    assert "verify 'smoke'" in result.mismatches[0]
    undo(place.ws, PlanOptions(), (), None)
    assert place.everything() == before


def test_hooks_after_a_restore_run_on_resume_even_when_nothing_is_left_to_do(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, _ = change_everything(place)
    hooked = with_hooks(place, after_restore="echo restarted >> log")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("snapstore.carrying_out.verify", crash)
        with pytest.raises(SnapError):
            hooked.restore(old)
    assert lines(place) == []
    assert resume(hooked.ws).verified
    assert lines(place) == ["restarted"]


def test_a_hook_sees_only_common_variables_and_those_it_names(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_ENV", "canary-5521")
    monkeypatch.setenv("NAMED_ENV", "named-by-the-command")
    run = "env > seen; echo ${NAMED_ENV} >> log; pwd >> log"
    with_hooks(place, before_take={"run": run, "env": {"EXTRA": "given"}}).take()
    seen = dict(line.split("=", 1) for line in (place.root / "seen").read_text().splitlines())
    assert "CANARY_ENV" not in seen
    assert (seen["EXTRA"], seen["PATH"]) == ("given", os.environ["PATH"])
    assert lines(place) == ["named-by-the-command", str(place.root)]


def test_a_hook_with_a_list_sees_only_what_is_on_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_ENV", "canary-5521")
    monkeypatch.setenv("NPM_TOKEN", "token-7733")
    monkeypatch.setenv("NPM_CACHE", "cache-2211")
    run = "env > seen; echo $NPM_TOKEN; : $CANARY_ENV"
    with_hooks(
        place, before_take={"run": run, "inherit": ("PATH", "NPM_*"), "env": {"EXTRA": "given"}}
    ).take()
    seen = dict(line.split("=", 1) for line in (place.root / "seen").read_text().splitlines())
    assert seen.keys() - {"PWD", "_", "SHLVL", "OLDPWD"} == {"PATH", "NPM_TOKEN", "NPM_CACHE", "EXTRA"}
    assert (place.ws.store.workspace("hooks") / "before_take-0.log").read_text() == "***\n"


def failing_until(attempt: int) -> str:
    """A command that fails until it was run so often, and says so."""
    return f"echo ran >> log; echo attempt $(wc -l < log); test $(wc -l < log) -ge {attempt}"


def test_a_hook_is_tried_again_as_often_as_it_may(place: Place) -> None:
    old, _ = change_everything(place)
    table = {"run": failing_until(3), "retries": 3, "retry_delay": 0.01}
    assert with_hooks(place, verify=table).restore(old).verified
    assert lines(place) == ["ran"] * 3
    result = with_hooks(place, verify={"run": "exit 9", "retries": 1, "retry_delay": 0}).restore("HEAD~1")
    assert "failed with exit code 9 in each of 2 attempts" in result.mismatches[0]
    assert result.exit is Exit.MISMATCH


def test_the_journal_keeps_each_attempt_with_its_output_masked(place: Place) -> None:
    old, _ = change_everything(place)
    REDACTOR.add("canary-4402")
    run = f"echo canary-4402; {failing_until(2)}"
    hooked = with_hooks(
        place,
        before_restore="echo before",
        after_restore={"run": run, "retries": 1, "retry_delay": 0, "name": "restart"},
        verify="exit 1",
    )
    hooked.restore(old)
    found = next(journal.history(place.ws.journals))
    kept = [record for record in found.records if isinstance(record, journal.Hooked)]
    assert [(k.stage, k.hook, k.attempt, k.failure, k.output) for k in kept] == [
        ("before_restore", "before_restore[0]", 1, "", "before\n"),
        ("after_restore", "after_restore 'restart'", 1, "failed with exit code 1", "***\nattempt 1\n"),
        ("after_restore", "after_restore 'restart'", 2, "", "***\nattempt 2\n"),
        ("verify", "verify[0]", 1, "failed with exit code 1", ""),
    ]
    assert b"canary-4402" not in found.path.read_bytes()


def test_a_refuted_result_says_what_to_do(place: Place) -> None:
    old, _ = change_everything(place)
    result = with_hooks(place, verify={"run": "exit 1", "name": "smoke"}).restore(old)
    assert result.exit is Exit.MISMATCH
    assert "verify 'smoke': the hook failed" in result.mismatches[0]
    assert str(place.ws.store.workspace("hooks") / "verify-0.log") in result.mismatches[0]
    assert "is the one asked for, and yet this check fails" in result.problems[0]
    assert "`snap undo` brings it back" in result.problems[1]


def test_the_command_of_a_hook_is_in_no_message_and_no_process_list(place: Place) -> None:
    run = "cat /proc/$$/cmdline /proc/$$/environ > seen; : canary-9917; exit 1"
    with pytest.raises(SnapError) as caught:
        with_hooks(place, before_take=run).take()
    assert "canary" not in str(caught.value)
    assert caught.value.where == "before_take[0]"
    assert b"canary" not in (place.root / "seen").read_bytes()


def test_the_output_of_a_hook_is_kept_with_its_secrets_masked(place: Place) -> None:
    REDACTOR.add("canary-4402")
    with pytest.raises(SnapError) as caught:
        with_hooks(place, before_take="echo out canary-4402; echo err >&2; exit 1").take()
    log = Path(caught.value.fix.removeprefix("see "))
    assert log.read_text() == "out ***\nerr\n"


def test_a_hook_that_takes_too_long_is_ended_with_all_it_started(place: Place) -> None:
    run = "sleep 600 & echo $! > pid; wait"
    with pytest.raises(SnapError, match=r"longer than 0\.3 s"):
        with_hooks(place, before_take={"run": run, "timeout": 0.3}).take()
    state = Path(f"/proc/{(place.root / 'pid').read_text().strip()}/stat")
    while state.exists() and state.read_text().split()[2] not in "ZX":
        time.sleep(0.01)


def test_a_hook_may_leave_a_server_running(place: Place) -> None:
    with_hooks(place, after_take="sleep 20 & echo $! > pid").take()
    os.kill(int((place.root / "pid").read_text()), 9)


def test_a_hook_that_cannot_start_is_an_error(place: Place) -> None:
    with pytest.raises(SnapError, match="cannot start"):
        with_hooks(place, before_take={"run": "true", "cwd": place.root / "nowhere"}).take()
