"""The DNS adapter of snapstore: zones as record sets, through whatever serves them.

See docs/adapters/dns.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from snapstore.adapter import Adapter, ApplyContext, Context, PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Captured, Json, Notice, ResourceChanges
from snapstore_dns.settings import Settings


def _capture(settings: Settings, context: Context) -> Captured:
    from snapstore_dns.capture import capture

    return capture(settings, context)


def _plan(request: PlanRequest) -> list[Action]:
    from snapstore_dns.plan import plan

    return plan(request)


def _apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    from snapstore_dns.apply import apply

    apply(settings, actions, context)


def _beyond(
    changes: ResourceChanges, live: Mapping[str, Json], target: Mapping[str, Json]
) -> Collection[str]:
    from snapstore_dns.comparing import beyond

    return beyond(changes, live, target)


def _check(settings: Settings, context: Context) -> list[Notice]:
    from snapstore_dns.look import check

    return check(settings, context)


def _master_file(path: str, facts: Facts, hints: Mapping[str, Json]) -> str:
    from snapstore_dns.zonefile import master_file

    return master_file(path, facts, hints)


adapter = Adapter(
    name="dns",
    format=1,
    summary="DNS zones: record sets of name servers that take dynamic updates, PowerDNS, Route 53, …",
    settings=Settings,
    capture=_capture,
    plan=_plan,
    apply=_apply,
    beyond=_beyond,
    forms={"zone": _master_file},
    check=_check,
)
