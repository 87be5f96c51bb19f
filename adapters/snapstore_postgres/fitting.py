"""Whether the values of a column fit the type that it gets: told before anything is changed.

PostgreSQL cuts a text, rounds a number or drops the time of day without a word when it is asked to. Where the
new type is not plainly as wide as the old one, each value is taken there and back; if one comes back as
another, or does not get there, the restore stops and says which rows those are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Fact, Hazard, HazardName, Verb
from snapstore.rules import View
from snapstore_postgres import archived_values, local_rows
from snapstore_postgres.blocks import DOES_NOT_FIT
from snapstore_postgres.casts import cast
from snapstore_postgres.names import block, last, literal, qualifier, unquote
from snapstore_postgres.relations import size
from snapstore_postgres.renaming import RENAMED
from snapstore_postgres.undisturbed import undisturbed

CHECKS = "checks"
"""Key of the payload of an action, while it is planned: the checks among its statements."""
COUNTS = "counts"
"""The same for statements that stop for rows that partitions may not have: they can tell at any time."""
READERS = "ACCESS SHARE"
_FIRST = -10000
_SHOWN = 10
_NUMBERED = ("smallint", "integer", "bigint", "uuid", "date")
_INTEGERS = ("smallint", "integer", "bigint")
_WIDER = {
    "real": ("double precision",),
    "date": ("timestamp without time zone",),
    "jsonb": ("json",),
    "json": ("jsonb",),
    "cidr": ("inet",),
    "name": ("character varying",),
}


@dataclass(frozen=True)
class Fit:
    """What goes before a change of a column's type: statements, the check among them, and hazards."""

    statements: Sequence[str] = ()
    check: Sequence[str] = ()
    """The check that tells the rows, and a short one to the same end where that has run before."""
    hazards: Sequence[Hazard] = ()
    set_aside: bool = False
    """Whether what does not fit goes to the archive."""


def into(column: Fact, new: str, view: View) -> Fit:
    """For a column that gets the type ``new``."""
    old = column.attrs["type"]
    was, now = _below_domains(old, view.live), _below_domains(new, view.target)

    def same(value: str) -> str:
        there = cast(value, old, new)
        if new in ("json", "jsonb", "xml"):
            return f"({there}) IS NOT NULL OR {value} IS NULL"  # spaces mean nothing there
        # Types of users go by their text, and the old one may have another name by then.
        back = f"({there})" if "." in was + now else f"({cast(f'({there})', now, was)})"
        return f"{back}::text IS NOT DISTINCT FROM {value}::text"

    return Fit() if widens(old, new) else _fit(column, f"the type {new}", same, view)


def _below_domains(kind: str, facts: Mapping[str, Fact]) -> str:
    domain = facts.get(f"domain:{kind.removesuffix('[]')}")
    if domain is None:
        return kind
    return _below_domains(domain.attrs["type"], facts) + ("[]" if kind.endswith("[]") else "")


def within(column: Fact, labels: Collection[str], view: View) -> Fit:
    """For a column of an enum that is to have nothing but these labels."""
    allowed = f"ARRAY[{', '.join(map(literal, labels))}]::text[]"
    many = column.attrs["type"].endswith("[]")

    def same(value: str) -> str:
        if many:
            return f"{value} IS NULL OR pg_catalog.array_remove({value}::text[], NULL) <@ {allowed}"
        return f"{value} IS NULL OR {value}::text = ANY ({allowed})"

    return _fit(column, f"the labels of {column.attrs['type']}", same, view, _may_be_null(column, view))


def _may_be_null(column: Fact, view: View) -> bool:
    after = view.target.get(column.id)
    return after is not None and not any("not_null" in side.attrs for side in (column, after))


