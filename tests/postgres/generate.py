"""Random schemas and random changes of them, weighted to what hangs together.

Every state can be reached from every other one with its rows in place: all values are the digits 1 to 3, so
that each cast between the types used here works; what rows would have to comply with (keys, NOT NULL) is only
asked of columns and tables that were there from the start. The same seed gives the same pair anywhere.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

ROWS = 3
SCHEMAS = ("public", '"Odd.Schema"')
NAMES = ("t", "u", '"T 3"', '"select"', '"a.b"', '"q""x"', "w", "x9")
COLUMNS = ("id", "a", "b", '"C c"', '"order"', "d", '"é"', "f")
CASTABLE = ("integer", "bigint", "text", "character varying(20)", "jsonb", "numeric", "ENUM", "DOMAIN")
NUMBERS = ("integer", "bigint")


@dataclass
class Column:
    type: str
    default: str | None = None
    not_null: bool = False
    generated: str | None = None
    identity: str | None = None
    original: bool = True


@dataclass
class Table:
    columns: dict[str, Column]
    key: list[str] = field(default_factory=list)
    uniques: dict[str, list[str]] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, tuple[str, str]] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    triggers: dict[str, str] = field(default_factory=dict)
    partitions: str | None = None
    child: str | None = None
    owner: str | None = None
    grants: list[str] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)
    options: str = ""
    original: bool = True


@dataclass
class View:
    source: str
    columns: list[str]
    where: str | None = None
    matview: bool = False
    indexed: bool = False
    option: str = ""
    calls: str | None = None
    grants: list[str] = field(default_factory=list)
    comment: str | None = None


@dataclass
class Function:
    argument: str = "x"
    result: str = "bigint"
    body: str = "SELECT $1"
    atomic: str | None = None


@dataclass
class State:
    enums: dict[str, list[str]] = field(default_factory=dict)
    domains: dict[str, tuple[str, str]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)

    def relation_columns(self, name: str) -> dict[str, str]:
        """Columns of a table or view with their types; a call's column has no type worth knowing."""
        if name in self.tables:
            return {c: column.type for c, column in self.tables[name].columns.items()}
        view = self.views[name]
        below = self.relation_columns(view.source)
        return {c: below[c] for c in view.columns}


# -- a state at random -------------------------------------------------------------------------------------


def initial(rng: random.Random) -> State:
    state = State(
        enums={"public.mood": ["1", "2", "3", "sad"], '"Odd.Schema"."E n"': ["0", "1", "2", "3"]},
        domains={"public.small": ("integer", "VALUE < 1000"), '"Odd.Schema".words': ("text", "VALUE <> 'x'")},
        functions={"public.f": Function(), '"Odd.Schema"."G"': Function(argument='"in"')},
    )
    for _ in range(rng.randint(2, 4)):
        state.tables[_new_name(rng, state)] = _table(rng, state)
    for _ in range(rng.randint(6, 14)):
        rng.choice(_ADDITIONS)(rng, state, True)
        repair(state, set(state.tables))
    return state


def _new_name(rng: random.Random, state: State) -> str:
    taken = state.tables.keys() | state.views.keys()
    free = [f"{schema}.{name}" for schema in SCHEMAS for name in NAMES]
    return rng.choice([name for name in free if name not in taken])


def _type(rng: random.Random, state: State) -> str:
    kind = rng.choice(CASTABLE)
    if kind == "ENUM":
        return rng.choice(sorted(state.enums) or ["text"])
    return rng.choice(sorted(state.domains) or ["text"]) if kind == "DOMAIN" else kind


def _table(rng: random.Random, state: State, original: bool = True) -> Table:
    columns = {"id": Column("integer", not_null=True, original=original)}
    for name in rng.sample(COLUMNS[1:], rng.randint(1, 4)):
        columns[name] = Column(_type(rng, state), original=original)
    return Table(columns, key=["id"], original=original)


