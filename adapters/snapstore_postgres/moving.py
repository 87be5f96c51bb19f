"""Rows that another partition takes once bounds change: moved there, or told before anything is changed.

PostgreSQL attaches no table with a row that its bound leaves out, and none beside a default partition with a
row of it. Such rows are taken out before a table is attached, and put in through the root of the tree when
all are. So is what others take of a partition that goes to the archive. Which rows those are the server says:
of empty temporary tables with the same keys and bounds. Where no partition takes a row, a check before all
else says how many, and where they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore.rules import View
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.inheritance import parents, partitions_below
from snapstore_postgres.names import block, last, literal, quote

MOVES = "moves"
"""Key of the payload of an action, while it is planned: the tables that rows may leave."""
DOES_NOT_FIT = "SN001"
"""The SQLSTATE that the check stops with, as those of values do."""
_FIRST = -10000
_SHOWN = 10


class Move(NamedTuple):
    """A table that rows leave before another one is attached: itself, or the default partition beside it."""

    source: str
    attached: str

    @property
    def leaves(self) -> str:
        """Whether the bound of the one that is attached is true of what leaves."""
        return "FALSE" if self.source == self.attached else "TRUE"


def moves(fact: Fact, view: View) -> list[Move]:
    """For a partition that is attached: where there may be rows that are in the way."""
    found, before = [], view.live.get(fact.id)
    same = before is not None and before.attrs == fact.attrs and fact.attrs["bound"] != "DEFAULT"
    if not same and _has_rows(fact.name, view):
        found.append(Move(fact.name, fact.name))
    other = _defaults(view).get(fact.attrs["of"], fact)
    if other is not fact and view.stays(other.id) and _has_rows(other.name, view):
        found.append(Move(other.name, fact.name))
    return found


def _defaults(view: View) -> dict[str, Fact]:
    """The default partitions of the target, by the names of the tables that they are of."""
    if "default_partitions" not in view.memo:
        attached = view.target.kinds.get("partition", ())
        found = {fact.attrs["of"]: fact for fact in attached if fact.attrs["bound"] == "DEFAULT"}
        view.memo["default_partitions"] = found
    known: dict[str, Fact] = view.memo["default_partitions"]
    return known


def _has_rows(table: str, view: View) -> bool:
    identity = f"table:{table}"
    return view.stays(identity) and "foreign" not in view.live[identity].attrs


def _beside(fact: Fact, side: Facts) -> Iterator[Fact]:
    for other in side.kinds.get("partition", ()):
        if other.attrs["of"] == fact.attrs["of"] and other.id != fact.id:
            yield other


def _path(table: str, side: Mapping[str, Fact]) -> list[str]:
    """The names from the root of the tree to a table in it."""
    above = parents(table, side) if f"partition:{table}" in side else []
    return [*_path(above[0], side), table] if above else [table]


# -- empty tables that tell what belongs where ---------------------------------------------------------------


class _Tree:
    """Temporary tables like those of the target, as far as they are added, below one like ``pattern``."""

    def __init__(self, root: str, pattern: str, side: Facts) -> None:
        self._side = side
        self._names = {root: "pg_temp.snapstore_bound"}
        self.made = [f"CREATE TEMPORARY TABLE {self._names[root]} (LIKE {pattern}){self._key(root)}"]
        self.dropped = f"DROP TABLE {self._names[root]}"

    def add(self, table: str) -> None:
        if table not in self._names:
            fact = self._side[f"partition:{table}"]
            name = self._names[table] = f"pg_temp.snapstore_bound_{len(self._names)}"
            above, bound = self._names[fact.attrs["of"]], fact.attrs["bound"]
            self.made.append(f"CREATE TEMPORARY TABLE {name} PARTITION OF {above} {bound}{self._key(table)}")

    def add_path(self, table: str) -> None:
        """What the bound of a table depends on: those above, and what a default one leaves to others."""
        for name in _path(table, self._side)[1:]:
            self.add(name)
            fact = self._side[f"partition:{name}"]
            if fact.attrs["bound"] == "DEFAULT":
                for other in _beside(fact, self._side):
                    self.add(other.name)

    def add_leaves(self) -> str:
        """All of the tree; what the bound of one of its leaves says, in PL/pgSQL."""
        (root,) = self._names
        below = [table.removeprefix("table:") for table in partitions_below(f"table:{root}", self._side)]
        for name in sorted(below, key=lambda name: (len(_path(name, self._side)), name)):
            self.add(name)
        leaves = [n for n in below if "partition_key" not in self._side[f"table:{n}"].attrs]
        bounds = ", ".join(["'false'", *(self.bound(name) for name in sorted(leaves))])
        return f"'(' || pg_catalog.array_to_string(ARRAY[{bounds}]::text[], ') OR (') || ')'"

    def bound(self, table: str) -> str:
        name = literal(self._names[table])
        return f"coalesce(pg_catalog.pg_get_partition_constraintdef({name}::pg_catalog.regclass), 'true')"

    def _key(self, table: str) -> str:
        key = self._side[f"table:{table}"].attrs.get("partition_key")
        return f" PARTITION BY {reparsable(key)}" if key else ""


# -- moving --------------------------------------------------------------------------------------------------


def _held(root: str) -> str:
    """The temporary table of the rows that are on their way."""
    return "pg_temp." + quote(f"snapstore_rows_{hashlib.sha256(root.encode()).hexdigest()[:8]}")


def taken_out(move: Move, view: View) -> str:
    """The statement before a table is attached. It costs a scan, as attaching does."""
    root = _path(move.attached, view.target)[0]
    tree = _Tree(root, move.source, view.target)
    tree.add_path(move.attached)
    leaving = f"pg_catalog.format('(%s) IS {move.leaves}', {tree.bound(move.attached)})"
    which = "true" if move.source != move.attached else "NOT tgisinternal"
    body = _out(move.source, tree, leaving, which, _held(root))
    # Who may make no temporary table can attach what has no such rows all the same.
    otherwise = "EXCEPTION WHEN insufficient_privilege OR insufficient_resources THEN NULL;"
    return block(f"{body.removesuffix('END')}{otherwise}\nEND")


def _saved(table: str, root: str, side: Facts) -> str:
    """The statement before a partition goes to the archive: what others take does not go with it."""
    tree = _Tree(root, table, side)
    taken = f"pg_catalog.format('(%s) IS TRUE', {tree.add_leaves()})"
    body = _out(table, tree, taken, "NOT tgisinternal", _held(root))
    return block(f"{body.removesuffix('END')}EXCEPTION WHEN {_NOT_YET}\nEND")


_NOT_YET = """syntax_error_or_access_rule_violation OR data_exception
  OR insufficient_resources THEN
  NULL; -- the key is not as it will be, or there are too many partitions: this cannot be told"""


def _out(source: str, tree: _Tree, leaving: str, which: str, held: str) -> str:
    """Takes the rows out of which ``leaving``, a condition in PL/pgSQL, is true."""
    name = source.replace("%", "%%")
    empty = literal(f"CREATE TEMPORARY TABLE {held} AS SELECT %s FROM {name} WHERE false")
    insert = literal(f"INSERT INTO {held} (%1$s) SELECT %1$s FROM {name} WHERE %2$s")
    return f"""DECLARE leaving text; columns text; found bool; {_QUIET_VARIABLES}