def _fit(
    column: Fact, what: str, same: Callable[[str], str], view: View, may_be_null: bool | None = None
) -> Fit:
    """``may_be_null``: values that do not fit can be left out, or cannot; None where they fit in some way."""
    table = qualifier(column.name)
    known = view.live.get(f"table:{table}")
    if known is None or "foreign" in known.attrs or table in getattr(view.request.settings, "data", ()):
        return Fit()
    rows, bytes_ = size(view, f"table:{table}")
    discard = view.request.options.data is DataMode.DISCARD
    unfit = f"NOT ({same(f't.{last(column.name)}')})"
    if may_be_null and not discard:
        return Fit(archived_values.set_aside(column, unfit, view), set_aside=True)
    if discard and may_be_null is not False:
        emptied = archived_values.emptied(column, unfit, view)
        text = f"values of {column.name} that do not fit {what}"
        return Fit(
            undisturbed(column, view, emptied) if may_be_null else (),
            hazards=() if bytes_ == 0 else [Hazard(HazardName.DATA_LOSS, text, rows, bytes_)],
        )
    place = _key(column, view) or "ctid"
    rows_ = local_rows.source(table, [place, last(column.name)], view)
    check = _check(column, what, same, place, rows_)
    return Fit([f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", check], [check, _guard(column, same, rows_)])


def _key(column: Fact, view: View) -> str | None:
    """The one column of the primary key, where its values are numbers or the like, which tell nothing, and
    where it stays: the check may run when what goes is gone."""
    facts = view.live
    for fact in view.live_parts.get(f"table:{qualifier(column.name)}", ()):
        if fact.kind == "constraint" and fact.attrs.get("type") == "p":
            columns = [facts[need] for need in fact.needs if need.startswith("column:") and need in facts]
            if len(columns) == 1 and columns[0].attrs["type"] in _NUMBERED and view.stays(columns[0].id):
                return last(columns[0].name)
    return None


_HINT = literal("repair those rows, or give up what does not fit with --data discard")


def _check(column: Fact, what: str, same: Callable[[str], str], place: str, rows: str) -> str:
    """Stops with the number of rows that do not fit, and where the first of them are.

    One query where every value can be taken to the new type and back; else each by itself.
    """
    source = f"(SELECT t.{place} AS place, t.{last(column.name)} AS value FROM {rows})"
    message = literal(f"% rows of {_told(column)}: {unquote(place)} = %")
    return block(
        f"""DECLARE row record; fits bool; bad bigint; places text := '';
BEGIN
  BEGIN
    SELECT count(*) INTO bad FROM {source} t WHERE NOT ({same("t.value")});
  EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN bad := 1; END;
  IF bad = 0 THEN RETURN; END IF;
  bad := 0;
  FOR row IN SELECT * FROM {source} t LOOP
    BEGIN fits := ({same("row.value")});
    EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN fits := false; END;
    CONTINUE WHEN fits;
    bad := bad + 1;
    IF bad <= {_SHOWN} THEN places := pg_catalog.concat_ws(', ', nullif(places, ''), row.place); END IF;
  END LOOP;
  RAISE EXCEPTION {message}, bad, places || CASE WHEN bad > {_SHOWN} THEN ', ...' ELSE '' END
    USING ERRCODE = '{DOES_NOT_FIT}', DETAIL = {literal(f"they do not fit {what}")}, HINT = {_HINT};
END"""
    )


def _guard(column: Fact, same: Callable[[str], str], rows: str) -> str:
    """The same for rows that were written since the check."""
    source = f"(SELECT t.{last(column.name)} AS value FROM {rows}) t"
    return block(
        f"BEGIN IF EXISTS (SELECT FROM {source} WHERE NOT ({same('t.value')})) THEN"
        f" RAISE EXCEPTION {literal(f'rows of {_told(column)}')}"
        f" USING ERRCODE = '{DOES_NOT_FIT}', HINT = {_HINT}; END IF; END"
    )


def _told(column: Fact) -> str:
    table, name = qualifier(column.name), last(column.name)
    return f"{table} do not fit, in {name}".replace("%", "%%")


def with_payload(fits: Sequence[Fit]) -> dict[str, object]:
    """The payload of an action that tells of their checks."""
    checks = [list(fit.check) for fit in fits if fit.check]
    archives: dict[str, object] = {"archive": True} if any(fit.set_aside for fit in fits) else {}
    return {CHECKS: checks, **archives} if checks else archives


def before_anything(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, preceded by the checks of those whose types are there already."""
    made = {name for action in actions for name in (*action.produces, *action.destroys)}
    found: list[Action] = []
    for action in actions:
        checks, counts = (action.payload.get(key, ()) for key in (CHECKS, COUNTS))
        guards: dict[str, str] = {}
        if checks and _can_be_first(action, request, made):
            found.append(first(action, [check for check, _ in checks], "all values fit"))
            guards = dict(checks)
        if counts and not any(need.startswith(RENAMED) for need in action.needs):
            found.append(first(action, counts, "partitions may have all rows"))
            guards = dict.fromkeys(counts, "")
        found.append(_guarded(action, guards))
    return found


def _guarded(action: Action, guards: Mapping[str, str]) -> Action:
    """The action with what is left of its checks where they come before."""
    if not action.payload.keys() & {CHECKS, COUNTS}:
        return action
    payload = {key: value for key, value in action.payload.items() if key not in (CHECKS, COUNTS)}
    statements = (guards.get(text, text) for text in action.statements)
    return structs.replace(action, statements=tuple(filter(None, statements)), payload=payload)


def _can_be_first(action: Action, request: PlanRequest, made: Collection[str]) -> bool:
    others = set(made) - {*action.produces, *action.destroys}
    return all(need in request.live and need not in others for need in action.needs)


def first(action: Action, checks: Sequence[str], what: str) -> Action:
    """Nothing but the checks. In a transaction, so that nothing is to be gone on with where they stop."""
    return Action(
        resource=action.resource,
        verb=Verb.ALTER,
        subject=action.subject,
        summary=f"check that {what}, before: {action.summary}",
        statements=tuple(checks),
        lock=READERS,
        rows=action.rows,
        bytes=action.bytes,
        transactional=True,
        rank=_FIRST,
    )


# -- what is plainly as wide -------------------------------------------------------------------------------

_TYPE = re.compile(
    r"(?P<name>[^()\[\]]+?)(?:\((?P<numbers>\d+(?:,-?\d+)?)\))?(?P<zone> with(?:out)? time zone)?"
)


def widens(old: str, new: str) -> bool:
    """Whether every value of a type is one of another, too, and comes back as it was."""
    if old == new or new == "text":
        return True
    if old.endswith("[]") and new.endswith("[]"):
        return widens(old[:-2], new[:-2])
    was, now = _TYPE.fullmatch(old), _TYPE.fullmatch(new)
    if not was or not now:
        return False
    names = [f"{found['name']}{found['zone'] or ''}" for found in (was, now)]
    if names == ["numeric", "numeric"]:
        return _is_wider_number(was["numbers"], now["numbers"])
    alike = names[0] == names[1] or (names[0] == "character" and names[1] == "character varying")
    if alike:
        return now["numbers"] is None or (bool(was["numbers"]) and int(was["numbers"]) <= int(now["numbers"]))
    if names[0] in _INTEGERS and now["numbers"] is None:
        return names[1] in (*_INTEGERS[_INTEGERS.index(names[0]) :], "numeric")
    return names[1] in _WIDER.get(names[0], ()) and now["numbers"] is None


def _is_wider_number(was: str | None, now: str | None) -> bool:
    if was is None or now is None:
        return now is None
    (total, scale), (wide, fine) = ([int(n) for n in f"{part},0".split(",")[:2]] for part in (was, now))
    return fine >= scale and wide - fine >= total - scale