def mutated(state: State, seed: object, count: int, only: set[int] | None = None) -> State:
    """The state after ``count`` random changes; ``only`` some of them, for making a failure smaller."""
    changed = copy.deepcopy(state)
    for number in range(count):
        if only is None or number in only:
            rng = random.Random(f"{seed}/{number}")
            rng.choice(_MUTATIONS)(rng, changed)
            repair(changed, set(state.tables))
    return changed


# -- changes -----------------------------------------------------------------------------------------------


def _pick(rng: random.Random, names: object) -> str | None:
    found = sorted(names)  # type: ignore[call-overload]
    return str(rng.choice(found)) if found else None


def _add_column(rng: random.Random, state: State, original: bool = False) -> None:
    table = _pick(rng, state.tables)
    if table:
        free = [c for c in COLUMNS if c not in state.tables[table].columns]
        if free:
            state.tables[table].columns[rng.choice(free)] = Column(_type(rng, state), original=original)


def _add_default(rng: random.Random, state: State, original: bool = False) -> None:
    column = _plain_column(rng, state)
    if column:
        column.default = rng.choice(["1", "'2'", "CALL"])
        column.not_null = rng.random() < 0.4


def _plain_column(rng: random.Random, state: State) -> Column | None:
    plain = [
        c for t in state.tables.values() for c in t.columns.values() if not c.generated and not c.identity
    ]
    return rng.choice(plain) if plain else None


def _add_generated(rng: random.Random, state: State, original: bool = False) -> None:
    table = state.tables.get(_pick(rng, state.tables) or "")
    if table:
        name = rng.choice(COLUMNS[1:])
        base = rng.choice([c for c in table.columns if c != name])
        kind, expression = rng.choice(["STORED", "STORED", "VIRTUAL"]), rng.choice(["{0} + 1", "CALL({0})"])
        if kind == "VIRTUAL":
            expression = "{0} + 1"
        table.columns[name] = Column(
            "bigint", generated=f"{expression.format(base)}|{kind}|{base}", original=original
        )


def _add_identity(rng: random.Random, state: State, original: bool = False) -> None:
    table = state.tables.get(_pick(rng, state.tables) or "")
    if table:
        column = table.columns["id"]
        column.identity = rng.choice([None, "ALWAYS", "BY DEFAULT"])
        column.default = None


def _add_unique(rng: random.Random, state: State, original: bool = False) -> None:
    table = state.tables.get(_pick(rng, state.tables) or "")
    if table:
        columns = [c for c, column in table.columns.items() if column.original and not column.generated]
        table.uniques[f"uq{rng.randint(1, 2)}"] = rng.sample(columns, min(len(columns), rng.randint(1, 2)))


def _add_check(rng: random.Random, state: State, original: bool = False) -> None:
    table = state.tables.get(_pick(rng, state.tables) or "")
    if table:
        text = rng.choice(
            ["{0} IS NOT NULL OR true", "{0}::text IN ('1', '2', '3') OR true", "CALL({0}) > -9"]
        )
        table.checks[f"ck{rng.randint(1, 2)}"] = f"{text}|{rng.choice(sorted(table.columns))}"


def _add_foreign_key(rng: random.Random, state: State, original: bool = False) -> None:
    table, other = _pick(rng, state.tables), _pick(rng, state.tables)
    if table and other:
        column = rng.choice(sorted(state.tables[table].columns))
        state.tables[table].foreign[f"fk{rng.randint(1, 2)}"] = (column, other)


def _add_index(rng: random.Random, state: State, original: bool = False) -> None:
    name = _pick(rng, state.tables)
    if name:
        table = state.tables[name]
        text = rng.choice(["({0})", "({0} DESC) WHERE {0} IS NOT NULL", "((CALL({0})))", "USING hash ({0})"])
        table.indexes[f"ix{rng.randint(1, 3)}"] = f"{text}|{rng.choice(sorted(table.columns))}"


