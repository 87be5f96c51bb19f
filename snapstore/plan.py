"""From two snapshots to a plan: actions of every adapter, one deterministic order, one digest.

Everything here is a pure function of its arguments, but for :func:`ask_live`; the same snapshots and answers
give the same plan, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from snapstore import adapter as adapters
from snapstore.adapter import PlanRequest
from snapstore.canonical import dumps
from snapstore.diff import diff
from snapstore.errors import Exit, SnapError
from snapstore.facts import Facts
from snapstore.model import (
    REFUSED_BY_DEFAULT,
    UNMODELLED,
    Action,
    Hazard,
    HazardName,
    Json,
    Plan,
    PlanOptions,
    PlanSide,
    ResourceChanges,
    Scope,
)
from snapstore.ordering import order, resource_order
from snapstore.snapshot import Snapshot, facts, resources

if TYPE_CHECKING:
    from snapstore.config import Config


FORMAT = 1
"""The newest format of plans that this version reads, and the one it writes."""


Ask = Callable[[str, PlanRequest], Mapping[str, Json]]
"""What an adapter, given by name, knows of the live system besides, for these changes."""


def ask_live(adapter: str, request: PlanRequest) -> Mapping[str, Json]:
    """Of the live system itself."""
    return adapters.load(adapter).ask(request)


def make_plan(
    config: Config,
    live: Snapshot,
    target: Snapshot,
    scope: Scope,
    options: PlanOptions,
    begun: Sequence[Action] = (),
    ask: Ask = lambda adapter, request: {},
) -> Plan:
    """The plan that leads from ``live`` to ``target`` for the configured resources inside ``scope``.

    ``ask`` is :func:`ask_live` where the live side is the live system, not a snapshot of it.

    Resources that are no longer configured are left alone; those that the target does not know have to be
    outside the scope (``guard.restorable`` narrows it). ``begun`` is what a continued restore has begun:
    what follows that is to be done again.
    """
    changes = {c.resource: c for c in diff(live, target, scope) if c.resource in config.resources}
    if options.exact_column_order:
        changes = {**_unchanged(live, target, scope), **changes}
    changes = {**_of_begun(begun, config), **changes}
    actions: list[Action] = []
    notes: list[Hazard] = []
    for name in resource_order({r.name: r.depends_on for r in config.resources.values()}):
        if name not in changes:
            continue
        request = request_for(config, live, target, changes[name], options, begun)
        actions += plan_resource(config.resources[name].adapter, request, ask)
        notes += _unverifiable(name, request)
    actions += _following(config, scope, [*begun, *actions])
    plan = Plan(
        base=PlanSide(tree=live.tree, commit=live.commit),
        target=PlanSide(tree=target.tree, commit=target.commit),
        scope=scope,
        options=options,
        actions=actions,
        notes=notes,
    )
    return msgspec.structs.replace(plan, digest=digest(plan))


def plan_resource(adapter: str, request: PlanRequest, ask: Ask) -> list[Action]:
    """The actions for the changes of one resource, in the order in which they run."""
    hints = {**request.live_hints, **ask(adapter, request)}
    return order(adapters.load(adapter).plan(msgspec.structs.replace(request, live_hints=hints)))


def _following(config: Config, scope: Scope, actions: Sequence[Action]) -> list[Action]:
    """What the resources of the scope do after these actions of any of them."""
    inside = {pattern.partition(":")[0] for pattern in scope.patterns} or config.resources.keys()
    found: list[Action] = []
    for name, resource in config.resources.items() if actions else ():
        if name in inside:
            found += adapters.load(resource.adapter).follow(resource.settings, name, actions)
    return found


def _unchanged(live: Snapshot, target: Snapshot, scope: Scope) -> dict[str, ResourceChanges]:
    """No changes for each whole resource: it may have to be rebuilt though no fact of it differs."""
    both = {name: e for name, e in resources(target).items() if name in resources(live)}
    wanted = {name: e for name, e in both.items() if not scope.patterns or name in scope.patterns}
    return {name: ResourceChanges(name, entry.adapter) for name, entry in wanted.items()}


def _of_begun(begun: Sequence[Action], config: Config) -> dict[str, ResourceChanges]:
    """No changes for each resource that was worked on: not all that is left need be a difference."""
    names = {action.resource for action in begun} & config.resources.keys()
    return {name: ResourceChanges(name, config.resources[name].adapter) for name in sorted(names)}


def request_for(
    config: Config,
    live: Snapshot,
    target: Snapshot,
    changes: ResourceChanges,
    options: PlanOptions,
    begun: Sequence[Action] = (),
) -> PlanRequest:
    """What the adapter of these changes, which lead from ``live`` to ``target``, may look at."""
    name = changes.resource
    now = Facts(facts(live, name))
    return PlanRequest(
        resource=name,
        settings=config.resources[name].settings,
        changes=changes,
        live=now,
        target=now.changed(changes.facts),
        live_hints=live.hints.get(name, {}),
        target_hints=target.hints.get(name, {}),
        options=options,
        begun=[action for action in begun if action.resource == name],
    )


def _unverifiable(resource: str, request: PlanRequest) -> list[Hazard]:
    """Objects that were seen but not modelled, on either side: nobody can promise their state."""
    sides = (request.live, request.target)
    seen = {fact.name for side in sides for fact in side.kinds.get(UNMODELLED, ())}
    return [
        Hazard(HazardName.UNVERIFIABLE, f"{resource}: {name} is not modelled: its state is unknown")
        for name in sorted(seen)
    ]


def refused(plan: Plan, allow: Collection[HazardName], refuse: Collection[HazardName] = ()) -> list[Hazard]:
    """The hazards that stop this plan: refused by default or by configuration, and not allowed by name."""
    stopping = (REFUSED_BY_DEFAULT | frozenset(refuse)) - frozenset(allow)
    return [hazard for hazard in hazards(plan) if hazard.name in stopping]


def hazards(plan: Plan) -> list[Hazard]:
    """All hazards of a plan: those of the whole first, then those of its actions in order."""
    return [*plan.notes, *(hazard for action in plan.actions for hazard in action.hazards)]


def digest(plan: Plan) -> str:
    """SHA-256 over the plan without its digest; what makes a reviewed plan that very plan."""
    bare = msgspec.structs.replace(plan, digest="")
    return hashlib.sha256(dumps(bare)).hexdigest()


def shape(plan: Plan) -> list[bytes]:
    """What a reviewer agrees to: all that is carried out and what it endangers, but no numbers of rows and
    bytes. As canonical bytes: a plan that was read from a file has lists where a new one has tuples."""
    return [
        dumps(
            [
                *(a.resource, a.verb, a.subject, a.statements, a.payload, a.secrets, a.transactional),
                [hazard.name for hazard in a.hazards],
            ]
        )
        for a in plan.actions
    ]


def essence(plan: Plan) -> str:
    """SHA-256 over the states that a plan leads from and to and its :func:`shape`: the same for a plan that
    was made again where nothing but numbers of rows and bytes has moved."""
    found = hashlib.sha256(dumps([plan.base.tree, plan.target.tree, plan.scope, plan.options]))
    for part in shape(plan):
        found.update(part)
    return found.hexdigest()


def encode(plan: Plan) -> bytes:
    """The plan as the file that people review: JSON, two spaces of indentation, a final newline."""
    return dumps(plan)


def decode(data: bytes, where: str = "") -> Plan:
    """The plan in a file written by :func:`encode`. SnapError when it is none, or not byte for byte.

    ``where`` is what errors call the file.
    """
    try:
        # The json module: paths that are not UTF-8 hold surrogate escapes, which msgspec does not read.
        found = json.loads(data)
        _require_format(found, where)
        plan = msgspec.convert(found, type=Plan)
    except (ValueError, RecursionError) as error:
        fix = "make one with `snap plan REV -o FILE`"
        why = "it is no text" if isinstance(error, UnicodeDecodeError) else error
        raise SnapError(f"this is not a plan: {why}", where=where, fix=fix) from error
    if plan.digest != digest(plan) or encode(plan) != data:
        raise SnapError(
            "the plan was edited after it was made",
            where=where,
            fix="make it again with `snap plan`: only the plan that was reviewed is applied",
            code=Exit.STALE,
        )
    return plan


def _require_format(found: Any, where: str) -> None:
    number = found.get("format") if isinstance(found, dict) else None
    if isinstance(number, int) and number > FORMAT:
        raise SnapError(
            f"this plan has format {number}, this snapstore knows formats up to {FORMAT}",
            where=where,
            fix="upgrade snapstore, or make the plan again with `snap plan REV -o FILE`",
        )
