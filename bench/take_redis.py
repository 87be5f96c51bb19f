"""``snap take`` of a million keys against ``redis-cli --rdb`` on the same server, Debian's Redis 7.

It waits 5 seconds before it sends a copy, as it does unless told otherwise; the second line is without that.
CPU time is that of the commands and of the server.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import redis

from bench.timing import compare, cpu_of_commands
from tests.redis import servers

KEYS = 1_000_000
ROUNDS = 5
CONFIG = """
[resources.cache]
adapter = "redis"
url = "{url}"
keys = ["*"]
max_keys = {keys}
"""


def run(report: Callable[[object], None]) -> None:
    """Time, and memory at its peak."""
    client = shutil.which("redis-cli")
    if client is None or servers.program("redis-7.0") is None:
        report("redis: needs Debian's redis-server")
        return
    with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as base, ExitStack() as stack:
        server = stack.enter_context(servers.running("redis-7.0", Path(base) / "server"))
        _fill(server.client())
        bench = _Bench(Path(base), server, client)
        for title, delay in (("", 5), (", no delay", 0)):
            server.client().config_set("repl-diskless-sync-delay", delay)
            name = f"{KEYS:,} keys: take{title}"
            report(compare(name, bench.take, bench.rdb, rounds=ROUNDS, goal=1.5, cpu=bench.cpu))
        report(f"{KEYS:,} keys: {bench.peak():.0f} MB at its peak  (goal 150 MB)")


def _fill(client: redis.Redis) -> None:
    """Mostly short strings, as in a cache; one key in ten is a hash, one in ten expires."""
    for start in range(0, KEYS, 10_000):
        pipeline = client.pipeline(transaction=False)
        for number in range(start, start + 10_000):
            if number % 10 == 1:
                pipeline.hset(f"user:{number}", mapping={"name": f"user {number}", "visits": number})
            else:
                pipeline.set(f"key:{number}", f"value {number}", px=10**9 if number % 10 == 2 else None)
        pipeline.execute()


class _Bench:
    def __init__(self, base: Path, server: servers.Server, client: str) -> None:
        self._base = base
        self._server = server
        self._client = client
        self._takes = 0

    def take(self, number: int) -> None:
        subprocess.run(self._words(), cwd=self._project(), check=True, stdout=subprocess.DEVNULL)

    def rdb(self, number: int) -> None:
        words = [self._client, "-p", str(self._server.port), "--rdb", str(self._base / "dump.rdb")]
        quiet = subprocess.DEVNULL
        subprocess.run(words, check=True, stdout=quiet, stderr=quiet)

    def peak(self) -> float:
        """The resident memory of a take at its highest, in MB."""
        ours = subprocess.Popen(self._words(), cwd=self._project(), stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(ours.pid, 0)
        return usage.ru_maxrss / 1024

    def cpu(self) -> float:
        """CPU seconds of the commands so far, and of the server with its children."""
        used = self._server.client().info("cpu")
        names = ("used_cpu_sys", "used_cpu_user", "used_cpu_sys_children", "used_cpu_user_children")
        return cpu_of_commands() + sum(float(used[name]) for name in names)

    def _words(self) -> list[str]:
        return [sys.executable, "-m", "snapstore", "take", "-q", "-m", "take"]

    def _project(self) -> Path:
        self._takes += 1
        folder = self._base / f"take{self._takes}"
        folder.mkdir()
        text = CONFIG.format(url=self._server.url(), keys=KEYS)
        (folder / "snapstore.toml").write_text(text)
        return folder