BEGIN
  IF NOT EXISTS (SELECT FROM {source}) THEN RETURN; END IF;
  {"; ".join(tree.made)};
  leaving := {leaving};
  EXECUTE pg_catalog.format({literal(f"SELECT EXISTS (SELECT FROM {name} WHERE %s)")}, leaving) INTO found;
  IF found THEN
    {_columns(source)}
    IF pg_catalog.to_regclass({literal(held)}) IS NULL THEN
      EXECUTE pg_catalog.format({empty}, columns);
    END IF;
    EXECUTE pg_catalog.format({insert}, columns, leaving);
    {_quiet(source, which)}
    EXECUTE pg_catalog.format({literal(f"DELETE FROM {name} WHERE %s")}, leaving);
    {_LOUD}
  END IF;
  {tree.dropped};
END"""


def is_of(statement: str, table: str) -> bool:
    """Whether it takes rows out of this table."""
    return statement.startswith("DO ") and f"IF NOT EXISTS (SELECT FROM {table}) THEN" in statement


def _columns(table: str) -> str:
    return f"""columns := (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ' ORDER BY attnum)
      FROM pg_catalog.pg_attribute WHERE attrelid = {literal(table)}::pg_catalog.regclass
       AND attnum > 0 AND NOT attisdropped AND attgenerated = '');"""


_QUIET_VARIABLES = "part pg_catalog.regclass; watching record; again text := '';"
_LOUD = "SET CONSTRAINTS ALL IMMEDIATE; IF again <> '' THEN EXECUTE again; END IF;"


def _quiet(table: str, which: str) -> str:
    """Moving rows is no event of the application: its triggers and rules must not see it. Nor do foreign keys
    that refer to the whole, where a row leaves it for a moment: ``which`` triggers are meant."""
    name = f"{literal(table)}::pg_catalog.regclass"
    return f"""FOREACH part IN ARRAY ARRAY(
      SELECT relid FROM pg_catalog.pg_partition_tree({name}) UNION SELECT {name}) LOOP
      FOR watching IN
        SELECT 'TRIGGER' AS kind, tgname AS name, tgenabled AS state FROM pg_catalog.pg_trigger
         WHERE tgrelid = part AND tgenabled <> 'D' AND ({which})
        UNION ALL SELECT 'RULE', rulename, ev_enabled FROM pg_catalog.pg_rewrite
         WHERE ev_class = part AND ev_enabled <> 'D' AND ev_type <> '1' LOOP
        EXECUTE pg_catalog.format('ALTER TABLE ONLY %s DISABLE %s %I', part, watching.kind, watching.name);
        again := again || pg_catalog.format('ALTER TABLE ONLY %s ENABLE %s %s %I;', part,
          CASE watching.state WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END,
          watching.kind, watching.name);
      END LOOP;
      FOR watching IN
        SELECT CASE relreplident WHEN 'n' THEN 'NOTHING' ELSE 'DEFAULT' END AS state
          FROM pg_catalog.pg_class c
         WHERE c.oid = part AND relkind = 'r'
           AND EXISTS (SELECT FROM pg_catalog.pg_publication WHERE pubdelete)
           AND (relreplident = 'n' OR relreplident = 'd' AND NOT EXISTS (
             SELECT FROM pg_catalog.pg_index WHERE indrelid = part AND indisprimary)) LOOP
        EXECUTE pg_catalog.format('ALTER TABLE ONLY %s REPLICA IDENTITY FULL', part);
        again := again || pg_catalog.format('ALTER TABLE ONLY %s REPLICA IDENTITY %s;', part, watching.state);
      END LOOP;
    END LOOP;"""


def _put_in(request: PlanRequest, root: str) -> Action:
    held, tables = _held(root), partitions_below(f"table:{root}", request.target)
    insert = f"INSERT INTO {root.replace('%', '%%')} (%1$s) OVERRIDING SYSTEM VALUE SELECT %1$s FROM {held}"
    statement = block(
        f"""DECLARE columns text; {_QUIET_VARIABLES}
