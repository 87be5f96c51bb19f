"""What people read: changes, plans and values, and that nothing foreign can play tricks in it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapstore.carrying_out import RestoreResult
from snapstore.errors import SnapError
from snapstore.model import (
    Action,
    Blob,
    Condition,
    Fact,
    FactChange,
    FileChange,
    Hazard,
    HazardName,
    Json,
    Outcome,
    Plan,
    PlanOptions,
    PlanSide,
    ResourceChanges,
    Scope,
    Verb,
)
from snapstore.render import changes as render
from snapstore.render import plans, results, statements, style, toml, values
from snapstore.snapshot import Snapshot, TreeEntry


@dataclass
class Memory:
    """Objects of a snapshot that holds only files."""

    blobs: dict[str, bytes] = field(default_factory=dict)

    def tree(self, oid: str) -> list[TreeEntry]:
        return []

    def blob(self, oid: str) -> bytes:
        return self.blobs[oid]

    def open_blob(self, oid: str) -> BinaryIO:
        return io.BytesIO(self.blobs[oid])

    def blob_size(self, oid: str) -> int:
        return len(self.blobs[oid])


EMPTY = Snapshot("0" * 40, Memory())


def plain(text: str) -> str:
    return style.finish(text, colour=False)


def changed(before: dict[str, Json], after: dict[str, Json]) -> list[str]:
    """How a change of attributes reads."""
    return [plain(line) for line in values.differences(Fact("x:y", before), Fact("x:y", after))]


def review(
    *facts: FactChange, files: tuple[FileChange, ...] = (), blobs: dict[str, bytes] | None = None
) -> str:
    side = Snapshot("0" * 40, Memory(blobs or {}))
    found = ResourceChanges("db", "postgres", list(facts), list(files))
    return plain(render.review([found], side, side))


# Values


def test_a_changed_attribute_shows_both_values():
    before, after = {"type": "text", "default": None}, {"type": "varchar(40)", "default": "''::text"}
    assert changed(before, after) == ["default: null → ''::text", "type: text → varchar(40)"]


def test_a_changed_text_of_many_lines_is_a_unified_diff():
    assert changed({"query": "SELECT 1\nFROM a\n"}, {"query": "SELECT 1\nFROM b\n"}) == [
        "query:",
        "  @@ -1,2 +1,2 @@",
        "   SELECT 1",
        "  -FROM a",
        "  +FROM b",
    ]


def test_a_long_value_is_cut_and_shows_where_it_differs():
    same, length = "x" * 1_000_000, "(1,000,003 characters)"
    assert changed({"value": f"{same}old"}, {"value": f"{same}new"}) == [
        f"value: …{'x' * 20}old {length} → …{'x' * 20}new {length}"
    ]
    assert values.in_words(same) == f"{'x' * 2_000}… (1,000,000 characters)"


def test_a_nested_value_names_the_places_that_changed():
    before = {"config": {"mode": "dev", "rules": [{"use": "a"}, {"use": "b"}], "old": 1}}
    after = {"config": {"mode": "prod", "rules": [{"use": "a"}, {"use": "c"}], "new": {"x": 2}}}
    assert sorted(changed(before, after)) == [
        '+ config.new: {"x": 2}',
        "- config.old: 1",
        "config.mode: dev → prod",
        "config.rules[1].use: b → c",
    ]


def test_a_sealed_value_is_never_shown():
    old, new = {"$sealed": "v1:AAAA"}, {"$sealed": "v1:BBBB"}
    assert changed({"v": old}, {"v": new}) == ["v: (sealed, changed)"]
    assert changed({"v": old}, {"v": "clear"}) == ["v: (sealed) → clear"]
    assert changed({"v": None}, {"v": new}) == ["v: null → (sealed)"]
    assert changed({"v": {"a": [old]}}, {"v": {"a": [new]}}) == ["v.a[0]: (sealed, changed)"]
    assert changed({}, {"v": new}) == ["+ v: (sealed)"]
    assert changed({"v": [old]}, {"v": [old, new]}) == ["+ v[1]: (sealed)"]
    told = review(FactChange("var:A", None, Fact("var:A", {"value": new, "more": [new]})))
    assert "AAAA" not in told and "BBBB" not in told


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just({"$sealed": "TOKEN"}),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(max_size=4), json_values, max_size=4),
    st.dictionaries(st.text(max_size=4), json_values, max_size=4),
)
def test_every_difference_is_told_and_no_token_is(before: dict[str, Json], after: dict[str, Json]):
    told = changed(before, after)
    same = json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    assert bool(told) == (not same)
    assert "TOKEN" not in "\n".join(told)


def test_what_a_fact_stands_on_is_part_of_how_it_changed():
    lines = list(values.differences(Fact("x:y", needs=("a:1",)), Fact("x:y", needs=("a:2",), parent="t:t")))
    assert [plain(line) for line in lines] == ["needs + a:2", "needs - a:1", "part of: null → t:t"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_250_000, "3.2 MB"), (7 * 10**15, "7000.0 TB")],
)
def test_sizes_have_units(number: int, text: str):
    assert values.size(number) == text


# Changes


def test_a_review_has_parts_below_the_whole_that_came_with_them():
    table = Fact("table:public.users", {"kind": "r", "unlogged": False})
    column = Fact("column:public.users.id", {"type": "int8", "not_null": True}, parent=table.id)
    alone = Fact("column:public.other.x", {"type": "text"}, parent="table:public.other")
    told = review(
        FactChange(alone.id, alone, None),
        FactChange(column.id, None, column),
        FactChange(table.id, None, table),
    )
    assert told.splitlines() == [
        "db (postgres)  +2 -1",
        "  - column public.other.x  type: text",
        "  + table public.users  kind: r",
        "    + column public.users.id  type: int8, not_null",
    ]


def test_a_new_view_shows_its_query():
    told = review(FactChange("view:v", None, Fact("view:v", {"query": "SELECT 1\nFROM t\n"})))
    assert "  + view v\n      query:\n        + SELECT 1\n        + FROM t\n" in told


def test_files_show_text_as_text_and_all_else_by_size_mode_and_target():
    blobs = {
        "a": b"1\n",
        "b": b"2\n",
        "bin": b"\0\1\2",
        "big": b"x\n" * 200_000,
        "latin": b"\xe9",
        "l": b"to/here",
    }
    told = review(
        files=(
            FileChange("big.txt", Blob(0o100644, "a"), Blob(0o100644, "big")),
            FileChange("bin", Blob(0o100644, "bin"), Blob(0o100644, "a")),
            FileChange("gone", Blob(0o100644, "bin"), None),
            FileChange("latin", Blob(0o100644, "a"), Blob(0o100644, "latin")),
            FileChange("link", None, Blob(0o120000, "l")),
            FileChange("mode", Blob(0o100644, "a"), Blob(0o100755, "a")),
            FileChange("text", Blob(0o100644, "a"), Blob(0o100644, "b")),
        ),
        blobs=blobs,
    )
    assert told.splitlines()[1:] == [
        "  ~ big.txt  2 B → 400.0 kB",
        "  ~ bin  3 B → 2 B",
        "  - gone  3 B",
        "  ~ latin  2 B → 1 B",
        "  + link  → to/here",
        "  ~ mode  mode 100644 → 100755",
        "  ~ text",
        "      @@ -1 +1 @@",
        "      -1",
        "      +2",
    ]


def test_long_lists_are_folded_with_their_counts():
    blobs = {"a": b"1\n"}
    files = tuple(FileChange(f"f{n:05}", None, Blob(0o100644, "a")) for n in range(20_000))
    facts = [FactChange(f"x:{n}", None, Fact(f"x:{n}")) for n in range(1000)]
    told = review(*facts, files=files, blobs=blobs)
    assert "… and 19,980 more (+19,980)" in told
    assert "… and 800 more" in told
    assert len(told.splitlines()) < 250


def test_counts_by_kind():
    found = ResourceChanges(
        "db",
        "postgres",
        [FactChange("index:a", None, Fact("index:a")), FactChange("index:b", Fact("index:b"), None)],
        [FileChange("x", None, Blob(0o100644, "a"))],
    )
    assert plain(render.stat([found])).splitlines() == [
        "db  index  +1 -1",
        "db  files  +1",
        "1 resource changed: +2 -1",
    ]
    assert render.stat([]) == ""


# Plans


def make(*actions: Action, notes: tuple[Hazard, ...] = ()) -> Plan:
    side = PlanSide("a" * 40)
    target = PlanSide("b" * 40, "c" * 40)
    return Plan(side, target, Scope(), PlanOptions(), list(actions), list(notes), digest="d" * 64)


def test_what_to_do_about_an_error_has_a_line_of_its_own() -> None:
    error = str(SnapError("the disk is full", where="web", fix="free some space"))
    outcome = Outcome("web", Condition.PARTIAL, 1, 2, error)
    said = plain(results.text(RestoreResult(make(), outcomes=[outcome])))
    assert said == "web: partial (1 of 2 actions): web: the disk is full\n  free some space"


DROP = Action(
    "db",
    Verb.DROP,
    "column:public.users.age",
    "drop column public.users.age",
    statements=("ALTER TABLE public.users DROP COLUMN age",),
    undo=("ALTER TABLE public.users ADD COLUMN age integer",),
    hazards=(Hazard(HazardName.DATA_LOSS, "its values are lost", rows=12_000, bytes=3_200_000),),
    lock="ACCESS EXCLUSIVE",
    rows=12_000,
)
WRITE = Action("env", Verb.REPLACE, "file:.env", "write .env", statements=("write .env (3 variables)",))


def test_a_plan_shows_statements_locks_numbers_hazards_and_the_way_back():
    told = plain(plans.text(make(DROP, WRITE)))
    for text in (
        "   1. - drop column public.users.age\n",
        "        ALTER TABLE public.users DROP COLUMN age\n",
        "        lock ACCESS EXCLUSIVE · 12,000 rows\n",
        "        ! data-loss: its values are lost (12,000 rows, 3.2 MB)\n",
        "        undo: ALTER TABLE public.users ADD COLUMN age integer\n",
        "   2. -/+ write .env\n",
    ):
        assert text in told
    assert told.endswith("2 resources, 1 to replace, 1 to destroy, 1 hazard: data-loss")


def test_a_plan_that_needs_nothing_says_so():
    assert plain(plans.text(make())).endswith("nothing to do")


def test_an_action_with_a_hazard_is_never_folded_away():
    quiet = [msgspec.structs.replace(WRITE, resource="db", summary=f"write {n}") for n in range(500)]
    told = plain(plans.text(make(*quiet, DROP)))
    assert " 501. - drop column public.users.age" in told
    assert "… and 440 more" in told
    assert "write 499" in plain(plans.text(make(*quiet, DROP), full=True))


def test_an_action_on_many_things_and_one_with_a_long_line_are_cut():
    many = msgspec.structs.replace(WRITE, statements=(f"+ text: {'x' * 9_000}", *map(str, range(200))))
    told = plain(plans.text(make(many)))
    assert "\n        28\n        … and 171 more" in told
    assert "x… (9,008 characters)\n" in told
    assert "\n        199" in plain(plans.text(make(many), full=True))


def test_sql_holds_the_statements_exactly_and_the_rest_as_comments():
    lines = plans.sql(make(DROP, WRITE)).splitlines()
    assert [line for line in lines if line and not line.startswith("--")] == [
        "ALTER TABLE public.users DROP COLUMN age;"
    ]
    assert "-- write .env (3 variables)" in lines
    assert "-- data-loss: its values are lost (12,000 rows, 3.2 MB)" in lines


def test_a_comment_in_sql_cannot_end_early():
    evil = msgspec.structs.replace(DROP, summary="x\nDROP DATABASE a", statements=("note\nDROP TABLE b",))
    told = plans.sql(make(evil, notes=(Hazard(HazardName.UNVERIFIABLE, "a\nDROP TABLE c"),)))
    assert not [line for line in told.splitlines() if line and not line.startswith("--")]


def test_formatting_for_people_changes_nothing_but_white_space():
    statement = (
        "CREATE VIEW v AS SELECT a.id, a.name, b.total FROM accounts AS a "
        "JOIN totals AS b ON a.id = b.id WHERE b.total > 10"
    )
    assert statements.pretty(statement).count("\n") > 3
    assert statements.pretty(statement).split() == statement.split()
    odd = (
        "CREATE INDEX i ON t USING gin (x) WITH (fastupdate = off) "
        "WHERE ((x IS NOT NULL) AND (y <> ALL (ARRAY[1, 2])))"
    )
    assert "".join(statements.pretty(odd).split()) == "".join(odd.split())
    cast = (
        "CREATE TABLE kept AS SELECT k, v FROM (SELECT t.id::text AS k, extract(year FROM t.at) AS v,"
        " row_number() OVER (ORDER BY t.id) FROM t) s WHERE v IS DISTINCT FROM 2026 AND k <> 'a FROM b'"
    )
    assert [line.split()[0] for line in statements.pretty(cast).splitlines()] == [
        *("CREATE", "SELECT", "FROM"),
        *("SELECT", "FROM", "WHERE"),
    ]
    assert "".join(statements.pretty(cast).split()) == "".join(cast.split())
    grant = f"GRANT SELECT, UPDATE ON {', '.join(f'a_table_{n}' for n in range(20))} TO somebody"
    assert statements.pretty(grant) == grant
    broken = "CREATE " + "((" * 80
    assert statements.pretty(broken) == broken


# What reaches a terminal

foreign = st.text(st.characters(codec=None), max_size=30)


@given(foreign, st.booleans())
def test_no_control_character_of_foreign_text_survives(text: str, colour: bool):
    told = style.finish(style.name(text), colour)
    for sequence in style._SEQUENCES.values():
        told = told.replace(sequence, "")
    assert not [c for c in told if ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202a\u202e\u2066\u2069"]
    told.encode("utf-8")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_plain_text_stays_as_it_is(text: str):
    assert style.finish(style.paint(text, style.ADDED), colour=False) == text


@given(st.text(max_size=10), json_values)
def test_a_written_configuration_reads_back(key: str, value: Json):
    import tomllib

    from snapstore.adapter import Suggestion

    def without_null(value: Json) -> Json:
        if isinstance(value, dict):
            return {k: without_null(v) for k, v in value.items() if v is not None}
        if isinstance(value, list):
            return [without_null(v) for v in value if v is not None]
        return 0 if value is None else value

    settings = {f"k{key}": without_null(value)}
    text = toml.configuration([("fake", Suggestion("a.b", settings, "why\nnot", "g"))])
    read = tomllib.loads(text)
    assert read["resources"]["a.b"] == {"adapter": "fake", **settings}
    assert read["groups"] == {"g": ["a.b"]}
