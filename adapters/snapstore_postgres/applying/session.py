"""What all that runs actions works with."""

from __future__ import annotations

from typing import NamedTuple

from snapstore.adapter import ApplyContext
from snapstore_postgres.server.connection import Connection
from snapstore_postgres.settings import Settings


class Session(NamedTuple):
    """A connection, the settings of its resource, and what to report to while actions run on it."""

    connection: Connection
    settings: Settings
    context: ApplyContext

    def set(self, values: dict[str, str], *, local: bool) -> None:
        """Set parameters of the server, for the transaction alone or for all that follows."""
        calls = (
            f"pg_catalog.set_config('{name}', '{value}', {str(local).lower()})"
            for name, value in values.items()
        )
        self.connection.execute(f"SELECT {', '.join(calls)}".encode())


NEW_OBJECTS = {
    "check_function_bodies": "off",
    # A new object must not get what the settings of the server or the role would add to it.
    "default_table_access_method": "heap",
    "default_tablespace": "",
}
"""Parameters that everything runs with which makes objects."""


def milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