def _add_policy(rng: random.Random, state: State, original: bool = False) -> None:
    table = state.tables.get(_pick(rng, state.tables) or "")
    if table:
        text = rng.choice(["{0} IS NOT NULL", "{0}::text <> 'x'", "CALL({0}) > 0"])
        table.policies[f"po{rng.randint(1, 2)}"] = f"{text}|{rng.choice(sorted(table.columns))}"


def _add_trigger(rng: random.Random, state: State, original: bool = False) -> None:
    table = state.tables.get(_pick(rng, state.tables) or "")
    if table:
        text = rng.choice(
            [
                "BEFORE UPDATE OF {0}|NEW.{0} IS NOT NULL",
                "AFTER INSERT OR DELETE|",
                "BEFORE INSERT|NEW.{0}::text <> 'x'",
            ]
        )
        table.triggers[f"tr{rng.randint(1, 2)}"] = f"{text}|{rng.choice(sorted(table.columns))}"


def _add_view(rng: random.Random, state: State, original: bool = False) -> None:
    source = _pick(rng, state.tables.keys() | state.views.keys())
    if source is None:
        return
    columns = list(state.relation_columns(source))
    if columns:
        chosen = rng.sample(columns, rng.randint(1, len(columns)))
        state.views[_new_name(rng, state)] = View(
            source,
            chosen,
            where=rng.choice([None, chosen[0]]),
            matview=rng.random() < 0.35,
            indexed=rng.random() < 0.7,
            option=rng.choice(["", "security_barrier=true", "security_invoker=true"]),
            calls=rng.choice([None, *chosen]),
        )


def _add_words(rng: random.Random, state: State, original: bool = False) -> None:
    table = state.tables.get(_pick(rng, state.tables) or "")
    if table:
        table.comments[rng.choice(["", *table.columns])] = rng.choice(["it's", "two\nlines", "\\ and %s"])
        role = rng.choice(["snap_app", "snap_reader", "PUBLIC", '"Odd ""role""; DROP TABLE x--"'])
        what = rng.choice(["SELECT", "INSERT, UPDATE", f"SELECT ({rng.choice(sorted(table.columns))})"])
        table.grants.append(f"{what}|{role}|{rng.choice(['', ' WITH GRANT OPTION'])}")
    view = state.views.get(_pick(rng, state.views) or "")
    if view:
        view.comment, view.grants = "a view's", [rng.choice(["SELECT|snap_reader|", "ALL|snap_app|"])]


def _add_atomic(rng: random.Random, state: State, original: bool = False) -> None:
    source = _pick(rng, state.tables.keys() | state.views.keys())
    state.functions[f"public.at{rng.randint(1, 2)}"] = Function(atomic=source)


def _add_partitions(rng: random.Random, state: State, original: bool = False) -> None:
    table = state.tables.get(_pick(rng, state.tables) or "")
    if table:
        table.partitions = rng.choice([None, "LIST", "RANGE", "HASH"])


def _add_child(rng: random.Random, state: State, original: bool = False) -> None:
    table = state.tables.get(_pick(rng, state.tables) or "")
    if table:
        table.child = rng.choice([None, "inherits", "inherits", "has its own", "is apart"])


_ADDITIONS: list[Callable[..., None]] = [
    _add_column, _add_default, _add_generated, _add_identity, _add_unique, _add_check, _add_foreign_key,
    _add_foreign_key, _add_index, _add_index, _add_policy, _add_trigger, _add_view, _add_view, _add_view,
    _add_view, _add_words, _add_atomic, _add_child,
]  # fmt: skip


def _retype_column(rng: random.Random, state: State) -> None:
    column = _plain_column(rng, state)
    if column:
        column.type = _type(rng, state)


