"""What a ``[resources.NAME]`` table with ``adapter = "redis"`` may say."""

from __future__ import annotations

from typing import Literal

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``url`` is ``redis://``, ``rediss://`` (TLS) or ``unix://``, with the database at its end.

    ``config``, ``users`` and ``functions`` say what of the server itself is captured and restored;
    ``exclude`` are patterns of identities to leave alone (``config:maxmemory*``).

    ``keys`` are patterns of keys to capture and restore, as Redis matches them; ``sealed`` patterns of those
    among them whose values are secrets. They are of ``databases``, which is that of the url if empty. More
    than ``max_keys`` are refused.

    ``persist`` writes what was restored into the server's configuration file and ACL file.

    ``purge`` are patterns of keys that are deleted after every restore, whatever it was of; ``expect`` what
    is then waited for, ``expect_within`` seconds at most: a ``warm`` cache answers ``hit_rate`` of its reads,
    one that is ``bypassed`` is not read at all for ``quiet_for`` seconds.

    ``timeout`` is how long the server may take to answer, ``connect_timeout`` how long to let us in.
    """

    url: str = "redis://localhost:6379/0"
    config: bool = True
    users: bool = True
    functions: bool = True
    exclude: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    databases: tuple[int, ...] = ()
    max_keys: int = 100_000
    persist: bool = False
    purge: tuple[str, ...] = ()
    expect: Literal["", "warm", "bypassed"] = ""
    expect_within: float = 60.0
    hit_rate: float = 0.5
    quiet_for: float = 5.0
    timeout: float = 30.0
    connect_timeout: float = 10.0

    def __post_init__(self) -> None:
        if any(number < 0 for number in self.databases):
            raise ValueError("databases have numbers from 0 on")
        if self.max_keys < 0:
            raise ValueError("max_keys is a number of keys")
        if self.timeout <= 0 or self.connect_timeout <= 0:
            raise ValueError("timeout and connect_timeout are numbers of seconds")
        if not 0 < self.hit_rate <= 1:
            raise ValueError("hit_rate is a share, above 0 and up to 1")
