"""Rules for sequences."""

from __future__ import annotations

from collections.abc import Mapping

from snapstore.model import Fact, Json
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.names import block, last, literal, printed, qualifier
from snapstore_postgres.relations import changes_persistence, owner_statement
from snapstore_postgres.relations.slots import relation_slot
from snapstore_postgres.renaming import IN_SCHEMAS, TYPES
from snapstore_postgres.renaming.statements import spare_names
from snapstore_postgres.rows.positions import positions
from snapstore_postgres.rows.positions.noted_positions import noting


def sequence_options(attrs: Mapping[str, Json]) -> str:
    text = f"START WITH {attrs['start']} INCREMENT BY {attrs.get('increment', 1)}"
    text += f" MINVALUE {attrs['min']} MAXVALUE {attrs['max']} CACHE {attrs.get('cache', 1)}"
    return text + (" CYCLE" if attrs.get("cycle") else " NO CYCLE")


def altered_sequence(name: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> str:
    """The statement that gives a sequence its new options. Where its position may be out of the new bounds,
    it goes on from the nearest one inside: the server refuses the bounds otherwise."""
    kind = (
        f" AS {new.get('type', 'bigint')}" if "kind" not in new or old.get("type") != new.get("type") else ""
    )
    text = f"ALTER SEQUENCE {name}{kind} {sequence_options(new)}"
    if new["min"] <= old["min"] and old["max"] <= new["max"]:
        return text
    following = f"CASE WHEN is_called THEN last_value + {new.get('increment', 1)} ELSE last_value END"
    inside = f"greatest({new['min']}, least({new['max']}, {following}))"
    return block(
        f"""BEGIN
  IF (SELECT last_value BETWEEN {new["min"]} AND {new["max"]} FROM {name}) THEN {text};
  ELSE EXECUTE {literal(text + " RESTART ")} || (SELECT {inside} FROM {name}); END IF;
END"""
    )


def _create_sequence(fact: Fact, view: View) -> Draft:
    attrs = fact.attrs
    unlogged = "UNLOGGED " if attrs.get("persistence") == "u" else ""
    first = first_name(fact.name, view)
    text = f"CREATE {unlogged}SEQUENCE {first} AS {attrs.get('type', 'bigint')} {sequence_options(attrs)}"
    # Only a sequence with the table's owner can be owned by its column, so the owner comes first.
    renaming = [f"ALTER SEQUENCE {first} RENAME TO {last(fact.name)}"] if first != fact.name else []
    statements = [text, *renaming, *owner_statement("SEQUENCE", fact.name, fact)]
    if fact.parent:
        statements.append(f"ALTER SEQUENCE {fact.name} OWNED BY {fact.parent.partition(':')[2]}")
    statements += positions.position_statements(fact, view)
    needs = _owned_with(fact, view) + positions.noted_before(
        fact.name, view.target.get(fact.parent or ""), view
    )
    return Draft(statements=statements, undo=[f"DROP SEQUENCE {fact.name}"], needs=needs)


def first_name(sequence: str, view: View) -> str:
    """The name under which it is made: a type may have its name, but only of one that is there already."""
    if not any(f"{kind}:{sequence}" in side for kind in TYPES for side in (view.live, view.target)):
        return sequence
    spare = (f"{qualifier(sequence)}.{printed(name)}" for name in spare_names(last(sequence)))
    return next(name for name in spare if not any(f"{kind}:{name}" in view.live for kind in IN_SCHEMAS))


def _drop_sequence(fact: Fact, view: View) -> Draft:
    draft = Draft(statements=[f"DROP SEQUENCE {fact.name}"], undo=_create_sequence(fact, view).statements)
    return noting(fact.name, draft, view)


def _alter_sequence(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if before.parent != after.parent and _has_another(after, view):
        return None  # numbers go on from where that one is
    statements = []
    table = "table:" + qualifier((after.parent or "").partition(":")[2])
    with_table = changes_persistence(table, view) and before.parent == after.parent
    if old.get("persistence") != new.get("persistence") and not with_table:
        statements.append(
            f"ALTER SEQUENCE {after.name} SET {'UNLOGGED' if new.get('persistence') else 'LOGGED'}"
        )
    if before.parent and before.parent != after.parent:
        statements.append(f"ALTER SEQUENCE {after.name} OWNED BY NONE")
    if old.get("type") != new.get("type") or sequence_options(old) != sequence_options(new):
        statements.append(altered_sequence(after.name, old, new))
    # A sequence that a column keeps owning changes hands with the table.
    if _changes_hands(before, after, view) and not (after.parent and before.parent == after.parent):
        statements += owner_statement("SEQUENCE", after.name, after)
    needs = []
    if after.parent and before.parent != after.parent:
        statements.append(f"ALTER SEQUENCE {after.name} OWNED BY {after.parent.partition(':')[2]}")
        statements += positions.not_behind(after, view)
        needs = _owned_with(after, view)
    altered = Alteration(statements=statements, needs=needs, lock="SHARE ROW EXCLUSIVE")
    return positions.kept_by_sequence(before, after, altered, view)


def _owned_with(sequence: Fact, view: View) -> list[str]:
    """The table of the column that owns it: it has to be of that one's owner, whatever that was before."""
    column = view.target.get(sequence.parent or "")
    return [column.parent] if column and column.parent else []


def _changes_hands(before: Fact, after: Fact, view: View) -> bool:
    """Whether a sequence gets another owner, or has just got one with the table that owned it."""
    column = view.live.get(before.parent or "")
    tables = [side.get(column.parent or "") for side in (view.live, view.target)] if column else []
    left = {table.attrs.get("owner") for table in tables if table}
    return before.attrs.get("owner") != after.attrs.get("owner") or len(left) > 1


def _has_another(sequence: Fact, view: View) -> bool:
    """Whether the column that is to own it has a sequence of its own by now."""
    parts = view.live_parts.get(sequence.parent or "", ())
    return any(part.kind == "sequence" and part.id != sequence.id for part in parts)


RULES: dict[str, Rule] = {
    "sequence": Rule(_create_sequence, _drop_sequence, _alter_sequence, rank=20, slots=relation_slot),
}
