"""What kind of server it is: its family, version and role, as INFO tells."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from snapstore.errors import SnapError
from snapstore.model import Json
from snapstore_redis.connection import Session


class Server(msgspec.Struct, frozen=True):
    """``version`` is the server's own; ``speaks`` is that of the Redis whose commands it has.

    ``user`` is who we are, ``time`` its clock in milliseconds, ``has_file`` whether it was started with a
    configuration file. The last two count keys that expire, and hashes with fields that do, by database; they
    are empty where it does not tell.
    """

    family: str
    version: tuple[int, ...]
    speaks: tuple[int, ...]
    role: str
    mode: str
    user: str
    time: int
    memory: int
    has_file: bool
    expiring: dict[int, int]
    expiring_fields: dict[int, int]

    @property
    def clustered(self) -> bool:
        return self.mode == "cluster"

    @property
    def has_functions(self) -> bool:
        return self.speaks >= (7,)

    @property
    def has_field_expiry(self) -> bool:
        """Redis has it from 7.4 on, Valkey from 9."""
        return self.version >= ((9,) if self.family == "valkey" else (7, 4))

    def hints(self) -> dict[str, Json]:
        return {
            "server": self.family,
            "version": list(self.version),
            "speaks": list(self.speaks),
            "role": self.role,
            "mode": self.mode,
            "user": self.user,
            "time": self.time,
            "memory": self.memory,
            "config_file": self.has_file,
        }


def server_of(session: Session) -> Server:
    """SnapError for what is no server of data."""
    info = parsed(session.call("INFO"))
    mode = info.get("redis_mode") or info.get("server_mode", "standalone")
    if mode == "sentinel":
        raise SnapError(
            "this is a Sentinel, which holds no data", where=session.resource, fix="use the url of its master"
        )
    family = info.get("server_name") or ("valkey" if "valkey_version" in info else "redis")
    speaks = _version(info.get("redis_version", "0"))
    seconds, micros = session.call("TIME")
    return Server(
        family=family,
        version=_version(info.get(f"{family}_version", "")) or speaks,
        speaks=speaks,
        role=info.get("role", "master"),
        mode=mode,
        user=_user(session),
        time=int(seconds) * 1000 + int(micros) // 1000,
        memory=int(info.get("used_memory", 0)),
        has_file=bool(info.get("config_file")),
        expiring=_counted(info, r"expires"),
        expiring_fields=_counted(info, r"subexpiry|keys_with_volatile_items"),
    )


def _user(session: Session) -> str:
    return str(session.ask([("ACL", "WHOAMI")])[0].decode("utf-8", "replace"))


def parsed(answer: bytes) -> dict[str, str]:
    """The answer to INFO, without what is empty."""
    lines = (line.partition(":") for line in answer.decode("utf-8", "replace").splitlines())
    return {name: value for name, _, value in lines if value}


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _counted(info: Mapping[str, str], name: str) -> dict[int, int]:
    """A number by database, for those that have any keys."""
    found = {}
    for key, value in info.items():
        counted = re.search(rf"(?:^|,)(?:{name})=(\d+)", value) if re.fullmatch(r"db\d+", key) else None
        if counted:
            found[int(key[2:])] = int(counted[1])
    return found
