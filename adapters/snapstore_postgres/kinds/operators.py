"""Rules for what extends the language of queries: operators and their classes, casts, languages, base types;
and for extended statistics and event triggers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from snapstore.model import Fact
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View, by_itself
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.kinds.whole import items, only, whole
from snapstore_postgres.names import literal, parts
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.words import designation

_OPERATOR = (
    ("function", "FUNCTION"),
    ("left", "LEFTARG"),
    ("right", "RIGHTARG"),
    ("commutator", "COMMUTATOR"),
    ("negator", "NEGATOR"),
    ("restrict", "RESTRICT"),
    ("join", "JOIN"),
    ("hashes", "HASHES"),
    ("merges", "MERGES"),
)


def _operator(fact: Fact) -> list[str]:
    name = fact.name[: fact.name.rindex("(")]
    return [f"CREATE OPERATOR {name} (\n    {', '.join(items(fact.attrs, _OPERATOR))}\n)"]


def _set_clauses(before: Fact, after: Fact, words: Sequence[tuple[str, str]]) -> str:
    changed = [(key, word) for key, word in words if before.attrs.get(key) != after.attrs.get(key)]
    return ", ".join(f"{word} = {after.attrs.get(key, 'NONE')}" for key, word in changed)


_ESTIMATORS = (("restrict", "RESTRICT"), ("join", "JOIN"))


def _tune_operator(before: Fact, after: Fact) -> Sequence[str] | None:
    if not only(before, after, "restrict", "join"):
        return None
    name, _, arguments = after.name.partition("(")
    return [f"ALTER OPERATOR {name} ({arguments} SET ({_set_clauses(before, after, _ESTIMATORS)})"]


def _members(fact: Fact) -> list[str]:
    found = [
        f"OPERATOR {m['strategy']} {m['operator']}"
        + (f" FOR ORDER BY {m['order_by']}" if "order_by" in m else "")
        for m in fact.attrs.get("operators") or ()
    ]
    for m in fact.attrs.get("functions") or ():
        types = f" ({', '.join(m['types'])})" if m.get("types") else ""
        found.append(f"FUNCTION {m['number']}{types} {m['function']}")
    return found


def _operator_family(fact: Fact) -> list[str]:
    found = [f"CREATE OPERATOR FAMILY {fact.name}"]
    members = _members(fact)
    return [*found, f"ALTER OPERATOR FAMILY {fact.name} ADD {', '.join(members)}"] if members else found


def _tune_operator_family(before: Fact, after: Fact) -> Sequence[str]:
    """What is loose in a family comes and goes by itself."""
    was, now = _members(before), _members(after)
    old, new = [m for m in was if m not in now], [m for m in now if m not in was]
    alter = f"ALTER OPERATOR FAMILY {after.name}"
    dropped = [f"{alter} DROP {', '.join(map(_member_place, old))}"] if old else []
    return dropped + ([f"{alter} ADD {', '.join(new)}"] if new else [])


def _member_place(member: str) -> str:
    """``OPERATOR 1 public.<(integer, bigint)`` is dropped as ``OPERATOR 1 (integer, bigint)``."""
    word, number, rest = member.split(" ", 2)
    if word == "FUNCTION" and rest.startswith("("):
        return f"{word} {number} {rest[: rest.index(')') + 1]}"
    arguments = rest.removesuffix(rest[rest.rindex(")") + 1 :])
    return f"{word} {number} {arguments[arguments.rindex('(') :]}"


def _operator_class(fact: Fact) -> list[str]:
    a = fact.attrs
    default = " DEFAULT" if a.get("default") else ""
    family = f" FAMILY {a['family']}" if "family" in a else ""
    members = _members(fact) + ([f"STORAGE {a['storage']}"] if "storage" in a else [])
    members = members or [f"STORAGE {a['type']}"]
    body = ",\n    ".join(members)
    name, _, method = fact.name.rpartition(" USING ")
    head = f"CREATE OPERATOR CLASS {name}{default} FOR TYPE {a['type']} USING {method}{family}"
    return [f"{head} AS\n    {body}"]


_CONTEXT = {"a": " AS ASSIGNMENT", "i": " AS IMPLICIT"}


def _cast(fact: Fact) -> list[str]:
    a = fact.attrs
    how = {"f": f"WITH FUNCTION {a.get('function')}", "i": "WITH INOUT", "b": "WITHOUT FUNCTION"}[a["method"]]
    return [f"CREATE CAST {fact.name} {how}{_CONTEXT.get(a['context'], '')}"]


_BEHIND_ALL = 190
"""What may have waited for it still comes before default privileges and event triggers."""


def _drop_cast(fact: Fact, view: View) -> Draft:
    """Where it goes for good, behind all else: an expression may be there that was read while it was there.
    It keeps the function that was called, or nothing, but is printed, and made again, as a cast."""
    rank = None if fact.id in view.target else _BEHIND_ALL
    return Draft(statements=[f"DROP {designation(fact)}"], undo=_cast(fact), rank=rank)


def _conversion(fact: Fact) -> list[str]:
    a = fact.attrs
    default = "DEFAULT " if a.get("default") else ""
    between = f"FOR {literal(a['from'])} TO {literal(a['to'])}"
    return [f"CREATE {default}CONVERSION {fact.name} {between} FROM {a['function']}"]


def _access_method(fact: Fact) -> list[str]:
    kind = {"t": "TABLE", "i": "INDEX"}[fact.attrs["type"]]
    return [f"CREATE ACCESS METHOD {fact.name} TYPE {kind} HANDLER {fact.attrs['handler']}"]


def _language(fact: Fact) -> list[str]:
    a = fact.attrs
    if "handler" not in a:
        return [f"CREATE LANGUAGE {fact.name}"]
    text = f"CREATE {'TRUSTED ' if a.get('trusted') else ''}LANGUAGE {fact.name} HANDLER {a['handler']}"
    text += f" INLINE {a['inline']}" if "inline" in a else ""
    return [text + (f" VALIDATOR {a['validator']}" if "validator" in a else "")]


def _transform(fact: Fact) -> list[str]:
    a = fact.attrs
    parts = [f"FROM SQL WITH FUNCTION {a['from_sql']}"] if "from_sql" in a else []
    parts += [f"TO SQL WITH FUNCTION {a['to_sql']}"] if "to_sql" in a else []
    return [f"CREATE TRANSFORM {fact.name} ({', '.join(parts)})"]


# -- statistics, event triggers ----------------------------------------------------------------------------


def _statistics(fact: Fact) -> list[str]:
    found: list[str] = [reparsable(fact.attrs["definition"])]
    if "target" in fact.attrs:
        found.append(f"ALTER STATISTICS {fact.name} SET STATISTICS {fact.attrs['target']}")
    return found


def _tune_statistics(before: Fact, after: Fact) -> Sequence[str] | None:
    if not only(before, after, "target"):
        return None
    return [f"ALTER STATISTICS {after.name} SET STATISTICS {after.attrs.get('target', -1)}"]


_ENABLED = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def _event_trigger(fact: Fact) -> list[str]:
    a = fact.attrs
    when = f" WHEN TAG IN ({', '.join(map(literal, a['tags']))})" if a.get("tags") else ""
    found = [f"CREATE EVENT TRIGGER {fact.name} ON {a['event']}{when} EXECUTE FUNCTION {a['function']}()"]
    if "enabled" in a:
        found.append(f"ALTER EVENT TRIGGER {fact.name} {_ENABLED[a['enabled']]}")
    return found


def _tune_event_trigger(before: Fact, after: Fact) -> Sequence[str] | None:
    if not only(before, after, "enabled"):
        return None
    return [f"ALTER EVENT TRIGGER {after.name} {_ENABLED[after.attrs.get('enabled', 'O')]}"]


# -- base types --------------------------------------------------------------------------------------------

_BASE_TYPE = (
    ("input", "INPUT"),
    ("output", "OUTPUT"),
    ("receive", "RECEIVE"),
    ("send", "SEND"),
    ("typmod_in", "TYPMOD_IN"),
    ("typmod_out", "TYPMOD_OUT"),
    ("analyze", "ANALYZE"),
    ("subscript", "SUBSCRIPT"),
    ("length", "INTERNALLENGTH"),
    ("by_value", "PASSEDBYVALUE"),
    ("alignment", "ALIGNMENT"),
    ("storage", "STORAGE"),
    ("category", "CATEGORY"),
    ("preferred", "PREFERRED"),
    ("default", "DEFAULT"),
    ("element", "ELEMENT"),
    ("delimiter", "DELIMITER"),
    ("collatable", "COLLATABLE"),
)


def _base_type(fact: Fact) -> list[str]:
    return [f"CREATE TYPE {fact.name} (\n    {', '.join(items(fact.attrs, _BASE_TYPE))}\n)"]


_TUNABLE = tuple(
    item
    for item in _BASE_TYPE
    if item[0] in ("receive", "send", "typmod_in", "typmod_out", "analyze", "subscript", "storage")
)


def _tune_base_type(before: Fact, after: Fact) -> Sequence[str] | None:
    """All but the first two of the functions, and the storage if it does not become plain."""
    if not only(before, after, *(key for key, _ in _TUNABLE)):
        return None
    if before.attrs.get("storage") != after.attrs.get("storage") == "plain":
        return None
    return [f"ALTER TYPE {after.name} SET ({_set_clauses(before, after, _TUNABLE)})"]


def _create_shell(fact: Fact, view: View) -> Draft:
    owner = owner_statement("TYPE", fact.name, fact) if "owner" in fact.attrs else []
    return Draft(statements=[f"CREATE TYPE {fact.name}", *owner], undo=[f"DROP TYPE {fact.name} CASCADE"])


def _alter_shell(before: Fact, after: Fact, view: View) -> Alteration | None:
    """One that stays a name has an owner; only its own could make a type of it."""
    if before.attrs.keys() != after.attrs.keys():
        return None
    same = before.attrs == after.attrs
    return Alteration(statements=() if same else owner_statement("TYPE", after.name, after))


def _drop_shell(fact: Fact, view: View) -> Draft:
    """The type and its own functions stand on each other: only all of them together can be dropped."""
    type_ = view.live.get(f"base_type:{fact.name}") or view.live.get(f"range:{fact.name}")
    functions = [view.live[n] for n in type_.needs if fact.id in view.live[n].needs] if type_ else []
    cascade = " CASCADE" if functions else ""
    return Draft(statements=[f"DROP TYPE {fact.name}{cascade}"], absorbs=functions)


def with_shell(fact: Fact, view: View) -> list[str]:
    """A type that is made anew, since its own functions would keep the old one."""
    again = fact.id in view.live and fact.parent in view.live
    return [fact.parent] if fact.parent and again else []


def completed_unasked(fact: Fact, view: View) -> list[str]:
    """Operators that are to have no negator or commutator, which making this one gives to them: they are made
    anew, after it."""
    standing = (
        f for f in view.target_dependents.get(fact.id, ()) if f.kind == "operator" and f.id in view.live
    )
    return [other.id for other in standing if _links_to(fact, other)]


def _links_to(operator: Fact, other: Fact) -> bool:
    named = f"OPERATOR({other.name.partition('(')[0]})"
    links = [link for link in ("negator", "commutator") if operator.attrs.get(link) == named]
    return any(link not in other.attrs for link in links)


def _named_one_sidedly(fact: Fact, view: View) -> list[str]:
    """Operators that name this one without being named by it: they would go on naming the one that went."""
    named = (need for need in fact.needs if need.startswith("operator:"))
    return [need for need in named if need in view.live] if fact.id in view.live else []


def _together(fact: Fact, view: View) -> list[str]:
    return [*completed_unasked(fact, view), *_named_one_sidedly(fact, view)]


# -- names of operators that have not been made ------------------------------------------------------------


def _create_shell_operator(fact: Fact, view: View) -> Draft:
    """It is made by an operator that names it: where there is none, by one that goes at once."""
    owner = owner_statement("OPERATOR", fact.name, fact)
    return Draft(statements=[*([] if _naming(fact) else _named_for_a_moment(fact)), *owner])


def _naming(shell: Fact) -> list[str]:
    return [need for need in shell.needs if need.startswith("operator:")]


def _named_for_a_moment(fact: Fact) -> list[str]:
    schema, name = parts(fact.name.partition("(")[0])
    sides = [fact.attrs.get("left", "NONE"), fact.attrs.get("right", "NONE")]
    given = ", ".join(side for side in sides if side != "NONE")
    arguments = ", ".join(
        f"{s}ARG = {kind}" for s, kind in zip(("LEFT", "RIGHT"), sides, strict=True) if kind != "NONE"
    )
    namer, function = f"{schema}.<%@%>", f"{schema}.snap_naming"
    return [
        f"CREATE FUNCTION {function}({given}) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        f"CREATE OPERATOR {namer} (FUNCTION = {function}, {arguments}, NEGATOR = OPERATOR({schema}.{name}))",
        f"DROP OPERATOR {namer} ({', '.join(sides)})",
        f"DROP FUNCTION {function}({given})",
    ]


def _drop_shell_operator(fact: Fact, view: View) -> Draft:
    """One that is made fills its name."""
    filled = f"operator:{fact.name}" in view.target
    return NOTHING if filled else Draft(statements=[f"DROP {designation(fact)}"])


def _alter_shell_operator(before: Fact, after: Fact, view: View) -> Alteration | None:
    same = before.attrs.get("owner") == after.attrs.get("owner")
    return Alteration(statements=() if same else owner_statement("OPERATOR", after.name, after))


def _named_again(fact: Fact, view: View) -> list[str]:
    """The operators that are to name it, and have lost the one of its name: they are made anew."""
    return [name for name in _naming(fact) if name in view.live and fact.id not in view.live]


def _slot(fact: Fact) -> list[str]:
    return [f"type:{fact.name}"]


def _operator_slot(fact: Fact) -> list[str]:
    return [f"operator:{fact.name}"]


RULES: dict[str, Rule] = {
    "shell_type": Rule(_create_shell, _drop_shell, _alter_shell, rank=9, slots=_slot),
    # Not separable: a type and its functions only go together, with its shell.
    "base_type": replace(
        whole("TYPE", _base_type, rank=36, tune=_tune_base_type),
        separable=lambda fact, view: (),
        along=with_shell,
    ),
    "operator": replace(
        whole("OPERATOR", _operator, rank=38, tune=_tune_operator),
        along=_together,
        slots=_operator_slot,
    ),
    "shell_operator": Rule(
        _create_shell_operator,
        _drop_shell_operator,
        _alter_shell_operator,
        rank=38,
        separable=by_itself,
        along=_named_again,
        slots=_operator_slot,
    ),
    "operator_family": whole("OPERATOR FAMILY", _operator_family, rank=39, tune=_tune_operator_family),
    "operator_class": whole("OPERATOR CLASS", _operator_class, rank=41),
    # Before all expressions: a cast that has no function is nothing that they would be known to stand on.
    "cast": replace(whole("CAST", _cast, rank=8, owned=False), drop=_drop_cast),
    "conversion": whole("CONVERSION", _conversion, rank=38),
    "access_method": whole("ACCESS METHOD", _access_method, rank=37, owned=False),
    "language": whole("LANGUAGE", _language, rank=34),
    "transform": whole("TRANSFORM", _transform, rank=38, owned=False),
    "statistics": whole("STATISTICS", _statistics, rank=75, tune=_tune_statistics),
    "event_trigger": whole("EVENT TRIGGER", _event_trigger, rank=200, tune=_tune_event_trigger),
}
