"""What a ``[resources.NAME]`` table with ``adapter = "postgres"`` may say."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``url`` is a libpq connection string or URI; what it leaves out comes from libpq's own sources:
    ``PG*`` variables, the service file, the password file.

    ``exclude_schemas`` are neither captured nor touched. ``lock_timeout`` and ``retry_for`` are in seconds:
    a restore gives up a lock it cannot get within the first, and tries the whole transaction again until the
    second has passed. ``read_lock_timeout`` is how long a capture waits for an object that somebody else has
    locked exclusively, 0 for ever.

    ``roles`` and ``large_objects`` ask for what is left alone by default: what belongs to the whole cluster
    (roles, memberships, parameters, tablespaces), and large objects.

    ``data`` names tables, as ``schema.table``, whose rows are captured and restored too; ``data_sealed``
    names columns of them, as ``schema.table.column``, whose values are secrets. A table with more than
    ``data_limit`` rows is refused.
    """

    url: str = ""
    exclude_schemas: tuple[str, ...] = ()
    roles: bool = False
    large_objects: bool = False
    connect_timeout: int = 10
    lock_timeout: float = 3.0
    retry_for: float = 60.0
    read_lock_timeout: float = 30.0
    statement_timeout: float = 0.0
    data: tuple[str, ...] = ()
    data_sealed: tuple[str, ...] = ()
    data_limit: int = 100_000