def _drop_column(rng: random.Random, state: State) -> None:
    table = state.tables.get(_pick(rng, state.tables) or "")
    if table and len(table.columns) > 2:
        del table.columns[rng.choice(sorted(table.columns.keys() - {"id"}))]


def _drop_relation(rng: random.Random, state: State) -> None:
    name = _pick(rng, state.tables.keys() | state.views.keys())
    if name:
        state.tables.pop(name, None)
        state.views.pop(name, None)


def _new_table(rng: random.Random, state: State) -> None:
    state.tables[_new_name(rng, state)] = _table(rng, state, original=False)


def _table_to_view(rng: random.Random, state: State) -> None:
    name, source = _pick(rng, state.tables), _pick(rng, state.tables)
    if name and source and name != source:
        del state.tables[name]
        state.views[name] = View(source, ["id"])


def _change_enum(rng: random.Random, state: State) -> None:
    name = _pick(rng, state.enums)
    if name:
        labels = state.enums[name]
        extra = [label for label in labels if label not in ("1", "2", "3")]
        if extra and rng.random() < 0.5:
            labels.remove(rng.choice(extra))
        elif rng.random() < 0.3:
            rng.shuffle(labels)
        else:
            labels.insert(rng.randint(0, len(labels)), f"n{rng.randint(1, 99)}")
        state.enums[name] = list(dict.fromkeys(labels))


def _drop_enum(rng: random.Random, state: State) -> None:
    name = _pick(rng, state.enums)
    if name:
        del state.enums[name]


def _change_domain(rng: random.Random, state: State) -> None:
    name = _pick(rng, state.domains)
    if name:
        base = rng.choice(["integer", "bigint", "text"])
        state.domains[name] = (base, "VALUE::text <> '99'")


def _change_function(rng: random.Random, state: State) -> None:
    function = state.functions[_pick(rng, state.functions) or ""]
    change = rng.choice(["argument", "result", "body"])
    if change == "argument":
        function.argument = rng.choice(["x", "y", '"in"'])
    elif change == "result":
        function.result = rng.choice(["bigint", "integer", "numeric"])
    function.body = rng.choice(["SELECT $1", "SELECT $1 + 0", "SELECT ($1)"])


def _change_view(rng: random.Random, state: State) -> None:
    view = state.views.get(_pick(rng, state.views) or "")
    if view:
        columns = list(state.relation_columns(view.source)) or view.columns
        view.columns = rng.sample(columns, rng.randint(1, len(columns)))
        view.where = rng.choice([None, view.columns[0]])
        view.matview = rng.random() < 0.3 if rng.random() < 0.3 else view.matview
        view.option = rng.choice(["", view.option, "security_barrier=true"])


def _drop_part(rng: random.Random, state: State) -> None:
    table = state.tables.get(_pick(rng, state.tables) or "")
    if table:
        part = rng.choice(["uniques", "checks", "foreign", "indexes", "policies", "triggers", "comments"])
        names = getattr(table, part)
        if names:
            del names[rng.choice(sorted(names))]


def _ungenerate(rng: random.Random, state: State) -> None:
    found = [c for t in state.tables.values() for c in t.columns.values() if c.generated]
    if found:
        rng.choice(found).generated = None


def _change_owner(rng: random.Random, state: State) -> None:
    public = [t for name, t in state.tables.items() if name.startswith("public.")]
    if public:
        rng.choice(public).owner = rng.choice([None, "snap_owner"])


def _swap_names(rng: random.Random, state: State) -> None:
    if len(state.views) >= 2:
        one, two = rng.sample(sorted(state.views), 2)
        if not (_stands_on(state, one, two) or _stands_on(state, two, one)):
            state.views[one], state.views[two] = state.views[two], state.views[one]


def _stands_on(state: State, view: str, other: str) -> bool:
    while view in state.views:
        view = state.views[view].source
        if view == other:
            return True
    return False


