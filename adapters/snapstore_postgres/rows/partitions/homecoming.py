"""The way back of rows that no partition took: from the archive to where one takes them by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Fact, Verb
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.renaming.evidence import by_id
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.disallowed.unvalidated import is_unvalidated
from snapstore_postgres.rows.partitions import parting, partition_rows, putting
from snapstore_postgres.rows.partitions.entries_of_leaving import SOURCE, entry_before_attaching, root_of
from snapstore_postgres.rows.partitions.homeless import KIND
from snapstore_postgres.rows.partitions.leaving import TAKEN_OUT
from snapstore_postgres.rows.partitions.marks import closed, marked

_ABOUT = ("table:", "partition:", "rows:")


def with_rows_back(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and those that put rows in which may find a place by now: where anything about the tables
    changes, and for rows that the actions take out themselves."""
    request = _leaving_the_archive(request) if request.options.data is DataMode.DISCARD else request
    lying = archive.entries(request.live_hints)
    called = by_id(request.target_hints) if lying else {}
    touched = {a.subject.partition(":")[2] for a in actions if a.subject.startswith(_ABOUT)}
    parted = list(parting.parted(request, actions, called))
    without_marks = {p.marks for p in parted}
    back = []
    for entry in (entry for entry in lying if entry.kind == KIND):
        identity = _home(entry, called, request)
        if putting.has_rows(identity, request) and not touched.isdisjoint(putting.tree(identity, request)):
            closing = closed(entry, parted=entry.place in without_marks)
            back.append(_put_back(request, identity, entry, closing))
    for action in actions:
        for source in action.payload.get(TAKEN_OUT, ()):
            again = _put_through(request, request.target[action.subject], source)
            back.append(msgspec.structs.replace(again, lock=None))  # but for those that there are
    back += partition_rows.put_back(request, actions, touched, called)
    for p in parted:
        again = _put_back(request, p.home, p.entry, archive.closed_when_empty(p.entry))
        back.append(msgspec.structs.replace(again, lock=None))
    actions = _held_after(back, parting.after_parting(parted, actions), request)
    return [*actions, *(p.action for p in parted), *(_told(action) for action in back)]


def _leaving_the_archive(request: PlanRequest) -> PlanRequest:
    """The request, with nothing in the archive that could come back."""
    lying = {**(request.live_hints.get("archive") or {}), "entries": []}
    return msgspec.structs.replace(request, live_hints={**request.live_hints, "archive": lying})


_BACK = "back:"
"""What begins the tokens that say: the rows of this table are back."""


def _told(action: Action) -> Action:
    return msgspec.structs.replace(action, produces=(_BACK + action.subject.partition(":")[2],))


def _held_after(back: Sequence[Action], actions: Sequence[Action], request: PlanRequest) -> list[Action]:
    """The actions, those that make a foreign key waiting for the rows that come to what it refers to, and
    those that make what was never validated for the rows that come to its table: they may violate it."""
    trees = {
        root: putting.tree(f"table:{root}", request) for root in (a.subject.partition(":")[2] for a in back)
    }

    def waited(action: Action) -> list[str]:
        fact = request.target.get(action.subject)
        if action.verb is not Verb.CREATE or fact is None or fact.kind != "constraint":
            return []
        own, late, others = qualifier(fact.name), _comes_late(fact, request), _referred(fact)
        return [_BACK + root for root, tree in trees.items() if (late if own in tree else others & tree)]

    return [msgspec.structs.replace(a, needs=(*a.needs, *waited(a))) for a in actions] if back else [*actions]


def _comes_late(constraint: Fact, request: PlanRequest) -> bool:
    """Whether rows may violate it, and its table can be attached without."""
    attachment = request.target.get(f"partition:{qualifier(constraint.name)}")
    return is_unvalidated(constraint) and not (attachment and constraint.id in attachment.needs)


def _referred(constraint: Fact) -> set[str]:
    """The tables that it is about, where it is a foreign key."""
    columns = (need.partition(":")[2] for need in constraint.needs if need.startswith("column:"))
    return {qualifier(column) for column in columns} if constraint.attrs.get("type") == "f" else set()


def _home(entry: archive.Entry, called: Mapping[str, str], request: PlanRequest) -> str:
    """Where rows go: to the table that they were taken out of, or to the root of the tree that it is in by
    now; where there is none, to the root of that which it was to be in."""
    root = putting.called(entry.identity, entry.facts["ids"], called, request)
    if SOURCE not in entry.facts:
        return root
    was, ids = entry.facts[SOURCE]
    source = putting.called(was, ids, called, request)
    name = source.partition(":")[2]
    return f"table:{[name, *ancestors(name, request.target)][-1]}" if source in request.target else root


def _put_back(request: PlanRequest, table: str, entry: archive.Entry, closing: str) -> Action:
    return putting.put_back(request, table, _kept_rows(request, table, entry, closing))


def _put_through(request: PlanRequest, partition: Fact, source: str) -> Action:
    """Rows that an action takes out of ``source``. They are marked where they go back once the table leaves
    its tree, or has the bounds again that it had."""
    root, entry = root_of(partition, request), entry_before_attaching(partition, source, request)
    if request.options.data is DataMode.DISCARD:
        return _put_or_lost(request, root, entry)
    if not parting.moves(partition, request):
        return _put_back(request, root, entry, archive.closed_when_empty(entry))
    rows = _kept_rows(request, root, entry, closed(entry, marked=True))
    return putting.put_back(request, root, replace(rows, marks=marked(entry.place)))


def _put_or_lost(request: PlanRequest, root: str, entry: archive.Entry) -> Action:
    what = f"put rows of {root.partition(':')[2]} where they belong, as far as there is a place for them"
    action = putting.put_back(request, root, _kept_rows(request, root, entry, closing=""), what)
    return msgspec.structs.replace(action, statements=(*action.statements, *archive.removed(entry.place)))


def _kept_rows(request: PlanRequest, table: str, entry: archive.Entry, closing: str) -> putting.Rows:
    """Rows that lie there as JSON."""
    pairs = putting.columns(request, table, entry.facts["columns"])
    read = ", ".join(f"{old} {column.attrs['type']}" for old, column in pairs if column)
    rows = entry.rows
    return putting.Rows(
        rows,
        f"{rows} r, pg_catalog.json_to_record(r.value) x({read})",
        "r.no",
        {last(column.name): f"x.{old}" for old, column in pairs if column},
        closing=closing,
    )