BEGIN
  IF pg_catalog.to_regclass({literal(held)}) IS NULL THEN RETURN; END IF;
  {_columns(held)}
  {_quiet(root, "NOT tgisinternal")}
  EXECUTE pg_catalog.format({literal(insert)}, columns);
  {_LOUD}
  DROP TABLE {held};
END"""
    )
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{root}",
        summary=f"move the rows of {root} whose partition is another one",
        statements=(statement,),
        produces=(_placed(root),),
        needs=(f"table:{root}", *sorted(t.replace("table:", "partition:", 1) for t in tables)),
        lock="ROW EXCLUSIVE",
        transactional=True,
        rank=46,
    )


def _placed(root: str) -> str:
    """What is provided by putting the rows in."""
    return f"placed:{root}"


def with_moved_rows(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions; for each tree whose rows may have to move the check before and the putting in after."""
    roots: dict[str, list[str]] = {}
    for action in actions:
        for source in action.payload.get(MOVES, ()):
            roots.setdefault(_path(source, request.target)[0], []).append(source)
    gone = {identity for action in actions for identity in action.destroys}
    leaving = {a.subject: root for a in actions if (root := _root_of_archived(a, request, gone))}
    roots |= {root: [] for root in leaving.values() if root not in roots}
    if not roots:
        return list(actions)
    trees = {f"table:{root}": root for root in roots}
    for root in roots:
        trees |= dict.fromkeys(partitions_below(f"table:{root}", request.target), root)
    actions = [_saving(action, leaving, request) for action in actions]
    found = [_after_placing(request, _unmarked(action), trees) for action in actions]
    for root, wanted in roots.items():
        found += [_check_first(request, root, list(dict.fromkeys(wanted)))] if wanted else []
        found.append(_put_in(request, root))
    return found


def _root_of_archived(action: Action, request: PlanRequest, gone: Collection[str]) -> str | None:
    """For the archiving of a partition: the root of its tree, where that stays and has the same columns."""
    table = action.subject.removeprefix("table:")
    if (
        action.verb is not Verb.DROP
        or "archive" not in action.payload
        or f"partition:{table}" not in request.live
    ):
        return None
    root = _path(table, request.live)[0]
    sides = request.live, request.target
    if f"table:{root}" in gone or any(f"table:{root}" not in side for side in sides):
        return None
    same = _types(table, request.live) == _types(root, request.target)
    return root if same and next(partitions_below(f"table:{root}", request.target), None) else None


