"""How SQL inserts, updates and deletes the rows of a snapshot."""

from __future__ import annotations

from snapstore.adapter import PlanRequest
from snapstore.model import Fact, SealedRef
from snapstore_postgres.options import constant
from snapstore_postgres.rows.chosen_rows.order import Side, Step


class Statements:
    """Writes the statements on rows of one plan."""

    def __init__(self, request: PlanRequest, target: Side) -> None:
        self._target = target
        self._facts = request.target

    def clear(self, table: str) -> str:
        return f"DELETE FROM {self._relation(table)}"

    def statement(self, step: Step) -> tuple[str, dict[str, SealedRef]]:
        if step.others:
            return self._together(step)
        if step.after is None:
            return f"DELETE FROM {self._relation(step.table)}{self._where(step)}", {}
        values, secrets = {}, {}
        for column in step.columns():
            values[column], found = _constant(step.after, column)
            secrets.update(found)
        if step.before is None:
            columns, constants = ", ".join(values), ", ".join(values.values())
            head = f"INSERT INTO {step.table} ({columns}) OVERRIDING SYSTEM VALUE VALUES"
            return f"{head} ({constants})", secrets
        assigned = ", ".join(f"{column} = {text}" for column, text in values.items())
        return f"UPDATE {self._relation(step.table)} SET {assigned}{self._where(step)}", secrets

    def _together(self, step: Step) -> tuple[str, dict[str, SealedRef]]:
        """All rows of a step go before the first comes again, within one statement: foreign keys look at what
        is there at its end."""
        secrets: dict[str, SealedRef] = {}
        come = [one.after for one in step.all() if one.after is not None]
        listed, columns = list[str](), sorted(come[0].attrs)
        for row in come:
            values = [_constant(row, column) for column in columns]
            kinds = (self._facts[f"column:{step.table}.{column}"].attrs["type"] for column in columns)
            typed = (f"{text}::{kind}" for (text, _), kind in zip(values, kinds, strict=True))
            listed.append(f"({', '.join(typed)})")
            secrets.update({name: ref for _, found in values for name, ref in found.items()})
        go = [self._where(one).removeprefix(" WHERE ") for one in step.all() if one.before is not None]
        which = " OR ".join(f"({where})" for where in go)
        return (
            f"WITH gone AS (DELETE FROM {self._relation(step.table)} WHERE {which} RETURNING true)"
            f" INSERT INTO {step.table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"
            f" SELECT * FROM (VALUES {', '.join(listed)}) snap_rows"
            " WHERE (SELECT pg_catalog.count(*) FROM gone) >= 0"
        ), secrets

    def _relation(self, table: str) -> str:
        """Not the tables that inherit from it; a partitioned table has no rows but theirs."""
        return table if "partition_key" in self._facts[f"table:{table}"].attrs else f"ONLY {table}"

    def _where(self, step: Step) -> str:
        conditions = [
            f"{self._comparable(step.table, column)} = {_constant(step.row, column)[0]}"
            for column in self._target.tables[step.table].attrs["key"]
        ]
        return " WHERE " + " AND ".join(conditions)

    def _comparable(self, table: str, column: str) -> str:
        """Types of users may have their operators where no search path looks; as text all have one."""
        kind = self._facts[f"column:{table}.{column}"].attrs["type"]
        return f"{column}::text" if "." in kind else column


def _constant(row: Fact, column: str) -> tuple[str, dict[str, SealedRef]]:
    value = row.attrs[column]
    return ("NULL", {}) if value is None else constant(row.id, column, value)
