"""The law on random servers: restore, read it all, undo, read it all. ``SNAPSTORE_REDIS_ROUNDS`` rounds."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from tests.project import Project, goes_and_comes, in_rounds
from tests.redis import servers
from tests.redis.conftest import everything, project

ROUNDS = int(os.environ.get("SNAPSTORE_REDIS_ROUNDS", "12"))
SHRINK = "SNAPSTORE_REDIS_SHRINK" in os.environ  # takes minutes
ADMIN = ("admin", "admin-password")
LATER = int(time.time() * 1000) + 10**9
DATABASES = (0, 3)
Words = tuple[Any, ...]

KEYS = st.sampled_from(
    [b"a", b"b", b"flags:new", b"", b"db3/x", b"\xff\x00\n\\", "schlüssel".encode(), b"$text"]
)
RAW = st.one_of(
    st.sampled_from(
        [b"", b"1", b"text", b"two\nlines\n", b"\xff\xfe\x00", b"$sealed", "ümläut".encode(), b"\\x41"]
    ),
    st.binary(max_size=12),
)
FIELDS = st.sampled_from([b"f", b"g", b"$text", b"\xfe", b"", b"h\\x"])
SCORES = st.sampled_from(
    ["0", "-0", "1", "0.1", "1e300", "inf", "-inf", "1.7976931348623157e308", "3.3333333333333335"]
)
GROUPS, CONSUMERS = st.sampled_from([b"g1", b"g\xff"]), st.sampled_from([b"c1", b"c\x00", b"c3"])
IDS = st.builds("{}-{}".format, st.integers(0, 3), st.integers(1, 5))
TIMES = st.integers(LATER, LATER + 10**6)


def words(*parts: Any) -> st.SearchStrategy[Words]:
    """A command: words as they are, and strategies for the others."""
    return st.tuples(*(part if isinstance(part, st.SearchStrategy) else st.just(part) for part in parts))


KEYED = [
    words("SET", KEYS, RAW),
    words("SET", KEYS, RAW, "PXAT", TIMES),
    words("APPEND", KEYS, RAW),
    words("SETBIT", KEYS, st.integers(0, 50), 1),
    words("PFADD", KEYS, RAW),
    words("DEL", KEYS),
    words("RENAME", KEYS, KEYS),
    words("PEXPIREAT", KEYS, TIMES),
    words("PERSIST", KEYS),
    words("HSET", KEYS, FIELDS, RAW, FIELDS, RAW),
    words("HDEL", KEYS, FIELDS),
    words("RPUSH", KEYS, RAW, RAW),
    words("LPUSH", KEYS, RAW),
    words("LTRIM", KEYS, 1, 3),
    words("SADD", KEYS, RAW, RAW),
    words("SREM", KEYS, RAW),
    words("ZADD", KEYS, SCORES, FIELDS, SCORES, RAW),
    words("ZREM", KEYS, FIELDS),
]
STREAMS = [
    words("XADD", KEYS, IDS, FIELDS, RAW),
    words("XADD", KEYS, "*", FIELDS, RAW, FIELDS, RAW),
    words("XDEL", KEYS, IDS),
    words("XTRIM", KEYS, "MAXLEN", st.integers(0, 2)),
    words("XGROUP", "CREATE", KEYS, GROUPS, st.one_of(IDS, st.just("$")), "MKSTREAM"),
    words("XGROUP", "SETID", KEYS, GROUPS, IDS),
    words("XGROUP", "DESTROY", KEYS, GROUPS),
    words("XGROUP", "CREATECONSUMER", KEYS, GROUPS, CONSUMERS),
    words("XGROUP", "DELCONSUMER", KEYS, GROUPS, CONSUMERS),
    words("XREADGROUP", "GROUP", GROUPS, CONSUMERS, "COUNT", 2, "STREAMS", KEYS, ">"),
    words("XACK", KEYS, GROUPS, IDS),
    words("XCLAIM", KEYS, GROUPS, CONSUMERS, 0, IDS, "RETRYCOUNT", st.integers(1, 9)),
    words("XSETID", KEYS, "9-9"),
]
NEWER = [
    words("HPEXPIREAT", KEYS, TIMES, "FIELDS", 1, FIELDS),
    words("XADD", KEYS, "5-*", FIELDS, RAW),
    words("XGROUP", "CREATE", KEYS, GROUPS, "0", "MKSTREAM", "ENTRIESREAD", st.integers(0, 3)),
    *(words("VADD", KEYS, "VALUES", 2, SCORES, "2", FIELDS, *more) for more in ((), ("NOQUANT",), ("BIN",))),
    words("VADD", KEYS, "VALUES", 2, "1", st.integers(-3, 3), RAW, "SETATTR", RAW),
    words("VSETATTR", KEYS, FIELDS, RAW),
    words("VREM", KEYS, FIELDS),
]
PARAMETERS = {
    "maxmemory": ["0", "1gb", "2000000000"],
    "maxmemory-policy": ["noeviction", "allkeys-lru", "volatile-ttl"],
    "save": ["", "3600 1 300 100"],
    "client-output-buffer-limit": ["normal 0 0 0", "pubsub 1mb 1mb 10 replica 0 0 0"],
    "notify-keyspace-events": ["", "KEA", "Elg"],
    "requirepass": ["", "first-password", "second password"],
    "masterauth": ["", "masters-password"],
    "masteruser": ["", "replicator"],
    "slowlog-log-slower-than": ["10000", "-1"],
    "hash-max-ziplist-entries": ["128", "7"],
    "slave-priority": ["100", "5"],
    "lua-time-limit": ["5000", "100"],
    "timeout": ["0", "1000"],
    "appendfsync": ["always", "no"],
    "loglevel": ["notice", "verbose"],
    "lazyfree-lazy-expire": ["yes", "no"],
    "proc-title-template": ["{title}", "{title} {listen-addr} \u00fc"],
    "tls-key-file-pass": ["", "file password"],
    "acl-pubsub-default": ["allchannels", "resetchannels"],
    "latency-tracking-info-percentiles": ["50 99", "99.9"],
}
CONFIGS = [words("CONFIG", "SET", name, st.sampled_from(values)) for name, values in PARAMETERS.items()]
USERS = st.sampled_from([b"default", b"app", b"worker", b"\xc3\xbcser"])
RULES = st.sampled_from(
    [
        *(
            "on",
            "off",
            "nopass",
            "resetpass",
            ">pw-one",
            ">pw-two",
            "<pw-one",
            "reset",
            "resetkeys",
            "allkeys",
        ),
        *("~app:*", "~b\\*c", "resetchannels", "&news:*", "allchannels", "+@all", "-@all", "+get", "-get"),
        *("+@read", "-@dangerous", "+client|id", "-config|set", "skip-sanitize-payload", "sanitize-payload"),
        *("%R~ro:*", "%W~wo:*", "(+get ~k:*)", "(~x* %R~y* +@write -del &c*)", "clearselectors"),
    ]
)
ACLS = [
    *(words("ACL", "SETUSER", USERS, *[RULES] * number) for number in (1, 3, 6)),
    words("ACL", "DELUSER", USERS),
]


def library(name: str, functions: tuple[str, ...], answer: int) -> str:
    lines = [f"redis.register_function('{f}', function(k, a) return {answer} end)" for f in functions]
    return "\n".join([f"#!lua name={name}", *lines, ""])


FUNCTIONS = [
    words(
        *("FUNCTION", "LOAD", "REPLACE"),
        st.builds(
            library,
            st.sampled_from(["one", "two"]),
            st.sampled_from([("f",), ("g",), ("f", "g"), ("h",)]),
            st.integers(1, 2),
        ),
    ),
    words("FUNCTION", "DELETE", st.sampled_from(["one", "two"])),
]
COMMANDS = st.one_of(
    st.tuples(st.sampled_from(DATABASES), st.one_of(*KEYED, *STREAMS, *NEWER)),
    st.tuples(st.just(0), st.one_of(*STREAMS)),
    st.tuples(st.just(0), st.one_of(*CONFIGS)),
    st.tuples(st.just(0), st.one_of(*ACLS, *FUNCTIONS)),
)
STATES = st.lists(COMMANDS, min_size=5, max_size=60)


def run(server: servers.Server, commands: list[tuple[int, Words]]) -> None:
    """Do it all as far as it goes: a command that does not fit is no command."""
    clients = {database: admin(server, database) for database in DATABASES}
    for database, command in commands:
        try:
            clients[database].execute_command(*command)
        except redis.ResponseError:
            continue


def admin(server: servers.Server, database: int = 0) -> redis.Redis:
    return server.client(database, username=ADMIN[0], password=ADMIN[1])


def reset(server: servers.Server, original: dict[str, str]) -> None:
    client = admin(server)
    client.flushall()
    for name, value in client.config_get("*").items():
        if value != original[name]:
            client.config_set(name, original[name])
    client.execute_command("ACL", "SETUSER", "default", "reset", "on", "nopass", "~*", "&*", "+@all")
    for user in set(client.acl_users()) - {"default", ADMIN[0]}:
        client.acl_deluser(user)
    if server.has_functions:
        client.execute_command("FUNCTION", "FLUSH")


@pytest.fixture
def place(server: servers.Server, tmp_path: Path) -> Project:
    server.client().acl_setuser(
        ADMIN[0], enabled=True, passwords=[f"+{ADMIN[1]}"], keys="*", channels="*", commands=["+@all"]
    )
    return project(
        tmp_path / "project",
        server.url(0, *ADMIN),
        f'keys = ["*"]\ndatabases = {list(DATABASES)}\nsealed = ["flags:*"]',
    )


def seen(server: servers.Server) -> dict[str, Any]:
    return everything(server, DATABASES, username=ADMIN[0], password=ADMIN[1])


def test_whatever_was_changed_is_restored_and_undone_exactly(server: servers.Server, place: Project):
    original = admin(server).config_get("*")

    @in_rounds(ROUNDS, 12, shrink=SHRINK)
    @given(STATES, STATES)
    def there_and_back(state: list[tuple[int, Words]], mutation: list[tuple[int, Words]]) -> None:
        reset(server, original)
        run(server, state)
        goes_and_comes(place, lambda: seen(server), lambda: run(server, mutation))

    there_and_back()
