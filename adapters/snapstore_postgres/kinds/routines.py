"""Rules for functions, procedures, aggregates, triggers, rewrite rules and policies."""

from __future__ import annotations

import re
from itertools import chain, takewhile

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import NOTHING, Alteration, Draft, Halves, Rule, View, by_itself
from snapstore_postgres.expressions import reparsable, reparsable_routine
from snapstore_postgres.names import aside, last, literal, qualifier
from snapstore_postgres.relations import STRONGEST, owner_statement
from snapstore_postgres.relations.inheritance import ancestors, partitions_below
from snapstore_postgres.relations.notnull import name_of_not_null
from snapstore_postgres.words import designation, named_in, plain, signature

_ENABLED = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


# -- functions and procedures ------------------------------------------------------------------------------

_SQL_BODY = re.compile(r"\n(BEGIN ATOMIC\n|RETURN )")
"""What begins a body that the server has parsed."""


def _create_routine(fact: Fact, view: View) -> Draft:
    keyword = fact.kind.upper()
    text = reparsable_routine(fact.attrs["definition"].rstrip())
    body = _parsed_body(text)
    calls_itself = body is not None and f"{plain(fact.name)}(" in text[body:]
    return Draft(
        statements=[
            *([_without_body(text)] if calls_itself else []),
            text,
            *owner_statement(keyword, fact.name, fact),
        ],
        undo=[f"DROP {keyword} {fact.name}"],
    )


def _drop_routine(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"DROP {designation(fact)}"], undo=[fact.attrs.get("definition", "")])


def _alter_routine(before: Fact, after: Fact, view: View) -> Alteration | None:
    """CREATE OR REPLACE may change neither the result nor the names and defaults of the arguments."""
    old, new = before.attrs, after.attrs
    if any(old.get(key) != new.get(key) for key in ("arguments", "result", "window")):
        return None
    statements = []
    replaced = old["definition"] != new["definition"]
    if replaced:
        statements.append(reparsable_routine(new["definition"].rstrip()))
    if old.get("owner") != new.get("owner"):
        statements += owner_statement(after.kind.upper(), after.name, after)
    return Alteration(
        statements=statements,
        undo=[old["definition"].rstrip()],
        # Replacing it makes it forget that it goes with an extension.
        displaces=lambda dependent: replaced and dependent.kind == "depends_on_extension",
    )


def _routine_halves(fact: Fact, view: View) -> Halves | None:
    """A body that the server has parsed stands on what it names; one that is a string does not."""
    text = reparsable_routine(fact.attrs["definition"].rstrip())
    if _parsed_body(text) is None:
        return None
    bare = _without_body(text)
    return Halves(
        bare=[bare],
        completed=[text, *owner_statement(fact.kind.upper(), fact.name, fact)],
        stripped=[bare],
        needs=named_in(bare, fact),
    )


def _parsed_body(text: str) -> int | None:
    """Where it begins; a body that is a string may have lines that look like it."""
    found, string = _SQL_BODY.search(text), text.find("\nAS ")
    return found.start() if found and not 0 <= string < found.start() else None


def _without_body(text: str) -> str:
    return text[: _parsed_body(text)] + "\nAS ''"


# -- aggregates --------------------------------------------------------------------------------------------

_MODIFY = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}
_PARALLEL = {"s": "SAFE", "r": "RESTRICTED", "u": "UNSAFE"}


