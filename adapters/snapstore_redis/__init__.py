"""The Redis adapter of snapstore: a server's configuration, users and functions, and the keys one asks for.

Works with Redis 6.2 and later and with Valkey. See docs/adapters/redis.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from snapstore.adapter import Adapter, ApplyContext, Context, PlanRequest, Suggestion
from snapstore.model import Action, Captured, Json, Notice, ResourceChanges
from snapstore_redis.settings import Settings


def _capture(settings: Settings, context: Context) -> Captured:
    from snapstore_redis.capture import capture

    return capture(settings, context)


def _plan(request: PlanRequest) -> list[Action]:
    from snapstore_redis.plan import plan

    return plan(request)


def _apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    from snapstore_redis.apply import apply

    apply(settings, actions, context)


def _follow(settings: Any, resource: str, actions: Sequence[Action]) -> list[Action]:
    from snapstore_redis.purging import follow

    return follow(settings, resource, actions)


def _beyond(
    changes: ResourceChanges, live: Mapping[str, Json], target: Mapping[str, Json]
) -> Collection[str]:
    from snapstore_redis.plan import beyond

    return beyond(changes, live, target)


def _lock(settings: Settings, context: Context) -> AbstractContextManager[None]:
    from snapstore_redis.locking import lock

    return lock(settings, context)


def _check(settings: Settings, context: Context) -> list[Notice]:
    from snapstore_redis.look import check

    return check(settings, context)


def _clock(settings: Settings, context: Context) -> float:
    from snapstore_redis.look import clock

    return clock(settings, context)


def _discover(root: Path, env: Mapping[str, str]) -> list[Suggestion]:
    name = next((name for name in ("REDIS_URL", "VALKEY_URL") if name in env), None)
    if name is None:
        return []
    comment = f'from {name}; keys = ["config:*"] captures keys too, purge = ["cache:*"] empties the cache'
    return [Suggestion("redis", {"url": f"${{{name}}}"}, comment, group="redis")]


adapter = Adapter(
    name="redis",
    format=1,
    summary="a Redis or Valkey server: configuration, ACL users, functions, keys by pattern",
    settings=Settings,
    capture=_capture,
    plan=_plan,
    apply=_apply,
    follow=_follow,
    beyond=_beyond,
    lock=_lock,
    clock=_clock,
    check=_check,
    discover=_discover,
)
