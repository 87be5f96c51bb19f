"""Rules for constraints, of tables and of domains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import NOTHING, Draft, Rule, View
from snapstore_postgres.expressions import before_clause, reparsable
from snapstore_postgres.kinds.constraints.constraint_changes import altered
from snapstore_postgres.kinds.constraints.keys_to_partitions import behind_detaching
from snapstore_postgres.kinds.constraints.late_checks import made_before
from snapstore_postgres.kinds.constraints.merging import are_away, comes_behind, own_below, taken_off
from snapstore_postgres.kinds.constraints.own_checks import dropped
from snapstore_postgres.kinds.indexes.attached_indexes import (
    attached_indexes,
    separable,
    vanishes_with_parent_index,
)
from snapstore_postgres.kinds.indexes.index_partitions import is_exclusion, made_after
from snapstore_postgres.kinds.partitions import detached
from snapstore_postgres.kinds.types.domains import is_inside_others
from snapstore_postgres.names import block, last, literal, qualifier, spare_name, unquote
from snapstore_postgres.relations import STRONGEST, table_of
from snapstore_postgres.relations.hidden_keys import keys_before
from snapstore_postgres.relations.inheritance import (
    along,
    ancestors,
    comes_with_parent,
    descendants,
    given_by,
    made_with_table,
    own_parts_below,
)
from snapstore_postgres.relations.keys import is_by_pairs
from snapstore_postgres.relations.miscounted import goes_with_type
from snapstore_postgres.relations.no_inherit import around_key
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.relations.taken_names import freed
from snapstore_postgres.rows.disallowed.unvalidated import is_unvalidated, is_valid_check


def _create_constraint(fact: Fact, view: View) -> Draft:
    if fact.parent and fact.parent.startswith("domain:"):
        return _create_on_domain(fact)
    if _arrives(fact, view) or _made_with_parent(fact, view):
        return NOTHING
    name, table = last(fact.name), table_of(fact)
    only = "" if fact.attrs["type"] in ("c", "f", "x") else "ONLY "
    reached = along(fact, view, live=False)
    below = list(_in_partitions(fact, view)) if is_exclusion(fact) else []
    rows, bytes_ = size(view, f"table:{table}")
    before, behind = around_key(fact, view)
    return Draft(
        statements=[
            *freed(table, name, view.request),
            *before,
            f"ALTER TABLE {only}{table} ADD CONSTRAINT {name} {constraint_definition(fact)}",
            *behind,
            *_valid_below(fact, reached),
            *(_named(part, view) for part in below if part.kind == "constraint"),
        ],
        undo=[f"ALTER TABLE {table} DROP CONSTRAINT {name}"],
        absorbs=[*reached, *below],
        needs=[
            *(f"partition:{table_of(part)}" for part in below if part.kind == "constraint"),
            *(_needed_by_foreign_key(fact, view) if fact.attrs["type"] == "f" else ()),
            *made_after(fact, view),
            *made_before(fact, view),
            *(own.id for own in own_parts_below(fact, view) if fact.attrs["type"] == "c"),
            *(_columns_before(fact, view) if is_unvalidated(fact) else ()),
        ],
        lock="SHARE ROW EXCLUSIVE" if fact.attrs["type"] == "f" else STRONGEST,
        rows=rows,
        bytes=bytes_,
        hazards=_constraint_hazards(fact, rows, bytes_),
    )


def _create_on_domain(fact: Fact) -> Draft:
    alter, name = f"ALTER DOMAIN {qualifier(fact.name)}", last(fact.name)
    return Draft(
        statements=[f"{alter} ADD CONSTRAINT {name} {reparsable(fact.attrs['definition'])}"],
        undo=[f"{alter} DROP CONSTRAINT {name}"],
    )


def _needed_by_foreign_key(fact: Fact, view: View) -> Iterator[str]:
    yield from _attached_to_keys(fact, view)
    yield from comes_behind(fact, view)
    yield from keys_before(fact, view)
    yield from map(detached, behind_detaching(fact, view))
    yield from are_away(own_below(fact, view), view)


def _attached_to_keys(fact: Fact, view: View) -> Iterator[str]:
    """The attachments without which the key that it refers to, of a partitioned table, is not valid."""
    waiting = list(fact.needs)
    while waiting:
        key = waiting.pop()
        for part in view.target_dependents.get(key, ()):
            if part.kind == "index_partition" and part.attrs["parent"] == key:
                yield part.id
                waiting.append(part.parent or "")


def _columns_before(fact: Fact, view: View) -> Iterator[str]:
    """The columns of its table, which may be new or of another type, and so have their values by updates of
    rows that may violate it."""
    return (part.id for part in view.target_parts.get(fact.parent or "", ()) if part.kind == "column")


def _valid_below(fact: Fact, reached: Sequence[Fact]) -> list[str]:
    """Statements that validate a check in the tables that it reaches, where it was new with these."""
    valid = [part for part in reached if is_valid_check(part)] if is_unvalidated(fact) else []
    return [f"ALTER TABLE {table_of(part)} VALIDATE CONSTRAINT {last(part.name)}" for part in valid]


def _made_with_parent(fact: Fact, view: View) -> bool:
    """Whether it is an exclusion constraint of a partition that comes with that of the table above."""
    parts = view.target_parts.get(fact.id, ()) if is_exclusion(fact) else ()
    return any(p.kind == "index_partition" and view.appears(p.attrs["parent"]) for p in parts)


def _in_partitions(fact: Fact, view: View) -> Iterator[Fact]:
    """What an exclusion constraint makes in partitions: the like of it, attached. PostgreSQL could not attach
    one that is there already."""
    for attached in view.target_dependents.get(fact.id, ()):
        if attached.kind == "index_partition" and attached.attrs["parent"] == fact.id:
            child = view.target[attached.parent or ""]
            yield from (attached, child, *_in_partitions(child, view))


def _named(fact: Fact, view: View) -> str:
    """The constraint that the statement before made in a partition, under its name. Another one that it made
    may have that, until it gets its own."""
    table, name = table_of(fact), literal(unquote(last(fact.name)))
    attached = next(p for p in view.target_parts[fact.id] if p.kind == "index_partition")
    above = attached.attrs["parent"]
    of, its_name = literal(table_of(view.target[above])), literal(unquote(last(above.partition(":")[2])))
    rename = "EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I',"
    return block(
        f"""DECLARE made name; other regclass;