_MUTATIONS: list[Callable[..., None]] = [
    *_ADDITIONS, _retype_column, _retype_column, _retype_column, _retype_column, _drop_column, _drop_column,
    _drop_relation, _new_table, _table_to_view, _change_enum, _change_enum, _change_enum, _drop_enum,
    _change_domain, _change_function, _change_function, _change_function, _change_view, _change_view,
    _drop_part, _drop_part, _ungenerate, _change_owner, _swap_names, _add_partitions,
]  # fmt: skip


# -- making it valid again ---------------------------------------------------------------------------------


def repair(state: State, originals: set[str]) -> None:
    """Take away what can no longer be: references to what is gone, keys that rows could not comply with."""
    for table in state.tables.values():
        _repair_columns(state, table)
    for name, table in state.tables.items():
        _repair_parts(state, name, table, originals)
    _repair_views(state)
    for function in state.functions.values():
        known = state.tables.keys() | state.views.keys()
        if function.atomic and function.atomic not in known:
            function.atomic = None


def _repair_columns(state: State, table: Table) -> None:
    types = {*CASTABLE, *state.enums, *state.domains}
    for name, column in table.columns.items():
        if column.type not in types:
            column.type = "text"
        if column.identity and column.type not in NUMBERS:
            column.identity = None
        if column.default == "CALL" and column.type not in NUMBERS:
            column.default = "'1'"
        if column.generated:
            base = table.columns.get(column.generated.split("|")[2])
            if base is None or base.type not in NUMBERS or base.generated or base is column:
                table.columns[name] = Column("bigint", original=False)
            else:
                column.type, column.default, column.not_null = "bigint", None, False
        if column.not_null and not column.original and column.default is None:
            column.not_null = False
    table.columns["id"].not_null = True
    table.columns["id"].generated = None


def _repair_parts(state: State, name: str, table: Table, originals: set[str]) -> None:
    columns = table.columns
    keys = {c for c, column in columns.items() if column.original and not column.generated}
    hashable = {c for c in keys if columns[c].type != "jsonb"}
    table.uniques = {n: u for n, u in table.uniques.items() if u and set(u) <= keys - {"jsonb"}}
    if table.partitions:
        table.child = None
        table.uniques = {n: u for n, u in table.uniques.items() if "id" in u}
        table.columns["id"].type = "integer"
    for part in ("checks", "indexes", "policies", "triggers"):
        found = {n: text for n, text in getattr(table, part).items() if _possible(state, columns, text)}
        setattr(table, part, found)
    # A condition of a trigger cannot look at what is computed after it.
    table.triggers = {
        n: text for n, text in table.triggers.items() if not columns[text.rsplit("|", 1)[1]].generated
    }
    table.foreign = {
        n: (c, other)
        for n, (c, other) in table.foreign.items()
        if other in state.tables and other in originals and c in hashable
        and columns[c].type == state.tables[other].columns["id"].type and state.tables[other].original
    }  # fmt: skip
    table.grants = [g for g in table.grants if "(" not in g or g.split("(")[1].split(")")[0] in columns]
    table.comments = {c: text for c, text in table.comments.items() if not c or c in columns}


def _possible(state: State, columns: dict[str, Column], text: str) -> bool:
    body, name = text.rsplit("|", 1)
    column = columns.get(name)
    if column is None:
        return False
    virtual = column.generated is not None and "VIRTUAL" in column.generated
    return not virtual and (column.type in NUMBERS or "CALL" not in body)


def _repair_views(state: State) -> None:
    kept: dict[str, View] = {}
    waiting = dict(state.views)
    state.views = kept
    progress = True
    while waiting and progress:
        progress = False
        for name, view in list(waiting.items()):
            if view.source not in state.tables and view.source not in kept:
                continue
            below = state.relation_columns(view.source)
            view.columns = [c for c in view.columns if c in below] or list(below)[:1]
            view.where = view.where if view.where in below else None
            view.calls = view.calls if view.calls in view.columns and below[view.calls] in NUMBERS else None
            kept[name] = waiting.pop(name)
            progress = True