def _aggregate_text(fact: Fact) -> str:
    a = fact.attrs
    items = [f"SFUNC = {a['sfunc']}", f"STYPE = {a['stype']}"]
    for key, word in (
        ("sspace", "SSPACE"), ("finalfunc", "FINALFUNC"), ("combinefunc", "COMBINEFUNC"),
        ("serialfunc", "SERIALFUNC"), ("deserialfunc", "DESERIALFUNC"), ("msfunc", "MSFUNC"),
        ("minvfunc", "MINVFUNC"), ("mstype", "MSTYPE"), ("msspace", "MSSPACE"), ("mfinalfunc", "MFINALFUNC"),
        ("sortop", "SORTOP"),
    ):  # fmt: skip
        items += [f"{word} = {a[key]}"] if key in a else []
    for key, word in (("initcond", "INITCOND"), ("minitcond", "MINITCOND")):
        items += [f"{word} = {literal(a[key])}"] if key in a else []
    for key, word in (("finalfunc_extra", "FINALFUNC_EXTRA"), ("mfinalfunc_extra", "MFINALFUNC_EXTRA")):
        items += [word] if a.get(key) else []
    for key, word in (("finalfunc_modify", "FINALFUNC_MODIFY"), ("mfinalfunc_modify", "MFINALFUNC_MODIFY")):
        items += [f"{word} = {_MODIFY[a[key]]}"] if key in a else []
    items += [f"PARALLEL = {_PARALLEL[a['parallel']]}"] if "parallel" in a else []
    items += ["HYPOTHETICAL"] if a.get("kind") == "h" else []
    body = ",\n    ".join(items)
    return f"CREATE AGGREGATE {plain(fact.name)}({a['arguments'] or '*'}) (\n    {body}\n)"


def _create_aggregate(fact: Fact, view: View) -> Draft:
    owner = owner_statement("AGGREGATE", signature(fact), fact)
    return Draft(statements=[_aggregate_text(fact), *owner], undo=[f"DROP {designation(fact)}"])


def _drop_aggregate(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"DROP {designation(fact)}"], undo=[_aggregate_text(fact)])


def _alter_aggregate(before: Fact, after: Fact, view: View) -> Alteration | None:
    if _aggregate_text(before) != _aggregate_text(after):
        return None
    if before.attrs.get("owner") == after.attrs.get("owner"):
        return Alteration()
    return Alteration(statements=owner_statement("AGGREGATE", signature(after), after))


# -- triggers ----------------------------------------------------------------------------------------------


def _enable(fact: Fact, what: str) -> str:
    state = _ENABLED[fact.attrs.get("enabled", "O")]
    return f"ALTER TABLE {qualifier(fact.name)} {state} {what} {last(fact.name)}"


def _create_trigger(fact: Fact, view: View) -> Draft:
    statements = _trigger_statements(fact, view)
    if "enabled" in fact.attrs:
        statements.append(_enable(fact, "TRIGGER"))
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


def _drop_trigger(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"DROP {designation(fact)}"], undo=[fact.attrs["definition"]], lock=STRONGEST)


def _alter_trigger(before: Fact, after: Fact, view: View) -> Alteration | None:
    if before.attrs["definition"] != after.attrs["definition"]:
        return None
    same = before.attrs.get("enabled") == after.attrs.get("enabled")
    return Alteration(
        statements=() if same else [_enable(after, "TRIGGER"), *_again_below(after, view)],
        undo=() if same else [_enable(before, "TRIGGER")],
        lock="SHARE ROW EXCLUSIVE",
    )


def _set_trigger_state(fact: Fact, view: View) -> Draft:
    """What is below follows, and so comes after it."""
    above = [f"trigger_state:{t}.{last(fact.name)}" for t in ancestors(qualifier(fact.name), view.target)]
    return Draft(
        statements=[_enable(fact, "TRIGGER"), *_again_below(fact, view)],
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
    statement = f"ALTER TABLE {table} {_ENABLED[state]} TRIGGER {name}"
    return Draft(statements=[statement, *_again_below(fact, view)], provides=[_unset(fact.id)])


def _again_below(trigger: Fact, view: View) -> list[str]:
    """The statements for triggers of partitions that are to stay as they are: they follow that above them."""
    below = partitions_below(f"table:{qualifier(trigger.name)}", view.target)
    states = (f"trigger_state:{table.partition(':')[2]}.{last(trigger.name)}" for table in below)
    return [_enable(view.target[state], "TRIGGER") for state in states if view.stays(state)]


# -- rewrite rules -----------------------------------------------------------------------------------------


def _create_rule(fact: Fact, view: View) -> Draft:
    statements = [reparsable(fact.attrs["definition"]).rstrip().rstrip(";")]
    if "enabled" in fact.attrs:
        statements.append(_enable(fact, "RULE"))
    return Draft(statements=statements, undo=[f"DROP {designation(fact)}"], lock=STRONGEST)


def _drop_rule(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"DROP {designation(fact)}"], undo=[fact.attrs["definition"]], lock=STRONGEST)


