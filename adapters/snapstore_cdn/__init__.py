"""The CDN adapter of snapstore: what a cache in front of a site is told to do, through whoever runs it.

See docs/adapters/cdn.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from snapstore.adapter import Adapter, ApplyContext, Context, PlanRequest
from snapstore.model import Action, Captured, Json, Notice, ResourceChanges
from snapstore_cdn.settings import Settings


def _capture(settings: Settings, context: Context) -> Captured:
    from snapstore_cdn.capture import capture

    return capture(settings, context)


def _plan(request: PlanRequest) -> list[Action]:
    from snapstore_cdn.plan import plan

    return plan(request)


def _apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    from snapstore_cdn.apply import apply

    apply(settings, actions, context)


def _follow(settings: Any, resource: str, actions: Sequence[Action]) -> list[Action]:
    from snapstore_cdn.purging import follow

    return follow(settings, resource, actions)


def _beyond(
    changes: ResourceChanges, live: Mapping[str, Json], target: Mapping[str, Json]
) -> Collection[str]:
    from snapstore_cdn.comparing import beyond

    return beyond(changes, live, target)


def _check(settings: Settings, context: Context) -> list[Notice]:
    from snapstore_cdn.look import check

    return check(settings, context)


adapter = Adapter(
    name="cdn",
    format=1,
    summary="caches in front of a site: the configuration of Varnish, CloudFront and Fastly, and purging it",
    settings=Settings,
    capture=_capture,
    plan=_plan,
    apply=_apply,
    follow=_follow,
    beyond=_beyond,
    check=_check,
)