# -- as SQL ------------------------------------------------------------------------------------------------


def sql(state: State, rows: bool, version: int = 18) -> str:
    """The statements that make the state, with the rows of the original tables if asked for."""
    text = ";\n".join(_statements(state, rows)) + ";\n"
    return text if version >= 18 else text.replace(") VIRTUAL", ") STORED")


def _statements(state: State, rows: bool) -> Iterator[str]:
    yield 'CREATE SCHEMA "Odd.Schema"'
    yield "CREATE FUNCTION public.trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
    for name, labels in state.enums.items():
        yield f"CREATE TYPE {name} AS ENUM ({', '.join(_text(label) for label in labels)})"
    for name, (base, check) in state.domains.items():
        yield f"CREATE DOMAIN {name} AS {base} CONSTRAINT dc CHECK ({check})"
    call = next((n for n, f in state.functions.items() if not n.startswith("public.at")), "")
    for name, function in state.functions.items():
        if not name.startswith("public.at"):
            yield (
                f"CREATE FUNCTION {name}({function.argument} bigint) RETURNS {function.result} LANGUAGE sql"
                f" IMMUTABLE AS 'SELECT ({function.body.removeprefix('SELECT ')})::{function.result}'"
            )
    for name, table in state.tables.items():
        yield from _table_statements(name, table, call)
    if rows:
        for name, table in state.tables.items():
            yield _insert(name, table)
            if table.child:
                yield _insert(_child(name), table)
    for name, table in state.tables.items():
        yield from _part_statements(name, table, call)
    for name, view in state.views.items():
        yield from _view_statements(name, view, call)
    for name, function in state.functions.items():
        if name.startswith("public.at") and function.atomic:
            source = f"SELECT count(*) FROM {function.atomic}"
            yield f"CREATE FUNCTION {name}() RETURNS bigint LANGUAGE sql BEGIN ATOMIC {source}; END"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _table_statements(name: str, table: Table, call: str) -> Iterator[str]:
    lines = [_column(c, column, call) for c, column in table.columns.items()]
    by = f" PARTITION BY {table.partitions} (id)" if table.partitions else ""
    yield f"CREATE TABLE {name} ({', '.join(lines)}){by}"
    if table.child:
        own = [line.partition(" GENERATED BY")[0].partition(" GENERATED ALWAYS AS I")[0] for line in lines]
        of = "" if table.child == "is apart" else f" INHERITS ({name})"
        columns = ["extra integer", *(own if table.child != "inherits" else [])]
        yield f"CREATE TABLE {_child(name)} ({', '.join(columns)}){of}"
    schema, last = name.rsplit(".", 1) if name.count(".") == 1 else _split(name)
    for suffix, bound in _BOUNDS.get(table.partitions or "", {}).items():
        part = f'{schema}."{last.strip(chr(34))}{suffix}"'
        yield f"CREATE TABLE {part} PARTITION OF {name} {bound}"
    if table.key:
        yield f"ALTER TABLE {name} ADD PRIMARY KEY ({', '.join(table.key)})"


def _child(name: str) -> str:
    schema, last = _split(name)
    return f'{schema}."{last.strip(chr(34))} child"'


def _split(name: str) -> tuple[str, str]:
    for schema in SCHEMAS:
        if name.startswith(schema + "."):
            return schema, name[len(schema) + 1 :]
    raise ValueError(name)


_BOUNDS = {
    "LIST": {"_1": "FOR VALUES IN (1)", "_d": "DEFAULT"},
    "RANGE": {"_1": "FOR VALUES FROM (MINVALUE) TO (2)", "_2": "FOR VALUES FROM (2) TO (MAXVALUE)"},
    "HASH": {
        "_0": "FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "_1": "FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    },
}