BEGIN
  SELECT c.conname INTO made FROM pg_constraint c JOIN pg_constraint p ON p.oid = c.conparentid
   WHERE c.conrelid = {literal(table)}::regclass AND p.conrelid = {of}::regclass AND p.conname = {its_name};
  IF made = {name} THEN RETURN; END IF;
  SELECT conrelid INTO other FROM pg_constraint
   WHERE contype = 'x' AND conname = {name} AND connamespace = {literal(qualifier(table))}::regnamespace;
  IF FOUND THEN {rename} other, {name}, {literal(spare_name(fact.id, "made"))}); END IF;
  {rename} {literal(table)}, made, {name});
END"""
    )


def constraint_definition(fact: Fact) -> str:
    text = reparsable(fact.attrs["definition"])
    # The server prints the options of an exclusion constraint itself, and of no other.
    options = fact.attrs.get("options") if fact.attrs.get("type") != "x" else None
    tablespace = fact.attrs.get("tablespace")
    if not options and not tablespace:
        return text
    extra = f" WITH ({', '.join(options)})" if options else ""
    extra += f" USING INDEX TABLESPACE {tablespace}" if tablespace else ""
    return before_clause(text, extra)


def _constraint_hazards(fact: Fact, rows: int | None, bytes_: int | None) -> tuple[Hazard, ...]:
    if not bytes_:
        return ()
    if fact.attrs["type"] in ("p", "u", "x"):
        text = f"builds the index of {fact.name}"
        if is_by_pairs(fact):
            text += " while nobody else can use the table: PostgreSQL cannot do it concurrently"
        return (Hazard(HazardName.INDEX_BUILD, text, rows=rows, bytes=bytes_),)
    if "NOT VALID" in fact.attrs["definition"]:
        return ()
    return (Hazard(HazardName.BLOCKING_LOCK, f"scans {table_of(fact)} to validate", rows=rows, bytes=bytes_),)


def _arrives(fact: Fact, view: View) -> bool:
    """Whether a check is there by its table's parent: by the parent's statement, or by the table's own."""
    made_with_parents = fact.attrs.get("inherited") and view.appears(fact.parent or "")
    partition = "partition:" + table_of(fact) in view.target
    return bool(made_with_parents and not partition) or comes_with_parent(fact, view)


def _drop_constraint(fact: Fact, view: View) -> Draft:
    name = last(fact.name)
    if fact.parent and fact.parent.startswith("domain:"):
        return Draft(statements=[f"ALTER DOMAIN {qualifier(fact.name)} DROP CONSTRAINT {name}"])
    if comes_with_parent(fact, view) or _goes_with_parent(fact, view):
        return NOTHING
    if vanishes_with_parent_index(fact, view) or goes_with_type(fact, view):
        return NOTHING
    table = table_of(fact)
    below = descendants(fact, view, live=True)
    reached = [d for d in below if comes_with_parent(d, view) or _goes_with_parent(d, view)]
    reached += attached_indexes(fact, view)
    above = [view.live[i] for i in given_by(fact, view) if view.vanishes(i) and i in view.live]
    return Draft(
        statements=dropped(fact, view),
        undo=[f"ALTER TABLE {table} ADD CONSTRAINT {name} {constraint_definition(fact)}"],
        needs=[taken_off(part.name) for part in above],
        provides=[taken_off(part.name) for part in (fact, *reached)],
        absorbs=reached,
        lock=STRONGEST,
    )


def _goes_with_parent(fact: Fact, view: View) -> bool:
    """Whether it goes with that of a parent which is dropped before its table is."""
    going = view.apart.going
    return bool(fact.attrs.get("inherited")) and any(i in going for i in _above(fact, view))


def _above(fact: Fact, view: View) -> Iterator[str]:
    for parent in ancestors(table_of(fact), view.live):
        identity = f"constraint:{parent}.{last(fact.name)}"
        if identity in view.live:
            yield identity


def _separable(fact: Fact, view: View) -> list[str]:
    """An inherited one goes with that of the parents, which is then separate too."""
    inherited = bool(fact.attrs.get("inherited")) and fact.id in view.live
    return [*separable(fact, view), *(_above(fact, view) if inherited else ())]


def _made_with(fact: Fact, view: View) -> list[str]:
    domain = view.live.get(fact.parent or "")
    if domain is not None and domain.kind == "domain":
        return [domain.id] if is_inside_others(domain, view) else []
    return [*made_with_table(fact, view), *own_below(fact, view)]


def _constraint_slot(fact: Fact) -> list[str]:
    """The name of its index, and that a table has one primary key."""
    if fact.attrs.get("type") not in ("p", "u", "x"):
        return []
    index = f"relation:{qualifier(qualifier(fact.name))}.{last(fact.name)}"
    return [index, f"primary_key:{table_of(fact)}"] if fact.attrs["type"] == "p" else [index]


RULES: dict[str, Rule] = {
    "constraint": Rule(
        _create_constraint,
        _drop_constraint,
        altered,
        rank=50,
        separable=_separable,
        slots=_constraint_slot,
        along=_made_with,
    ),
}
