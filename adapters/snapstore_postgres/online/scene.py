"""What the stages of an online restore see: the actions so far, and what stands in the way of a step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Locking, Verb
from snapstore_postgres.names import last
from snapstore_postgres.relations import server_version
from snapstore_postgres.settings import locking

BEFORE, AFTER = -5000, 5000
"""Ranks of what runs before the transaction and after it."""

UNNOTICED = "SHARE UPDATE EXCLUSIVE"
"""The lock that neither readers nor writers wait for."""

_UNTOLD = ("cast", "operator", "operator_class", "operator_family", "supplied")
"""Kinds of which an expression may use objects without a need that tells of it: a server chooses casts and
operators itself, and what an extension has brought is known as the extension."""

REFRESHING = "EXCLUSIVE"
"""The lock that readers don't wait for; it is taken on materialized views only, which have no writers."""


@dataclass(frozen=True)
class Change:
    """Some actions of a plan in another form."""

    gone: Sequence[Action] = ()
    new: Sequence[Action] = ()


@dataclass(frozen=True)
class Scene:
    """A request and the actions planned for it so far."""

    request: PlanRequest
    actions: Sequence[Action]
    memo: dict[str, bool] = field(default_factory=dict)

    @property
    def live(self) -> Facts:
        return self.request.live

    @property
    def target(self) -> Facts:
        return self.request.target

    @property
    def version(self) -> int:
        return server_version(self.request)

    @cached_property
    def destroyers(self) -> Mapping[str, list[Action]]:
        return _by_name(self.actions, lambda action: action.destroys)

    @cached_property
    def changed(self) -> Counter[str]:
        """How many actions make, take away or really change an identity."""
        return Counter(name for action in self.actions for name in _changes(action))

    @cached_property
    def rewords(self) -> bool:
        """Whether what expressions may use untold comes or goes, so that they may mean something else."""
        return any(name.partition(":")[0] in _UNTOLD for name in self.changed)

    def is_large(self, table: str) -> bool:
        """Whether steps are worth it: the relation is there before and after, and has the size for it."""
        if table not in self.memo:
            self.memo[table] = self._is_large(table)
        return self.memo[table]

    def _is_large(self, table: str) -> bool:
        if table not in self.live or table not in self.target or table in self.destroyers:
            return False
        everywhere = locking(self.request) == Locking.ONLINE
        return everywhere or bytes_of(self.request, table) >= self.request.settings.online_above

    @cached_property
    def index_above(self) -> Mapping[str, str]:
        """The index of a partitioned table that one of a partition is attached to, or its key to its key."""
        attached = self.target.kinds.get("index_partition", ())
        return {fact.parent or "": fact.attrs["parent"] for fact in attached}

    def columns_of(self, table: str) -> set[str]:
        """The identities of the columns that a relation has, live or in the target."""
        parts = (part for side in (self.live, self.target) for part in side.parts.get(table, ()))
        return {part.id for part in parts if part.kind == "column"}

    @cached_property
    def beside_default(self) -> Collection[str]:
        """The names of the live tables that have a default partition."""
        attached = self.live.kinds.get("partition", ())
        return {fact.attrs["of"] for fact in attached if fact.attrs["bound"] == "DEFAULT"}

    @cached_property
    def default_partitions(self) -> Mapping[str, Fact]:
        """The attachments of default partitions that stay, by the name of the table that they are of."""
        attached = self.target.kinds.get("partition", ())
        return {
            fact.attrs["of"]: fact
            for fact in attached
            if fact.attrs["bound"] == "DEFAULT" and fact.id in self.live and fact.id not in self.destroyers
        }

    @cached_property
    def parents(self) -> Collection[str]:
        """Names of the live tables that others are partitions of or inherit from."""
        tables = [*self.live.kinds.get("partition", ()), *self.live.kinds.get("table", ())]
        return {p for f in tables for p in (f.attrs.get("inherits") or [f.attrs.get("of")]) if p}

    def is_partitioned(self, table: str) -> bool:
        return "partition_key" in self.live[table].attrs

    def drop_of(self, identity: str) -> Action | None:
        """The action that drops exactly this."""
        found = self.destroyers.get(identity, [])
        return next((a for a in found if a.verb is Verb.DROP and a.subject == identity), None)

    def stands_alone(self, action: Action) -> bool:
        """As :meth:`stands`, without what is attached to or destroys its subject: that comes afterwards."""
        above = self.index_above.get(action.subject)
        needs = tuple(need for need in action.needs if need != above)
        alone = msgspec.structs.replace(action, needs=needs)
        return self.stands(alone, *self.destroyers.get(action.subject, ()))

    def stands(self, action: Action, *besides: Action | None) -> bool:
        """Whether all that the action needs is there already and means the same, and neither it nor what it
        makes is touched by other actions than ``besides``."""
        own = Counter(name for a in (action, *besides) if a for name in _changes(a))
        names = {*action.needs, *action.produces}
        return (
            not self.rewords
            and all(need in self.live for need in action.needs)
            and all(self.changed[name] <= own[name] for name in names)
        )


def step(action: Action, rank: int, **changes: object) -> Action:
    """The action outside the transaction; its lock is unnoticed unless told otherwise."""
    return msgspec.structs.replace(
        action, **{"transactional": False, "rank": rank, "lock": UNNOTICED, **changes}
    )


_HARMLESS = (" SET NOT NULL", " DROP NOT NULL", " SET DEFAULT ", " DROP DEFAULT", " SET STATISTICS ",
             " SET STORAGE ", " SET COMPRESSION ")  # fmt: skip


def _changes(action: Action) -> Iterator[str]:
    """What an action makes other than it was, as far as indexes and constraints on it are concerned."""
    yield from action.destroys
    kind = action.subject.partition(":")[0]
    if action.verb is Verb.ALTER and (kind == "table" or (kind == "column" and _is_harmless(action))):
        return
    yield from set(action.produces) - set(action.destroys)


def _is_harmless(action: Action) -> bool:
    column = f" ALTER COLUMN {last(action.subject.partition(':')[2])}"
    return all(
        any(f"{column}{words}" in statement for words in _HARMLESS) or " CONSTRAINT " in statement
        for statement in action.statements
    )


def _by_name(actions: Sequence[Action], names: Callable[[Action], Iterable[str]]) -> dict[str, list[Action]]:
    found: dict[str, list[Action]] = {}
    for action in actions:
        for name in names(action):
            found.setdefault(name, []).append(action)
    return found


def bytes_of(request: PlanRequest, relation: str) -> int:
    """The size of a live relation with its partitions; 0 where it is not known."""
    known = request.live_hints.get("relations", {})
    size = int((known.get(relation) or {}).get("bytes") or 0)
    if "partition_key" in request.live[relation].attrs:
        parts = (f for f in request.live.kinds.get("partition", ()) if f.parent)
        size += sum(bytes_of(request, p.parent or "") for p in parts if f"table:{p.attrs['of']}" == relation)
    return size
