"""A store whose limit is low, and a bucket of a real S3 API on loopback."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from snapstore.embedded import free_port
from snapstore.large import LargeSettings

LIMIT = 100_000
_SECONDS = 30


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 server whose buckets are in memory."""
    port = free_port()
    program = Path(sys.executable).with_name("moto_server")
    server = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _wait(url: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            urllib.request.urlopen(url).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "the S3 server does not start"
            time.sleep(0.1)


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> LargeSettings:
    """An empty bucket, with what is needed to get at it in the environment."""
    name = f"large-{uuid.uuid4().hex[:12]}"
    request = urllib.request.Request(f"{s3}/{name}", method="PUT")
    urllib.request.urlopen(request).close()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr("snapstore.large.bucket.PIECE", 1 << 20)
    return LargeSettings(LIMIT, f"s3://{name}/lfs", {"endpoint": s3, "region": "us-east-1"})
