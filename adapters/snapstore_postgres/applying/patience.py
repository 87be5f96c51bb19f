"""How long a transaction waits for locks."""

from __future__ import annotations

import time

from snapstore.model import Action
from snapstore_postgres.applying.session import milliseconds
from snapstore_postgres.rows.looks.looking import READERS
from snapstore_postgres.server.connection import Connection


class Patience:
    """What is left of ``lock_timeout`` for a whole transaction: whoever waits for its first lock waits for
    all the others with it."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        self.connection = connection
        self.seconds = seconds
        self.since: float | None = None
        self.told: float | None = None

    def before(self, action: Action) -> None:
        if self.since is not None or action.lock not in (None, READERS):
            self.before_lock()

    def before_lock(self) -> None:
        """Tell the server, unless it knows well enough. Never less than a tenth: a chance."""
        now = time.monotonic()
        self.since = self.since or now
        left = max(self.seconds - (now - self.since), self.seconds / 10)
        if self.told is None or self.told - left > self.seconds / 20:
            self.connection.execute(f"SET LOCAL lock_timeout = {milliseconds(left)}".encode())
            self.told = left
