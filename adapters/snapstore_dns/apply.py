"""Running actions: a zone at a time, in as few steps as the provider needs, each done once or not at all.

An answer that got lost is not waited for: the zone is read, and what is there says what has happened. That is
also how it is found out what a server has left out while it said that all was well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby

from snapstore.adapter import ApplyContext, Context
from snapstore.errors import SnapError
from snapstore.model import Action
from snapstore.remote.lost import moved, otherwise
from snapstore.remote.retrying import once, surely
from snapstore_dns.plan import change_of
from snapstore_dns.provider import Provider, opened
from snapstore_dns.records import Change, RecordSet, Soa, Zone
from snapstore_dns.settings import Settings
from snapstore_dns.wording import duration


def apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    """Run the actions in order. SnapError with code STALE where somebody else has changed the same."""
    with opened(settings, context.resource) as provider:
        for zone, group in groupby(actions, key=lambda action: action.payload.get("zone", "")):
            if zone:
                _apply(provider, zone, list(group), context)
            else:
                _skip(list(group), context)


def tidy(settings: Settings, actions: Sequence[Action], context: Context) -> None:
    """Wait for what a restore that was interrupted has written: no reading of a zone tells which name servers
    have it."""
    zones = {action.payload["zone"] for action in actions if "zone" in action.payload}
    with opened(settings, context.resource) as provider:
        for zone in sorted(zones.intersection(provider.names())):
            provider.settle(zone)


def _skip(actions: Sequence[Action], context: ApplyContext) -> None:
    """What cannot be done is done with: the verification will say so."""
    context.journal.started(*actions)
    context.journal.finished(*actions)


def _apply(provider: Provider, zone: str, actions: Sequence[Action], context: ApplyContext) -> None:
    by_key = {(change := change_of(action.payload)).key: (change, action) for action in actions}
    changes = [change for change, _ in by_key.values()]
    _require_unmoved(surely(lambda: provider.read(zone), provider.lost), changes, context.resource)
    done = 0
    for batch in provider.batches(zone, changes):
        some = [by_key[change.key][1] for change in batch]
        _write(provider, zone, batch, some, context)
        provider.settle(zone)
        done += len(some)
        if done < len(changes):
            context.report(f"{zone}: {done:,} of {len(changes):,} record sets")
    _require_done(surely(lambda: provider.read(zone), provider.lost), changes, context.resource)
    context.journal.finished(*actions)
    context.journal.committed()
    effect = max(action.payload["effect"] for action in actions)
    context.report(f"{zone}: resolvers may give old answers for {duration(effect)}")


def _write(
    provider: Provider, zone: str, batch: Sequence[Change], actions: Sequence[Action], context: ApplyContext
) -> None:
    def is_done() -> bool:
        now = surely(lambda: provider.read(zone), provider.lost)
        left = [change for change in batch if _found(now, change) != change.after]
        _require_unmoved(now, left if provider.in_parts else batch if left else (), context.resource)
        return not left

    begun = partial(context.journal.started, *actions)
    if not once(partial(provider.write, zone, batch), is_done, begun, provider.lost):
        raise _moved([batch[0]], context.resource)


def _found(zone: Zone, change: Change) -> RecordSet | Soa | None:
    return zone.soa if change.type == "SOA" else zone.sets.get(change.key)


def _require_unmoved(zone: Zone, changes: Iterable[Change], resource: str) -> None:
    others = [change for change in changes if _found(zone, change) != change.before]
    if others:
        raise _moved(others, resource)


def _moved(changes: Sequence[Change], resource: str) -> SnapError:
    return moved(_names(changes), resource, "the zone")


def _require_done(zone: Zone, changes: Iterable[Change], resource: str) -> None:
    left = [change for change in changes if _found(zone, change) != change.after]
    if left:
        fix = "see its log: it may have a rule against these records, or somebody else changed them"
        raise otherwise("server", _names(left), resource, fix)


def _names(changes: Sequence[Change]) -> list[str]:
    return [f"{change.owner}/{change.type}" for change in changes]