def _types(table: str, side: Facts) -> dict[str, str]:
    """The columns that hold values of their own."""
    columns = (part for part in side.parts.get(f"table:{table}", ()) if part.kind == "column")
    return {last(c.name): c.attrs["type"] for c in columns if "generated" not in c.attrs}


def _saving(action: Action, leaving: Mapping[str, str], request: PlanRequest) -> Action:
    root = leaving.get(action.subject)
    if root is None:
        return action
    first = _saved(action.subject.removeprefix("table:"), root, request.target)
    return structs.replace(action, statements=(first, *action.statements))


def _unmarked(action: Action) -> Action:
    payload = {key: value for key, value in action.payload.items() if key != MOVES}
    return structs.replace(action, payload=payload)


def _after_placing(request: PlanRequest, action: Action, trees: Mapping[str, str]) -> Action:
    """A foreign key of such a tree or to it is made when the rows are where they belong."""
    fact = request.target.get(action.subject)
    if fact is None or action.verb is Verb.DROP or fact.kind != "constraint" or fact.attrs["type"] != "f":
        return action
    tables = [fact.parent, *(request.target[n].parent for n in fact.needs if n in request.target)]
    tokens = sorted({_placed(trees[table]) for table in tables if table and table in trees})
    return structs.replace(action, needs=(*action.needs, *tokens))


# -- rows that nothing takes ---------------------------------------------------------------------------------


def _check_first(request: PlanRequest, root: str, sources: Sequence[str]) -> Action:
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"rows:{root}",
        summary=f"check that each row of {root} has a partition",
        statements=(_check(request, root, sources),),
        lock="ACCESS SHARE",
        transactional=True,
        rank=_FIRST,
    )


def _check(request: PlanRequest, root: str, sources: Sequence[str]) -> str:
    """Stops with the number of rows that no partition takes, and where the first of them are."""
    pattern = root if f"table:{root}" in request.live else sources[0]
    tree = _Tree(root, pattern, request.target)
    taken = tree.add_leaves()
    return block(
        f"""DECLARE homeless text; leaving text; bad bigint; places text;
BEGIN
  {"; ".join(tree.made)};
  homeless := pg_catalog.format('(%s) IS NOT TRUE', {taken});
  {"".join(_check_of(source, root, tree, request) for source in sources)}
  {tree.dropped};
EXCEPTION WHEN {_NOT_YET}
END"""
    )


def _check_of(source: str, root: str, tree: _Tree, request: PlanRequest) -> str:
    name, referred = source.replace("%", "%%"), _is_referred(source, request)
    rows = f"FROM {name} WHERE (%s) IS FALSE AND %s"
    first = f"SELECT ctid::text AS place {rows} LIMIT {_SHOWN}"
    count = literal(f"SELECT pg_catalog.count(*) {rows}")
    places = literal(f"SELECT pg_catalog.string_agg(place, ', ') FROM ({first}) t")
    why = "a foreign key refers to them there" if referred else f"no partition of {root} takes them"
    homeless = "'true'" if referred else "homeless"
    return f"""bad := 0;
  leaving := {tree.bound(source)};
  IF pg_catalog.to_regclass({literal(source)}) IS NOT NULL THEN -- it may still be in the archive
    EXECUTE pg_catalog.format({count}, leaving, {homeless}) INTO bad;
  END IF;
  IF bad > 0 THEN
    EXECUTE pg_catalog.format({places}, leaving, {homeless}) INTO places;
    RAISE EXCEPTION {literal(f"% rows of {name} have no partition afterwards: ctid = %")}, bad,
      places || CASE WHEN bad > {_SHOWN} THEN ', …' ELSE '' END
      USING ERRCODE = '{DOES_NOT_FIT}', DETAIL = {literal(why)}, HINT = 'move or delete those rows';
  END IF;
  """


def _is_referred(table: str, request: PlanRequest) -> bool:
    """Whether a foreign key of the target refers to a partition itself: its rows cannot leave it."""
    parts = request.target.parts.get(f"table:{table}", ())
    keys = {part.id for part in parts if part.kind in ("constraint", "index")}
    return any(
        fact.attrs["type"] == "f" and not keys.isdisjoint(fact.needs)
        for fact in request.target.kinds.get("constraint", ())
        if fact.parent != f"table:{table}"
    )