def _column(name: str, column: Column, call: str) -> str:
    text = f"{name} {column.type}"
    if column.generated:
        expression, kind, _ = column.generated.split("|")
        return f"{text} GENERATED ALWAYS AS (({expression.replace('CALL', call)})::bigint) {kind}"
    if column.identity:
        text += f" GENERATED {column.identity} AS IDENTITY"
    elif column.default:
        text += f" DEFAULT {f'{call}(1)' if column.default == 'CALL' else _default(column)}"
    return text + (" NOT NULL" if column.not_null else "")


def _default(column: Column) -> str:
    digit = column.default.strip("'") if column.default else "1"
    return digit if column.type in NUMBERS else f"'{digit}'"


def _insert(name: str, table: Table) -> str:
    columns = [c for c, column in table.columns.items() if not column.generated]
    values = ", ".join(f"(n::text)::{table.columns[c].type}" for c in columns)
    return (
        f"INSERT INTO {name} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"
        f" SELECT {values} FROM generate_series(1, {ROWS}) n"
    )


def _part_statements(name: str, table: Table, call: str) -> Iterator[str]:
    for constraint, columns in table.uniques.items():
        yield f"ALTER TABLE {name} ADD CONSTRAINT {_local(name, constraint)} UNIQUE ({', '.join(columns)})"
    for constraint, text in table.checks.items():
        yield f"ALTER TABLE {name} ADD CONSTRAINT {constraint} CHECK ({_filled(text, call)})"
    for constraint, (column, other) in table.foreign.items():
        yield f"ALTER TABLE {name} ADD CONSTRAINT {constraint} FOREIGN KEY ({column}) REFERENCES {other} (id)"
    for index, text in table.indexes.items():
        yield f"CREATE INDEX {_local(name, index)} ON {name} {_filled(text, call)}"
    if table.policies:
        yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"
    for policy, text in table.policies.items():
        yield f"CREATE POLICY {policy} ON {name} USING ({_filled(text, call)})"
    for trigger, text in table.triggers.items():
        events, condition = _filled(text, call).split("|")
        when = f" WHEN ({condition})" if condition else ""
        yield f"CREATE TRIGGER {trigger} {events} ON {name} FOR EACH ROW{when} EXECUTE FUNCTION public.trg()"
    for column, text in table.comments.items():
        on = f"COLUMN {name}.{column}" if column else f"TABLE {name}"
        yield f"COMMENT ON {on} IS {_text(text)}"
    if table.owner:
        yield f"ALTER TABLE {name} OWNER TO {table.owner}"
    for grant in table.grants:
        what, role, option = grant.split("|")
        yield f"GRANT {what} ON {name} TO {role}{option if role != 'PUBLIC' else ''}"


def _filled(text: str, call: str) -> str:
    body, column = text.rsplit("|", 1)
    return body.replace("{0}", column).replace("CALL", call)


def _local(table: str, name: str) -> str:
    """Names of indexes are those of a schema, so the table is in them."""
    last = _split(table)[1].strip('"')
    return f'"{last} {name}"'


def _view_statements(name: str, view: View, call: str) -> Iterator[str]:
    columns = ", ".join([*view.columns, *([f"{call}({view.calls}) AS called"] if view.calls else [])])
    where = f" WHERE {view.where} IS NOT NULL" if view.where else ""
    option = f" WITH ({view.option})" if view.option and not view.matview else ""
    kind = "MATERIALIZED VIEW" if view.matview else "VIEW"
    yield f"CREATE {kind} {name}{option} AS SELECT {columns} FROM {view.source}{where}"
    if view.matview and view.indexed:
        yield f"CREATE INDEX {_local(name, 'mv')} ON {name} ({view.columns[0]})"
    if view.comment:
        yield f"COMMENT ON {kind} {name} IS {_text(view.comment)}"
    for grant in view.grants:
        what, role, _ = grant.split("|")
        yield f"GRANT {what} ON {name} TO {role}"
