"""The platform adapter of snapstore: the environment variables of a project on Vercel or an app on Heroku.

See docs/adapters/platform.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from snapstore.adapter import Adapter, ApplyContext, Context, PlanRequest
from snapstore.model import Action, Captured, Notice
from snapstore_platform.settings import Settings


def _capture(settings: Settings, context: Context) -> Captured:
    from snapstore_platform.capture import capture

    return capture(settings, context)


def _plan(request: PlanRequest) -> list[Action]:
    from snapstore_platform.plan import plan

    return plan(request)


def _apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    from snapstore_platform.apply import apply

    apply(settings, actions, context)


def _check(settings: Settings, context: Context) -> list[Notice]:
    from snapstore_platform.capture import check

    return check(settings, context)


adapter = Adapter(
    name="platform",
    format=1,
    summary="environment variables of a project on Vercel or an app on Heroku",
    settings=Settings,
    capture=_capture,
    plan=_plan,
    apply=_apply,
    check=_check,
)
