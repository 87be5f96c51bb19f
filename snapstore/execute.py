"""A plan into the live systems, one resource after the other, each step in the journal."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from snapstore import adapter as adapters
from snapstore.adapter import ApplyContext, Report
from snapstore.capture import adapter_error, context_of
from snapstore.errors import SnapError
from snapstore.journal import ActionLog, Journal, Left
from snapstore.model import Action, Condition, Outcome, Plan
from snapstore.snapshot import Snapshot
from snapstore.workspace import Workspace


def execute(ws: Workspace, plan: Plan, content: Snapshot, journal: Journal, report: Report) -> list[Outcome]:
    """Run the actions of a plan in their order; ``content`` is the snapshot that holds their blobs.

    Stops at the first failure: the resources after it are not touched. The outcomes, one for each
    resource of the plan in the order in which they come, say in which state it left each of them.
    """
    numbers = {id(action): number for number, action in enumerate(plan.actions)}
    works: dict[str, list[Action]] = defaultdict(list)
    for action in plan.actions:
        works[action.resource].append(action)
    logs = {resource: ActionLog(journal, resource, numbers) for resource in works}
    errors: dict[str, SnapError] = {}
    for resource, actions in works.items():
        report(f"{resource}: {len(actions)} {'action' if len(actions) == 1 else 'actions'}")
        try:
            apply(ws, resource, actions, content, logs[resource], report)
            logs[resource].done, logs[resource].pending = len(actions), set()
        except SnapError as error:
            errors[resource] = error
            break
    outcomes = [_outcome(name, logs[name], actions, errors.get(name)) for name, actions in works.items()]
    # After a failure the outcomes matter more than a disk that may be full; the journal stays open anyway.
    with contextlib.suppress(SnapError) if errors else contextlib.nullcontext():
        for outcome in outcomes:
            journal.write(Left(outcome))
    return outcomes


def apply(
    ws: Workspace,
    resource: str,
    actions: Sequence[Action],
    content: Snapshot,
    log: adapters.Journal,
    report: Report,
) -> None:
    """Run actions of one resource, telling ``log``. SnapError, which names the resource, where one fails."""
    config = ws.config.resources[resource]
    known = context_of(ws.config, ws.keys, resource)
    context = ApplyContext(
        resource=resource,
        root=known.root,
        seal=known.seal,
        unseal=known.unseal,
        env=known.env,
        scratch=known.scratch,
        open_blob=content.objects.open_blob,
        small_blob=ws.store.small_blob,
        wrote=partial(ws.store.wrote, resource),
        journal=log,
        report=lambda text: report(f"{resource}: {text}"),
    )
    try:
        adapters.load(config.adapter).apply(config.settings, actions, context)
    except Exception as error:
        raise adapter_error(resource, error) from error


def tidy(ws: Workspace, begun: Sequence[Action]) -> None:
    """Let each adapter remove what these actions, killed half-way, may have left where no capture looks, and
    wait for what is still on its way."""
    for resource in sorted({action.resource for action in begun}):
        config = ws.config.resources[resource]
        actions = [action for action in begun if action.resource == resource]
        try:
            adapters.load(config.adapter).tidy(
                config.settings, actions, context_of(ws.config, ws.keys, resource)
            )
        except Exception as error:
            raise adapter_error(resource, error) from error


def _outcome(resource: str, log: ActionLog, actions: Sequence[Action], error: SnapError | None) -> Outcome:
    total = len(actions)
    if log.done == total and error is None:
        condition = Condition.RESTORED
    elif log.done or log.begun or log.may_be_committed(actions):
        condition = Condition.PARTIAL
    else:
        condition = Condition.UNCHANGED
    return Outcome(resource, condition, log.done, total, str(error) if error else None)
