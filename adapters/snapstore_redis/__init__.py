"""The Redis adapter of snapstore: a server's configuration, users and functions, and the keys one asks for.

Works with Redis 6.2 and later and with Valkey. See docs/adapters/redis.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from snapstore.adapter import Adapter, Suggestion, later
from snapstore_redis.settings import Settings


def _discover(root: Path, env: Mapping[str, str]) -> list[Suggestion]:
    name = next((name for name in ("REDIS_URL", "VALKEY_URL") if name in env), None)
    if name is None:
        return []
    comment = f'from {name}; keys = ["config:*"] captures keys too, purge = ["cache:*"] empties the cache'
    return [Suggestion("redis", {"url": f"${{{name}}}"}, comment, group="redis")]


adapter = Adapter(
    name="redis",
    format=1,
    summary="a Redis or Valkey server: configuration, ACL users, functions, keys by pattern",
    settings=Settings,
    capture=later("snapstore_redis.capture:capture"),
    plan=later("snapstore_redis.plan:plan"),
    apply=later("snapstore_redis.apply:apply"),
    follow=later("snapstore_redis.purging:follow"),
    beyond=later("snapstore_redis.plan:beyond"),
    lock=later("snapstore_redis.locking:lock"),
    clock=later("snapstore_redis.look:clock"),
    check=later("snapstore_redis.look:check"),
    discover=_discover,
)
