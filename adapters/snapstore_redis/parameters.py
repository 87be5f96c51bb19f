"""The server's configuration: what there is, under one name each, and what can be done about it.

Servers list old names beside new ones (``slave-priority``, ``replica-priority``): the new one counts, also
where a server knows but the old one, so that a snapshot can go from one version to another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from snapstore.model import Fact, Json
from snapstore_redis.names import name_of, value_of

PARAMETER = "config"

_NEWER = {
    "lua-time-limit": "busy-reply-threshold",
    "primaryauth": "masterauth",
    "primaryuser": "masteruser",
    "commandlog-execution-slower-than": "slowlog-log-slower-than",
    "commandlog-slow-execution-max-len": "slowlog-max-len",
}
_OLD_WORDS = re.compile(r"(?<![a-z])slave(s?)(?![a-z])|(?<![a-z])ziplist(?![a-z])|_cpulist$")
_SIX = {"busy-reply-threshold": "lua-time-limit"}

_VOLATILE = frozenset({"slaveof", "replicaof"})
"""Whom it follows is a state of the moment, moved by failovers, and no parameter that can be set."""

_SECRET = re.compile(r"(?:^|-)(?:pass|passphrase|requirepass|masterauth|password|secret|token|hash-seed)$")

_IMMUTABLE_NAMES = """
    aclfile always-show-logo aof-rewrite-cpulist appenddirname appendfilename bgsave-cpulist bio-cpulist
    cluster-config-file cluster-databases cluster-enabled cluster-port daemonize databases dbfilename
    dir disable-thp enable-debug-command enable-module-command enable-protected-configs hash-seed io-
    threads io- threads-do-reads logfile mptcp pidfile rdbchecksum rdma-bind rdma-completion-vector
    rdma-port rdma-rx- size repl-mptcp server-cpulist set-proc-title socket-mark-id supervised syslog-
    enabled syslog-facility syslog-ident tcp-backlog unixsocket unixsocketgroup unixsocketperm
"""
_IMMUTABLE = frozenset(_IMMUTABLE_NAMES.split())
_PROTECTED = frozenset({"dir", "dbfilename"})

LISTENING = frozenset({"bind", "port", "tls-port", "bind-source-addr", "protected-mode"})
"""Where clients reach it: a change may shut them out, us included."""

Seal = Callable[[str, bytes], dict[str, str]]


def facts_of(answer: Sequence[bytes], seal: Seal) -> list[Fact]:
    """All facts of an answer to CONFIG GET \\*; secrets are sealed unless they are empty."""
    told = dict(zip(map(name_of, answer[::2]), answer[1::2], strict=True))
    values = {newest(name): value for name, value in told.items()}
    values |= {name: value for name, value in told.items() if newest(name) == name}
    return [_fact(name, value, seal) for name, value in sorted(values.items()) if name not in _VOLATILE]


def newest(name: str) -> str:
    """The name under which a parameter is known today."""
    return _NEWER.get(name) or _OLD_WORDS.sub(_newer_word, name)


def _newer_word(found: re.Match[str]) -> str:
    if found[0].startswith("slave"):
        return f"replica{found[1]}"
    return "listpack" if found[0] == "ziplist" else "-cpulist"


def spelled(name: str, speaks: Sequence[int]) -> str:
    """The name by which a server of this version knows a parameter."""
    if tuple(speaks) >= (7,):
        return name
    return _SIX.get(name) or name.replace("listpack", "ziplist")


def _fact(name: str, value: bytes, seal: Seal) -> Fact:
    identity = f"{PARAMETER}:{name}"
    secret = _SECRET.search(name) is not None
    return Fact(identity, {"value": seal(identity, value) if secret and value else value_of(value)})


def is_fixed(name: str, live: Mapping[str, Fact], hints: Mapping[str, Json]) -> bool:
    """Whether only the configuration file and a restart can change it on the live server."""
    if name not in _IMMUTABLE:
        return False
    old = tuple(hints.get("speaks", (7,))) < (7,)
    if name in _PROTECTED:
        guard = live.get(f"{PARAMETER}:enable-protected-configs")
        return not old and (guard is None or guard.attrs["value"] == "no")
    if name == "disable-thp":
        return not old
    return not (name == "io-threads" and hints.get("server") == "valkey")
