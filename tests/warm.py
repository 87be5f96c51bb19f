"""Runs ``snap`` in a process whose interpreter has started already and has imported the libraries of others.

That is most of what a run of the command costs, and none of it is ours. Each run is a process of its own,
forked from one that has done nothing else: it gets words, folder, environment and streams as any process
does, and imports every module of ours itself.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parent.parent
LIBRARIES = (
    *("asyncio", "concurrent.futures", "difflib", "email.message", "http.client", "importlib.metadata"),
    *("importlib.resources", "logging", "platform", "socketserver", "ssl", "tempfile", "tomllib", "uuid"),
    *("click", "cryptography.hazmat.primitives.ciphers.aead", "dns.query", "dns.update", "dns.zone"),
    *("dulwich.repo", "httpx", "msgspec", "psycopg", "psycopg.sql", "pyrage", "redis", "sqlglot"),
)
_STARTED_WITH = {"LC_ALL": "C.UTF-8"}
_READ_AT_THE_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "OPENSSL_", "PSYCOPG_")
_HEAD, _CODE = struct.Struct("!I"), struct.Struct("!i")
_of_thread = threading.local()


def can_run(environment: Mapping[str, str]) -> bool:
    """Whether a process that starts with that environment would have started as ours has."""
    return {k: v for k, v in environment.items() if k.startswith(_READ_AT_THE_START)} == _STARTED_WITH


def run(
    words: Sequence[str], cwd: Path, environment: Mapping[str, str], given: bytes
) -> tuple[int, list[bytes]]:
    """Run ``snap words…``, with ``given`` on stdin: the exit code (minus the number of the signal that ended
    it), and what came on stdout and stderr."""
    request = {"words": [*words], "cwd": str(cwd), "environment": dict(environment)}
    try:
        return _answered(_interpreter(), json.dumps(request).encode(), given)
    except BaseException:
        del _of_thread.interpreter  # it may be in the middle of something
        raise


def _answered(interpreter: socket.socket, request: bytes, given: bytes) -> tuple[int, list[bytes]]:
    (stdin, into), *outputs = (os.pipe() for _ in range(3))
    theirs = [stdin, *(output for _, output in outputs)]
    try:
        socket.send_fds(interpreter, [_HEAD.pack(len(request))], theirs)
        interpreter.sendall(request)
    finally:
        for stream in theirs:
            os.close(stream)
    with ThreadPoolExecutor(3) as pool:
        pool.submit(_write, into, given)
        said = [*pool.map(_read, (ours for ours, _ in outputs))]
    return _CODE.unpack(_received(interpreter, _CODE.size))[0], said


def _write(stream: int, content: bytes) -> None:
    with suppress(BrokenPipeError), open(stream, "wb") as file:
        file.write(content)


def _read(stream: int) -> bytes:
    with open(stream, "rb") as file:
        return file.read()


def _received(sender: socket.socket, size: int) -> bytes:
    received = sender.recv(size, socket.MSG_WAITALL)
    assert len(received) == size, "the interpreter that runs snap has ended"
    return received


def _interpreter() -> socket.socket:
    """The connection to this thread's interpreter, which ends with it."""
    if not hasattr(_of_thread, "interpreter"):
        _of_thread.interpreter, theirs = socket.socketpair()
        with theirs:
            number = str(theirs.fileno())
            subprocess.Popen(
                [sys.executable, "-m", "tests.warm", number],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], **_STARTED_WITH},
                pass_fds=(theirs.fileno(),),
                # Not the null device: what kind of file a stream is, an interpreter asks once.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
    found: socket.socket = _of_thread.interpreter
    return found


# -- in the interpreter ------------------------------------------------------------------------------------


def _serve(client: socket.socket) -> dict[str, Any]:
    """Fork for each request. Returns in the process that is to run it."""
    while True:
        head, streams, _, _ = socket.recv_fds(client, _HEAD.size, 3)
        if not head:
            raise SystemExit
        request: dict[str, Any] = json.loads(_received(client, *_HEAD.unpack(head)))
        process = os.fork()
        if not process:
            client.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            return request
        for stream in streams:
            os.close(stream)
        client.sendall(_CODE.pack(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])))


def _become_snap(words: list[str], cwd: str, environment: dict[str, str]) -> NoReturn:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.path[0] = cwd
    sys.argv[1:] = words
    runpy.run_module("snapstore", run_name="__main__", alter_sys=True)
    raise SystemExit


if __name__ == "__main__":
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()
    _become_snap(**_serve(socket.socket(fileno=int(sys.argv[1]))))
