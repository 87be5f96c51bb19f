"""What a ``[resources.NAME]`` table with ``adapter = "postgres"`` may say."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from snapstore.adapter import PlanRequest

_Number = Annotated[int, msgspec.Meta(ge=0)]
_Seconds = Annotated[float, msgspec.Meta(ge=0)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``url`` is a libpq connection string or URI; what it leaves out comes from libpq's own sources:
    ``PG*`` variables, the service file, the password file.

    ``profile`` names what a managed platform looks after itself (see the package ``profiles``), ``exclude``
    more of the kind: patterns of identities. ``exclude_schemas`` are neither captured nor touched.
    ``lock_timeout`` and ``retry_for`` are in seconds: a restore gives up a lock it cannot get within the
    first, and tries the whole transaction again until the second has passed. ``read_lock_timeout`` is how
    long a capture waits for an object that somebody else has locked exclusively, 0 for ever.

    ``roles`` and ``large_objects`` ask for what is left alone by default: what belongs to the whole cluster
    (roles, memberships, parameters, tablespaces), and large objects.

    ``data`` names tables, as ``schema.table``, whose rows are captured and restored too; ``data_sealed``
    names columns of them, as ``schema.table.column``, whose values are secrets. A table with more than
    ``data_limit`` rows is refused.

    ``check_timeout``: how long one look at the rows of a table may take that are in the way of a key or the
    like, before anything is changed; what it does not see to the end is told when the restore gets there.

    ``locking``: everything in one transaction (``atomic``), or what takes long in steps outside it that
    readers and writers do not notice (``online``); ``auto`` is online for tables of ``online_above`` bytes
    and more. Such a step waits ``wait_for_others`` seconds at most for transactions that began before it.
    ``max_replication_lag`` is in bytes of WAL: a standby that is further behind stops the restore between two
    steps, and cuts a step that runs; 0 is no bound.
    ``rehearse_on`` says where the scratch database of a rehearsal is made: on the same server, or on an
    embedded one, from the programs in the folder ``rehearse_programs`` or else those of the wheel.
    ``idle_timeout``: how long the server lets our transaction hold its locks when nothing comes from us.
    """

    url: str = ""
    profile: str = ""
    exclude: tuple[str, ...] = ()
    exclude_schemas: tuple[str, ...] = ()
    roles: bool = False
    large_objects: bool = False
    connect_timeout: _Number = 10
    lock_timeout: _Seconds = 3.0
    retry_for: _Seconds = 60.0
    read_lock_timeout: _Seconds = 30.0
    statement_timeout: _Seconds = 0.0
    check_timeout: _Seconds = 60.0
    data: tuple[str, ...] = ()
    data_sealed: tuple[str, ...] = ()
    data_limit: _Number = 100_000
    locking: Literal["auto", "online", "atomic"] = "auto"
    online_above: _Number = 64 * 1024 * 1024
    wait_for_others: _Seconds = 600.0
    idle_timeout: _Seconds = 60.0
    max_replication_lag: _Number = 0
    rehearse_on: Literal["server", "embedded"] = "server"
    rehearse_programs: str = ""


def locking(request: PlanRequest) -> str:
    """``online``, ``atomic`` or ``auto``: what was asked for, else what the settings say."""
    return str(request.options.locking or request.settings.locking)
