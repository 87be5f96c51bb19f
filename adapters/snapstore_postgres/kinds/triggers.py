"""Rules for triggers, and for the states that those of partitions have of their own."""

from __future__ import annotations

from itertools import chain, takewhile

from snapstore.model import Fact
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View, by_itself
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.names import aside, last, qualifier
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.relations.inheritance import ancestors, partitions_below
from snapstore_postgres.relations.notnull import name_of_not_null
from snapstore_postgres.words import FIRING, designation


def enable(fact: Fact, what: str) -> str:
    """The statement that says when a trigger or a rewrite rule fires."""
    state = FIRING[fact.attrs.get("enabled", "O")]
    return f"ALTER TABLE {qualifier(fact.name)} {state} {what} {last(fact.name)}"


def _create_trigger(fact: Fact, view: View) -> Draft:
    statements = _trigger_statements(fact, view)
    if "enabled" in fact.attrs:
        statements.append(enable(fact, "TRIGGER"))
    return Draft(statements=statements, undo=[f"DROP {designation(fact)}"], lock="SHARE ROW EXCLUSIVE")


_CONSTRAINT = "CREATE CONSTRAINT TRIGGER "


def _trigger_statements(fact: Fact, view: View) -> list[str]:
    """A constraint trigger also takes a name among the constraints of its table and of its partitions, and
    keeps there the first one that it had: where another constraint has its name, it is renamed to it."""
    text, name = reparsable(fact.attrs["definition"]), last(fact.name)
    if not text.startswith(_CONSTRAINT) or not _is_of_constraint(name, fact.parent or "", view):
        return [text]
    spare = aside(name)
    return [
        text.replace(f"{_CONSTRAINT}{name} ", f"{_CONSTRAINT}{spare} ", 1),
        f"ALTER TRIGGER {spare} ON {qualifier(fact.name)} RENAME TO {name}",
    ]


def _is_of_constraint(name: str, table: str, view: View) -> bool:
    tables = (table, *partitions_below(table, view.target))
    sides = (view.target_parts, view.live_parts)  # one that goes may still be there
    parts = chain.from_iterable(side.get(t, ()) for side in sides for t in tables)
    return any(
        last(part.name) == name
        if part.kind == "constraint"
        else part.kind == "column" and part.attrs.get("not_null") and name_of_not_null(part) == name
        for part in parts
    )


def drop(fact: Fact, view: View) -> Draft:
    """A trigger or a rewrite rule that goes; its definition is the statement that makes it."""
    return Draft(statements=[f"DROP {designation(fact)}"], undo=[fact.attrs["definition"]], lock=STRONGEST)


def _alter_trigger(before: Fact, after: Fact, view: View) -> Alteration | None:
    if before.attrs["definition"] != after.attrs["definition"]:
        return None
    same = before.attrs.get("enabled") == after.attrs.get("enabled")
    return Alteration(
        statements=() if same else [enable(after, "TRIGGER"), *_again_below(after, view)],
        undo=() if same else [enable(before, "TRIGGER")],
        lock="SHARE ROW EXCLUSIVE",
    )


def _set_trigger_state(fact: Fact, view: View) -> Draft:
    """What is below follows, and so comes after it."""
    above = [f"trigger_state:{t}.{last(fact.name)}" for t in ancestors(qualifier(fact.name), view.target)]
    return Draft(
        statements=[enable(fact, "TRIGGER"), *_again_below(fact, view)],
        needs=[*(state for state in above if state in view.target), *map(_unset, above)],
        lock="SHARE ROW EXCLUSIVE",
    )


def _unset(state: str) -> str:
    """What is provided by giving the trigger of a partition, and those below it, the state of that above."""
    return f"unset:{state}"


def _unset_trigger_state(fact: Fact, view: View) -> Draft:
    table, name = qualifier(fact.name), last(fact.name)
    above = [*ancestors(table, view.live)]
    path = [table, *takewhile(lambda t: f"trigger:{t}.{name}" not in view.live, above)]
    # Without its partition or its trigger it goes, and a new one has the state that it is given.
    around = (f"table:{table}", *(f"partition:{t}" for t in path), *(f"trigger:{t}.{name}" for t in above))
    if fact.id in view.target or any(map(view.vanishes, around)):
        return NOTHING
    states = (view.target.get(f"{kind}:{t}.{name}") for t in above for kind in ("trigger_state", "trigger"))
    state = next((found.attrs.get("enabled", "O") for found in states if found), "O")
    statement = f"ALTER TABLE {table} {FIRING[state]} TRIGGER {name}"
    return Draft(statements=[statement, *_again_below(fact, view)], provides=[_unset(fact.id)])


def _again_below(trigger: Fact, view: View) -> list[str]:
    """The statements for triggers of partitions that are to stay as they are: they follow that above them."""
    below = partitions_below(f"table:{qualifier(trigger.name)}", view.target)
    states = (f"trigger_state:{table.partition(':')[2]}.{last(trigger.name)}" for table in below)
    return [enable(view.target[state], "TRIGGER") for state in states if view.stays(state)]


RULES: dict[str, Rule] = {
    "trigger": Rule(_create_trigger, drop, _alter_trigger, rank=70, separable=by_itself),
    "trigger_state": Rule(_set_trigger_state, _unset_trigger_state, rank=71),
}
