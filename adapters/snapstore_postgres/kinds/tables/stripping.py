"""How a table goes to the archive: without all that binds it to what may go, today or later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from snapstore.model import Fact, Json
from snapstore.rules import Draft, View
from snapstore_postgres.kinds.columns.one_rewrite import joined
from snapstore_postgres.kinds.extension_dependence import dependence
from snapstore_postgres.kinds.partitions import detached, without_keys
from snapstore_postgres.names import last, qualifier, quote
from snapstore_postgres.relations import plain_stays_bound, version
from snapstore_postgres.relations.catalog_tables import OPTION, without_option
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.relations.miscounted import lost_in, to_leave
from snapstore_postgres.relations.sizes import rewrite_hazard
from snapstore_postgres.renaming.names_before import former, former_facts
from snapstore_postgres.rows.archived import archive, earlier_labels
from snapstore_postgres.rows.partitions import homeless
from snapstore_postgres.rows.types.casts import written
from snapstore_postgres.words import designation, word

_STRIPPED = ("trigger", "policy", "rule", "statistics")
_MARKS = ("cluster", "replica_identity")
"""What goes with the index that it names."""
_OF_TYPE = ("collation", "storage", "compression")
"""What of a column is as its type has it when it gets another one."""


def table_draft(fact: Fact, view: View, draft: Draft) -> Draft:
    """Instead of dropping the table: take off what binds it, and move it to its place."""
    place = archive.place_of(view.request, fact.id)
    stripping = _Stripping(fact, view)
    left = [msgspec.to_builtins(f) for f in former_facts(stripping.left, view.request)]
    more = {archive.HOME: home} if (home := _home(fact, view)) else {}
    more |= earlier_labels.told(stripping.retyped, view.request)
    facts = {archive.TABLE: left, **more} if more else left
    identity = former(fact.id, view.request)
    name, before = last(fact.name), last(identity.partition(":")[2])
    again = [f"ALTER TABLE {quote(place)}.{name} RENAME TO {before}"] if name != before else []
    return replace(
        draft,
        summary=f"move table {fact.name} with its rows to the archive",
        statements=[
            f"CREATE SCHEMA {quote(place)}",
            *joined(stripping.statements),
            f"ALTER TABLE {fact.name} SET SCHEMA {quote(place)}",
            *again,
            archive.register(place, identity, "table", facts),
        ],
        undo=[f"ALTER TABLE {quote(place)}.{last(fact.name)} SET SCHEMA {qualifier(fact.name)}"],
        needs=[*draft.needs, archive.REGISTERED, *lost_in(fact.name, view.live)],
        provides=[detached(fact.name)] if stripping.leaves_parents else (),
        payload={"archive": place},
        hazards=rewrite_hazard(view, fact.id) if stripping.rewrites else (),
    )


def _home(fact: Fact, view: View) -> Json:
    """What a partition is of, as the registry tells it: others of the same table may take its rows."""
    *_, root = ("", *ancestors(fact.name, view.live))
    if f"partition:{fact.name}" not in view.live or not root:
        return None
    entry = homeless.entry_of(view.request, f"table:{root}")
    return {"identity": entry.identity, **entry.facts}


class _Stripping:
    """What has to be taken off a table before it goes, and the facts that are left of it."""

    def __init__(self, table: Fact, view: View) -> None:
        self.table = table
        self._view = view
        self._stays_bound = plain_stays_bound(view)
        self._alters_storage = version(view) >= 150000
        above = [f"table:{name}" for name in ancestors(table.name, view.live)]
        self._refers_as_above = any(
            part.kind == "constraint" and part.attrs["type"] == "f"
            for name in above
            for part in view.live_parts.get(name, ())
        )
        self.statements: list[str] = to_leave(table, view)
        self.rewrites = False
        self.subtree = {fact.id: fact for fact in _subtree(table, view)}
        self.left: list[Fact] = []
        gone: set[str] = set()
        for fact in sorted(self.subtree.values(), key=lambda f: (_strip_order(f), f.id)):
            if fact.parent in gone or not self._keep(fact):
                gone.add(fact.id)
        gone |= {f.id for f in self.left if f.kind in _MARKS and not gone.isdisjoint(f.needs)}
        retyped = {i for i, f in self.subtree.items() if f.kind == "column" and self._outside(f)}
        self.left = [_as_rebuilt(f, retyped) for f in self.left if gone.isdisjoint((f.id, f.parent))]
        self.retyped = {last(f.name): self.subtree[f.id] for f in self.left if f.id in retyped}
        self.leaves_parents = f"partition:{table.name}" in self.subtree or "inherits" in table.attrs

    def _keep(self, fact: Fact) -> bool:
        """Whether the fact stays with the table, changed or not; the statements for what does not."""
        if fact.kind == "table":
            return self._keep_table(fact)
        if fact.kind == "column":
            return self._keep_column(fact)
        if fact.kind == "partition":
            self.statements.append(f"ALTER TABLE {fact.attrs['of']} DETACH PARTITION {fact.name}")
            self.statements += [without_keys(fact.name)] if self._refers_as_above else []
            return False
        if fact.kind not in _STRIPPED and not self._binds(fact):
            self.left.append(fact)
            return True
        self.statements += self._take_off(fact)
        return False

    def _binds(self, fact: Fact) -> bool:
        """Whether the fact stands on what may go; or on a column that becomes text, and would then read it in
        another way than before, even when it has its type again."""
        kind = fact.attrs.get("type", "c") if fact.kind == "constraint" else fact.kind
        reads = kind in ("c", "x", "index") and self._reads_foreign_type(fact)
        return kind == "f" or reads or self._outside(fact)

    def _take_off(self, fact: Fact) -> list[str]:
        alter = f"ALTER TABLE {self.table.name}"
        if fact.kind == "constraint":
            return [f"{alter} DROP CONSTRAINT IF EXISTS {last(fact.name)}"]
        if fact.kind == "default":
            return [f"{alter} ALTER COLUMN {last(fact.name)} DROP DEFAULT"]
        if fact.kind == "depends_on_extension":
            return [dependence(fact, self._view, "NO ")]
        if fact.kind in (*_STRIPPED, "index"):
            # Where taking down all at once would make a circle, it is already gone.
            return [
                f"DROP {word(fact.kind)} IF EXISTS {designation(fact).removeprefix(word(fact.kind) + ' ')}"
            ]
        return []

    def _keep_table(self, fact: Fact) -> bool:
        attrs = dict(fact.attrs)
        alter = f"ALTER TABLE {fact.name}"
        for parent in attrs.pop("inherits", ()):
            self.statements.append(f"{alter} NO INHERIT {parent}")
        if attrs.pop("of", None):
            self.statements.append(f"{alter} NOT OF")
        options = without_option(attrs.get("options", ()))
        if options != attrs.pop("options", []):
            self.statements.append(f"{alter} RESET ({OPTION})")
        attrs |= {"options": options} if options else {}
        if attrs.pop("row_security", None):
            self.statements.append(f"{alter} DISABLE ROW LEVEL SECURITY")
        if attrs.pop("force_row_security", None):
            self.statements.append(f"{alter} NO FORCE ROW LEVEL SECURITY")
        if self._alters_storage and attrs.pop("access_method", None):
            self.statements.append(f"{alter} SET ACCESS METHOD heap")
            self.rewrites = True
        self.left.append(Fact(fact.id, attrs, None, tuple(n for n in fact.needs if n.startswith("schema:"))))
        return True

    def _keep_column(self, fact: Fact) -> bool:
        """A type that may go becomes text; what is computed from it becomes plain, or goes if not stored."""
        attrs = {key: value for key, value in fact.attrs.items() if key != "inherited"}
        alter = f"ALTER TABLE {self.table.name}"
        column = f"{alter} ALTER COLUMN {last(fact.name)}"
        if "generated" in attrs and (self._outside(fact) or self._reads_foreign_type(fact)):
            if attrs["generated"]["kind"] != "s" or self._stays_bound:
                self.statements.append(f"{alter} DROP COLUMN {last(fact.name)}")
                return False
            del attrs["generated"]
            self.statements.append(f"{column} DROP EXPRESSION")
        if self._outside(fact):
            attrs = {k: v for k, v in attrs.items() if k not in _OF_TYPE} | {"type": "text"}
            self.rewrites = True
            value = written(last(fact.name), fact.attrs["type"])
            self.statements.append(f'{column} TYPE text COLLATE pg_catalog."default" USING {value}')
        inside = tuple(need for need in fact.needs if need in self.subtree)
        self.left.append(Fact(fact.id, attrs, fact.parent, inside))
        return True

    def _outside(self, fact: Fact) -> bool:
        """Whether the fact stands on anything but the table itself and its schema."""
        return any(need not in self.subtree and not need.startswith("schema:") for need in fact.needs)

    def _reads_foreign_type(self, fact: Fact) -> bool:
        return any(self._outside(self.subtree[need]) for need in fact.needs if need in self.subtree)


def _as_rebuilt(fact: Fact, retyped: set[str]) -> Fact:
    """An index on columns that get another type loses its statistics targets: PostgreSQL forgets them."""
    if fact.kind != "index" or retyped.isdisjoint(fact.needs):
        return fact
    return Fact(fact.id, {k: v for k, v in fact.attrs.items() if k != "statistics"}, fact.parent, fact.needs)


def _strip_order(fact: Fact) -> int:
    """The table first, then its being a partition, which keeps what it has of its parent; then what hangs on
    columns, computed columns before those they read, columns last."""
    if fact.kind in ("table", "partition"):
        return 0 if fact.kind == "table" else 1
    if fact.kind != "column":
        return 2
    return 3 if "generated" in fact.attrs else 4


def _subtree(fact: Fact, view: View) -> Iterator[Fact]:
    """The fact and all that goes with it; what another table takes over stays behind."""
    yield fact
    for part in view.live_parts.get(fact.id, ()):
        if not view.stays(part.id) and part.id not in view.apart.going:
            yield from _subtree(part, view)
