"""The live database as facts, from one transaction that changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import psycopg

from snapstore.adapter import Context
from snapstore.model import UNMODELLED, Captured, Document, Fact, Json, Notice
from snapstore_postgres import catalog
from snapstore_postgres.connection import Connection, connect, failed_statement
from snapstore_postgres.names import document_path
from snapstore_postgres.options import sealed_options
from snapstore_postgres.settings import Settings

SUBSCRIPTIONS = "facts/subscription"
Address = tuple[int, int, int]
Row = tuple[Any, ...]


def capture(settings: Settings, context: Context) -> Captured:
    """All facts of one database, read in one REPEATABLE READ, READ ONLY transaction.

    The number of queries does not depend on the number of objects. SnapError when the server cannot be
    reached or the role may not read what is needed.
    """
    with connect(settings, context.resource) as connection:
        try:
            return read(connection, settings, context)
        except psycopg.Error as error:
            if connection.broken:
                raise
            raise failed_statement(error, context.resource, "cannot read the catalogs") from error


def read(connection: Connection, settings: Settings, context: Context) -> Captured:
    """As :func:`capture`, on a connection that is open; inside its transaction if it is in one."""
    with connection.transaction():
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        catalogs = _Catalogs(connection, settings, context)
        facts = catalogs.facts()
        return Captured(
            documents=documents(facts),
            notices=[
                Notice(fact.name, "is not modelled: it is neither compared nor restored")
                for fact in facts
                if fact.kind == UNMODELLED
            ],
            hints=catalogs.hints(),
        )


def documents(facts: Iterable[Fact]) -> list[Document]:
    """Facts grouped into documents: each with what it is, at the end of the chain of parents, part of."""
    by_id = {fact.id: fact for fact in facts}
    grouped: dict[str, list[Fact]] = defaultdict(list)
    for fact in by_id.values():
        root = fact
        while root.parent and root.parent in by_id:
            root = by_id[root.parent]
        grouped[document_path(root.id)].append(fact)
    return [
        Document(path, tuple(sorted(found, key=lambda f: f.id))) for path, found in sorted(grouped.items())
    ]


class _Catalogs:
    """The rows of one capture, and the addresses by which they refer to each other."""

    def __init__(self, connection: Connection, settings: Settings, context: Context) -> None:
        self.connection = connection
        self.context = context
        self.version = connection.info.server_version
        self.namespaces: str | list[str] = list(settings.exclude_schemas)
        self.namespaces = "{" + ",".join(str(oid) for (oid,) in self._rows("namespaces")) + "}"
        self.found: dict[str, Fact] = {}
        self.addresses: dict[Address, str] = {}
        self.aliases: dict[tuple[int, int], tuple[int, int]] = {}

    def _rows(self, name: str) -> list[Row]:
        return self._execute(name).fetchall()

    def _table(self, name: str) -> tuple[list[str], list[Row]]:
        """The names of the attributes that a query for facts gives, and its rows."""
        cursor = self._execute(name)
        return [column.name for column in (cursor.description or [])[5:]], cursor.fetchall()

    def _execute(self, name: str) -> psycopg.Cursor[Row]:
        sql = catalog.sql(name, self.version)
        return self.connection.execute(sql, [self.namespaces] if "$1" in sql else [])

    def facts(self) -> list[Fact]:
        for name in catalog.facts(self.version):
            if name != SUBSCRIPTIONS or self._rows("may_read_connections")[0][0]:
                self._add(name)
        self.aliases = {(a, b): (c, d) for a, b, c, d in self._rows("aliases")}
        for class_, oid, relation_class, relation, column in self._rows("generated"):
            identity = self.addresses.get((relation_class, relation, column))
            if identity:
                self.addresses[class_, oid, 0] = identity
        self._comments()
        self._privileges()
        for (name,) in self._rows("unmodelled"):
            self.found[f"{UNMODELLED}:{name}"] = Fact(f"{UNMODELLED}:{name}")
        needs = self._needs()
        return [
            msgspec.structs.replace(fact, needs=tuple(sorted(needs[fact.id]))) if fact.id in needs else fact
            for fact in self.found.values()
        ]

    def _sealed(self, identity: str, attrs: dict[str, Json]) -> dict[str, Json]:
        """The attributes with what is secret in options of foreign objects sealed."""
        kind = identity.partition(":")[0]
        if kind in ("fdw", "server", "user_mapping") and "options" in attrs:
            options = sealed_options(identity, attrs["options"], kind == "user_mapping", self.context)
            return {**attrs, "options": options}
        if kind == "subscription":
            connection = self.context.seal(f"{identity}:connection", attrs["connection"].encode())
            return {**attrs, "connection": connection}
        if "foreign" in attrs and "options" in attrs["foreign"]:
            options = sealed_options(identity, attrs["foreign"]["options"], False, self.context)
            return {**attrs, "foreign": {**attrs["foreign"], "options": options}}
        return attrs

    def _add(self, name: str) -> None:
        names, rows = self._table(name)
        for class_, oid, sub, identity, parent, *values in rows:
            attrs = {name: value for name, value in zip(names, values, strict=True) if value is not None}
            self.found[identity] = Fact(identity, self._sealed(identity, attrs), parent)
            if oid:
                self.addresses[class_, oid, sub] = identity

    def _resolve(self, class_: int, oid: int, sub: int) -> str | None:
        """The identity at an address; a part that is no fact (a view's column) stands for its whole."""
        for _ in range(4):
            identity = self.addresses.get((class_, oid, sub)) or self.addresses.get((class_, oid, 0))
            if identity or (class_, oid) not in self.aliases:
                return identity
            class_, oid = self.aliases[class_, oid]
        return None

    def _part(self, class_: int, oid: int, sub: int, column: str | None) -> tuple[str, str] | None:
        """The identity at an address, and of the fact it belongs to.

        A column of a view is no fact of its own, nor is the index of a constraint; what is said of them
        (a comment, a grant) belongs to the view or the constraint.
        """
        exact = self.addresses.get((class_, oid, sub))
        if exact:
            return exact, exact
        whole = self._resolve(class_, oid, 0)
        if whole is None or whole.startswith("extension:"):
            return None  # the extension brings it along
        name = whole.partition(":")[2]
        return (f"column:{name}.{column}" if column else f"index:{name}"), whole

    def _comments(self) -> None:
        for class_, oid, sub, column, text in self._rows("comments"):
            part = self._part(class_, oid, sub, column)
            if part is not None:
                fact = Fact(f"comment:{part[0]}", {"text": text}, part[1])
                self.found[fact.id] = fact

    def _privileges(self) -> None:
        for class_, oid, sub, column, grantee, grantor, given, built_in in self._rows("privileges"):
            part = self._part(class_, oid, sub, column)
            if part is None:
                continue
            attrs: dict[str, Json] = {"grantee": grantee, "privileges": given or []}
            attrs |= {"default": built_in} if built_in else {}
            attrs |= {"grantor": grantor} if grantor else {}
            identity = f"grant:{part[0]}:{grantee}" + (f":{grantor}" if grantor else "")
            self.found[identity] = Fact(identity, attrs, part[1])

    def _through_shells(self, needs: dict[str, set[str]]) -> None:
        """What a base type is made of is declared with its name only, or each would need the other first."""
        for fact in self.found.values():
            if fact.kind == "base_type" and fact.parent:
                for made_of in needs.get(fact.id, ()):
                    if fact.id in needs.get(made_of, ()):
                        needs[made_of].remove(fact.id)
                        needs[made_of].add(fact.parent)

    def _needs(self) -> dict[str, set[str]]:
        needs: dict[str, set[str]] = defaultdict(set)
        for class_, oid, sub, ref_class, ref_oid, ref_sub in self._rows("dependencies"):
            identity, ref = self._resolve(class_, oid, sub), self._resolve(ref_class, ref_oid, ref_sub)
            if identity and ref and identity != ref and self.found[identity].parent != ref:
                needs[identity].add(ref)
        for identity, ref in self._derived_needs():
            if ref in self.found and identity != ref:
                needs[identity].add(ref)
        for identity in needs:
            self._without_partition_parents(identity, needs[identity])
        self._through_shells(needs)
        return needs

    def _without_partition_parents(self, identity: str, needs: set[str]) -> None:
        """A partition stands on its parent by its attachment, which is a fact of its own."""
        if identity.startswith("table:"):
            attachment = self.found.get("partition:" + identity[6:])
            if attachment:
                needs.discard("table:" + attachment.attrs["of"])

    def _derived_needs(self) -> Iterator[tuple[str, str]]:
        """What the catalogs know but do not keep in ``pg_depend``."""
        for fact in self.found.values():
            if fact.kind == "partition":
                yield fact.id, "table:" + fact.attrs["of"]
            elif fact.kind == "index_partition":
                yield fact.id, fact.attrs["parent"]
                child = fact.parent or ""
                yield child, fact.attrs["parent"]
                table = self.found[child].parent if child in self.found else None
                if table:
                    yield fact.id, "partition:" + table.partition(":")[2]
                    yield "partition:" + table.partition(":")[2], child
            elif fact.kind in ("cluster", "replica_identity"):
                yield fact.id, fact.attrs["identity"]
            elif fact.kind == "grant" and "grantor" in fact.attrs:
                yield from ((fact.id, other) for other in self._grant_options_of(fact))
            elif fact.kind in ("column", "constraint") and fact.parent:
                attachment = "partition:" + fact.parent.partition(":")[2]
                if attachment in self.found and (fact.kind == "column" or fact.attrs.get("inherited")):
                    yield attachment, fact.id

    def _grant_options_of(self, fact: Fact) -> Iterator[str]:
        """The grants by which the grantor may grant any of this."""
        grantee, grantor = fact.attrs["grantee"], fact.attrs["grantor"]
        begin = f"{fact.id.removesuffix(f':{grantee}:{grantor}')}:{grantor}"
        options = {f"{privilege.rstrip('*')}*" for privilege in fact.attrs["privileges"]}
        for identity, other in self.found.items():
            if identity == begin or identity.startswith(begin + ":"):
                yield from [identity] if options & set(other.attrs["privileges"]) else []

    def hints(self) -> dict[str, Json]:
        relations = {
            identity: {"rows": rows, "bytes": size, "columns": columns}
            for identity, rows, size, columns in self._rows("relations")
        }
        who, version, has_archive = self._rows("server")[0]
        return {
            "relations": relations,
            "server_version": version,
            "version": self.version,
            "role": who,
            "archive": self._archive() if has_archive else {"exists": False, "next": 1, "entries": []},
        }

    def _archive(self) -> dict[str, Json]:
        """What the archive of this database holds, and the number that the next place in it gets."""
        found = [
            {"place": place, "identity": identity, "kind": kind, "facts": facts, "back": back}
            for place, identity, kind, facts, back in self._rows("archive")
        ]
        waiting = [{k: v for k, v in entry.items() if k != "back"} for entry in found if not entry["back"]]
        return {"exists": True, "next": len(found) + 1, "entries": waiting}