def _alter_rule(before: Fact, after: Fact, view: View) -> Alteration | None:
    if before.attrs["definition"] != after.attrs["definition"]:
        return None
    same = before.attrs.get("enabled") == after.attrs.get("enabled")
    return Alteration(statements=() if same else [_enable(after, "RULE")], lock=STRONGEST)


# -- policies ----------------------------------------------------------------------------------------------

_COMMAND = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


def _policy_clauses(fact: Fact) -> str:
    a = fact.attrs
    text = f" TO {', '.join(a['roles'])}"
    text += f" USING ({reparsable(a['using'])})" if "using" in a else ""
    return text + (f" WITH CHECK ({reparsable(a['check'])})" if "check" in a else "")


def _policy_text(fact: Fact) -> str:
    a = fact.attrs
    kind = " AS RESTRICTIVE" if a.get("restrictive") else ""
    command = f" FOR {_COMMAND[a['command']]}" if "command" in a else ""
    return f"CREATE {designation(fact)}{kind}{command}{_policy_clauses(fact)}"


def _create_policy(fact: Fact, view: View) -> Draft:
    hazards = [] if fact.attrs.get("restrictive") else [_wider(fact, view)]
    return Draft(
        statements=[_policy_text(fact)],
        undo=[f"DROP {designation(fact)}"],
        lock=STRONGEST,
        hazards=[h for h in hazards if h],
    )


def _wider(fact: Fact, view: View) -> Hazard | None:
    """A permissive policy lets more rows through, unless it only comes back after a rebuild."""
    if fact.id in view.live or view.appears(fact.parent or ""):
        return None
    return Hazard(HazardName.SECURITY, f"policy {fact.name} lets more rows through")


def _drop_policy(fact: Fact, view: View) -> Draft:
    lost = fact.attrs.get("restrictive") and fact.id not in view.target
    gone = view.vanishes(fact.parent or "")
    return Draft(
        statements=[f"DROP {designation(fact)}"],
        undo=[_policy_text(fact)],
        lock=STRONGEST,
        hazards=[Hazard(HazardName.SECURITY, f"the restrictive policy {fact.name} goes")]
        if lost and not gone
        else (),
    )


def _alter_policy(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    kept = ("command", "restrictive")
    removed = any(key in old and key not in new for key in ("using", "check"))
    if removed or any(old.get(key) != new.get(key) for key in kept):
        return None
    if old == new:
        return Alteration()
    return Alteration(
        statements=[f"ALTER {designation(after)}{_policy_clauses(after)}"],
        undo=[f"ALTER {designation(before)}{_policy_clauses(before)}"],
        lock=STRONGEST,
        hazards=[Hazard(HazardName.SECURITY, f"policy {after.name} changes who sees what")],
    )


def _slot(fact: Fact) -> list[str]:
    """Functions, procedures and aggregates with the same arguments share one space of names."""
    return [f"routine:{fact.name}"]


RULES: dict[str, Rule] = {
    "function": Rule(
        _create_routine, _drop_routine, _alter_routine, rank=35, halves=_routine_halves, slots=_slot
    ),
    "procedure": Rule(
        _create_routine, _drop_routine, _alter_routine, rank=36, halves=_routine_halves, slots=_slot
    ),
    "aggregate": Rule(_create_aggregate, _drop_aggregate, _alter_aggregate, rank=37, slots=_slot),
    "trigger": Rule(_create_trigger, _drop_trigger, _alter_trigger, rank=70, separable=by_itself),
    "trigger_state": Rule(_set_trigger_state, _unset_trigger_state, rank=71),
    "rule": Rule(_create_rule, _drop_rule, _alter_rule, rank=64, separable=by_itself),
    "policy": Rule(_create_policy, _drop_policy, _alter_policy, rank=72, separable=by_itself),
}
