"""Fixtures: a fresh server of each kind, a project that captures it, and all there is, read our own way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.project import Project
from tests.project import project as configured
from tests.redis import servers

NEEDS_SEVEN = "needs Debian's redis-server 7"


def _skip(name: str) -> None:
    if servers.program(name) is None:
        pytest.skip(NEEDS_SEVEN if name == "redis-7.0" else f"needs {name}")


@pytest.fixture(params=servers.NAMES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[servers.Server]:
    """A fresh server of each kind."""
    _skip(request.param)
    with servers.running(request.param, tmp_path / "server") as started:
        yield started


@pytest.fixture
def newest(tmp_path: Path) -> Iterator[servers.Server]:
    """A fresh server of the kind that can the most."""
    _skip("redis-8.2")
    with servers.running("redis-8.2", tmp_path / "server") as started:
        yield started


def project(root: Path, url: str, settings: str = 'keys = ["*"]', more: str = "") -> Project:
    text = f'[resources.cache]\nadapter = "redis"\nurl = "{url}"\n{settings}\n{more}'
    return configured(root, text)


# What there is


def everything(server: servers.Server, databases: tuple[int, ...] = (0,), **options: Any) -> dict[str, Any]:
    """All that can be seen of a server and be brought back, in a form that equal states share."""
    client = server.client(**options)
    found: dict[str, Any] = {
        "config": {k: v for k, v in client.config_get("*").items() if k not in ("slaveof", "replicaof")},
        "users": sorted(_user(line) for line in client.execute_command("ACL", "LIST")),
    }
    if server.has_functions:
        found["functions"] = sorted(
            library[7] for library in client.execute_command("FUNCTION", "LIST", "WITHCODE")
        )
    for database in databases:
        found[f"db{database}"] = keys(server, database, **options)
    return found


def _user(line: bytes) -> bytes:
    words = line.split(b" ")
    hashes = sorted(word for word in words if word.startswith(b"#"))
    rest = [word for word in words if not word.startswith(b"#") and word != b"sanitize-payload"]
    return b" ".join([*rest[:3], *hashes, *rest[3:]])


def keys(server: servers.Server, database: int = 0, **options: Any) -> dict[bytes, Any]:
    client = server.client(database, **options)
    return {key: _key(server, client, key) for key in sorted(client.keys())}


def _key(server: servers.Server, client: Any, key: bytes) -> Mapping[str, Any]:
    kind = client.type(key)
    found = {"type": kind, "value": _VALUES.get(kind, lambda c, k: c.dump(k))(client, key)}
    if server.speaks >= (7,):
        found["expires"] = client.execute_command("PEXPIRETIME", key)
    elif (left := client.pttl(key)) >= 0:
        seconds, micros = client.time()
        found["expires"] = round((seconds * 1000 + micros / 1000 + left) / 1000)
    if server.has_field_expiry and kind == b"hash":
        fields = sorted(client.hkeys(key))
        times = client.execute_command("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)
        found["fields"] = dict(zip(fields, times, strict=True))
    return found


def _stream(client: Any, key: bytes) -> Any:
    """Without what no command can set: when a consumer was seen last."""
    return _without_times(client.execute_command("XINFO", "STREAM", key, "FULL", "COUNT", 0))


_LEFT_OUT = (b"seen-time", b"active-time", b"radix-tree-keys", b"radix-tree-nodes")


def _without_times(found: Any) -> Any:
    if not isinstance(found, list):
        return found
    if found and len(found) % 2 == 0 and found[0] in (b"name", b"length"):
        pairs = zip(found[::2], found[1::2], strict=True)
        return {name: _without_times(value) for name, value in pairs if name not in _LEFT_OUT}
    return [_without_times(item) for item in found]


def _vectors(client: Any, key: bytes) -> Any:
    """Without the numbers that the server gives its elements, and in which order it has them."""
    told = client.execute_command("VINFO", key)
    found = dict(zip(told[::2], told[1::2], strict=True))
    names = sorted(client.execute_command("VRANDMEMBER", key, found[b"size"]))
    elements = {
        name: (
            client.execute_command("VEMB", key, name, "RAW"),
            client.execute_command("VGETATTR", key, name) or None,  # no text, to a server that loads it
            [sorted(layer) for layer in client.execute_command("VLINKS", key, name)],
        )
        for name in names
    }
    return [found[name] for name in (b"quant-type", b"hnsw-m", b"projection-input-dim")], elements


_VALUES: Mapping[bytes, Any] = {
    b"string": lambda client, key: client.get(key),
    b"list": lambda client, key: client.lrange(key, 0, -1),
    b"hash": lambda client, key: client.hgetall(key),
    b"set": lambda client, key: client.smembers(key),
    b"zset": lambda client, key: client.zrange(key, 0, -1, withscores=True),
    b"stream": _stream,
    b"vectorset": _vectors,
}
