"""The PostgreSQL adapter: a database's schema as facts, and the statements that bring it back.

What it promises: everything is read from the catalogs, the server itself prints every definition, nothing is
parsed; what is seen but not modelled is named. See docs/adapters/postgres.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from snapstore.adapter import Adapter, ApplyContext, Context, PlanRequest, Stage, Suggestion
from snapstore.model import Action, Archived, Captured, Fact, Json, Notice, ResourceChanges
from snapstore_postgres.settings import Settings


def _capture(settings: Settings, context: Context) -> Captured:
    from snapstore_postgres.capture import capture

    return capture(settings, context)


def _plan(request: PlanRequest) -> list[Action]:
    from snapstore_postgres.planning import plan

    return plan(request)


def _ask(request: PlanRequest) -> Mapping[str, Json]:
    from snapstore_postgres.asking import ask

    return ask(request)


def _apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    from snapstore_postgres.apply import apply

    apply(settings, actions, context)


def _lock(settings: Settings, context: Context) -> AbstractContextManager[None]:
    from snapstore_postgres.server.locking import lock

    return lock(settings, context)


def _beyond(
    changes: ResourceChanges, live: Mapping[str, Json], target: Mapping[str, Json]
) -> Collection[str]:
    from snapstore_postgres import versions
    from snapstore_postgres.rows.chosen_rows.changes import beyond

    return beyond(changes) | versions.retold(changes, live, target)


def _retold(
    changes: ResourceChanges, before: Mapping[str, Json], after: Mapping[str, Json]
) -> Collection[str]:
    from snapstore_postgres import versions

    return versions.retold(changes, before, after)


def _inside(fact: Fact) -> Collection[str]:
    from snapstore_postgres.renaming.inside import inside_names

    return inside_names(fact)


def _rehearse(
    settings: Settings, context: Context, folder: Path, actions: Sequence[Action]
) -> AbstractContextManager[Stage]:
    from snapstore_postgres.rehearsal import rehearse

    return rehearse(settings, context, folder, actions)


def _clear(settings: Settings, context: Context, folder: Path) -> None:
    from snapstore_postgres.rehearsal import clear

    clear(settings, context, folder)


def _archived(settings: Settings, context: Context) -> list[Archived]:
    from snapstore_postgres.rows.archived.pruning import archived

    return archived(settings, context)


def _prune(settings: Settings, context: Context, places: Sequence[str]) -> None:
    from snapstore_postgres.rows.archived.pruning import prune

    prune(settings, context, places)


def _check(settings: Settings, context: Context) -> list[Notice]:
    from snapstore_postgres.doctor import check

    return check(settings, context)


def _clock(settings: Settings, context: Context) -> float:
    from snapstore_postgres.doctor import clock

    return clock(settings, context)


def _discover(root: Path, env: Mapping[str, str]) -> list[Suggestion]:
    from snapstore_postgres.server.address import is_postgres

    if "DATABASE_URL" in env and is_postgres(env["DATABASE_URL"]):
        found = Suggestion("db", {"url": "${DATABASE_URL}"}, "from DATABASE_URL", group="database")
    elif "PGDATABASE" in env or "PGHOST" in env or "PGSERVICE" in env:
        found = Suggestion("db", {}, "from the PG* variables", group="database")
    else:
        return []
    return [found]


_RENAMED = (
    "table", "view", "matview", "sequence", "column", "index", "constraint", "trigger", "policy", "rule",
    "schema", "enum", "label", "composite", "attribute", "domain", "range", "base_type",
    "function", "procedure", "aggregate", "operator", "operator_class", "operator_family", "collation",
    "conversion", "statistics", "ts_configuration", "ts_dictionary", "ts_parser", "ts_template",
    "publication", "subscription", "server", "fdw", "event_trigger", "language", "role", "tablespace",
)  # fmt: skip
"""As in ``renaming.KINDS``, which takes too long to import for every command."""

adapter = Adapter(
    name="postgres",
    format=1,
    summary="a PostgreSQL database: schema objects, indexes, views, privileges",
    settings=Settings,
    capture=_capture,
    plan=_plan,
    ask=_ask,
    apply=_apply,
    beyond=_beyond,
    retold=_retold,
    renames=_RENAMED,
    inside=_inside,
    lock=_lock,
    rehearse=_rehearse,
    clear=_clear,
    archived=_archived,
    prune=_prune,
    clock=_clock,
    check=_check,
    discover=_discover,
)
