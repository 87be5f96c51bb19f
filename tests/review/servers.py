"""Git servers on loopback as they are in the world: smart HTTP with Basic authentication, and SSH."""

from __future__ import annotations

import base64
import getpass
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from snapstore.embedded import free_port
from tests.serving import Handler, serving

TOKEN = "canary-token-0123456789"
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
SSHD = shutil.which("sshd", path=_PATH)
NGINX, FCGIWRAP = shutil.which("nginx", path=_PATH), shutil.which("fcgiwrap", path=_PATH)


@dataclass(frozen=True)
class Served:
    """A bare repository ``path`` that is served at ``url``; ``env`` is what a client needs to get in."""

    path: Path
    url: str
    env: dict[str, str] = field(default_factory=dict)

    def git(self, *words: str) -> str:
        return self.bytes(*words).decode().strip()

    def bytes(self, *words: str, input: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """What Git says, run in the repository."""
        command = ["git", "-C", str(self.path), *words]
        more = {**os.environ, **(env or {})}
        return subprocess.run(command, input=input, env=more, capture_output=True, check=True).stdout

    def refs(self, prefix: str = "refs/heads/") -> dict[str, str]:
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
        return dict(line.split(" ") for line in lines)

    def hook(self, name: str, script: str) -> None:
        path = self.path / "hooks" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


def repository(path: Path) -> Path:
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    return path


@contextmanager
def over_http(folder: Path, token: str = TOKEN) -> Iterator[Served]:
    """``git http-backend`` behind a server of our own, which lets in whoever has the token as a password."""
    path = repository(folder / "team" / "shop.git")
    with serving(_handler(folder, token)) as port:
        yield Served(path, f"http://127.0.0.1:{port}/team/shop.git", {"SNAPSTORE_TOKEN": token})


def _handler(folder: Path, token: str) -> type[Handler]:
    class Answers(Handler):
        def do_GET(self) -> None:
            scheme, _, given = self.headers.get("Authorization", "").partition(" ")
            if scheme != "Basic" or base64.b64decode(given).decode().partition(":")[2] != token:
                body = self._body()
                self.send(401, b"who are you?", [("WWW-Authenticate", 'Basic realm="git"')])
                assert body is not None
                return
            if "/info/lfs/" in self.path:
                self._large()
            else:
                self._cgi()

        do_POST = do_PUT = do_GET

        def _large(self) -> None:
            """Git LFS: the batch interface, and content at addresses of its own."""
            body, place = self._body(), folder / "large"
            place.mkdir(exist_ok=True)
            path = place / self.path.rpartition("/")[2]
            if self.command == "POST":
                asked = json.loads(body)
                answers = [self._offer(asked["operation"], one, place) for one in asked["objects"]]
                self.send(200, json.dumps({"objects": answers}).encode())
            elif self.command == "PUT":
                path.write_bytes(body)
                self.send(200, b"")
            else:
                self.send(200 if path.exists() else 404, path.read_bytes() if path.exists() else b"")

        def _offer(self, operation: str, asked: dict[str, Any], place: Path) -> dict[str, Any]:
            there = (place / asked["oid"]).exists()
            if operation == "download" and not there:
                return {**asked, "error": {"code": 404, "message": "it is not here"}}
            if operation == "upload" and there:
                return asked
            href = f"http://{self.headers['Host']}{self.path.replace('batch', asked['oid'])}"
            return {**asked, "actions": {operation: {"href": href}}}

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "") != "chunked":
                return self.body()
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _cgi(self) -> None:
            parts, body = urlsplit(self.path), self._body()
            env = {
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REMOTE_USER": "somebody",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": parts.path,
                "QUERY_STRING": parts.query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            ran = subprocess.run(
                ["git", "http-backend"], input=body, env=env, capture_output=True, check=True
            )
            head, _, content = ran.stdout.partition(b"\r\n\r\n")
            fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
            status = next((int(value[:3]) for name, value in fields if name == "Status"), 200)
            self.send(status, content, [(name, value) for name, value in fields if name != "Status"])

    return Answers


NGINX_CONFIG = """
daemon off;
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  fastcgi_temp_path {folder}/fastcgi;
  proxy_temp_path {folder}/proxy;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  server {{
    listen 127.0.0.1:{port};
    client_max_body_size 0;
    auth_basic git;
    auth_basic_user_file {folder}/users;
    location / {{
      fastcgi_pass unix:{folder}/socket;
      fastcgi_param SCRIPT_FILENAME {backend};
      fastcgi_param GIT_PROJECT_ROOT {root};
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param GIT_PROTOCOL $http_git_protocol;
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
    }}
  }}
}}
"""


@contextmanager
def over_nginx(root: Path, token: str = TOKEN) -> Iterator[Served]:
    """``git http-backend`` as people serve it: behind nginx and fcgiwrap, with Basic authentication."""
    path = repository(root / "team" / "shop.git")
    assert NGINX and FCGIWRAP
    with TemporaryDirectory(prefix="snap-git-") as short, ExitStack() as ends:
        folder, port = Path(short), free_port()
        (folder / "users").write_text(f"deploy:{{PLAIN}}{token}\n")
        backend = subprocess.check_output(["git", "--exec-path"], text=True).strip() + "/git-http-backend"
        user = "user root;" if os.getuid() == 0 else ""
        config = folder / "nginx.conf"
        config.write_text(
            NGINX_CONFIG.format(folder=folder, port=port, backend=backend, root=root, user=user)
        )
        ends.enter_context(_ended(subprocess.Popen([FCGIWRAP, "-s", f"unix:{folder}/socket"])))
        nginx = subprocess.Popen([NGINX, "-e", str(folder / "error.log"), "-c", str(config)])
        ends.enter_context(_ended(nginx))
        _wait(port, nginx)
        yield Served(path, f"http://deploy@127.0.0.1:{port}/team/shop.git", {"SNAPSTORE_TOKEN": token})


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def over_ssh(folder: Path) -> Iterator[Served]:
    """A real sshd that takes one key."""
    path = repository(folder / "shop.git")
    for name in ("host", "user"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(key, check=True)
    (folder / "user.pub").rename(folder / "allowed")
    port = free_port()
    server = _sshd(folder, port)
    with _ended(server):
        _wait(port, server)
        known = folder / "known"
        host = (folder / "host.pub").read_text().split()
        known.write_text(f"[127.0.0.1]:{port} {host[0]} {host[1]}\n")
        ssh = f"ssh -F none -i {folder / 'user'} -o UserKnownHostsFile={known} -o StrictHostKeyChecking=yes"
        url = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{path}"
        yield Served(path, url, {"GIT_SSH_COMMAND": ssh})


def _sshd(folder: Path, port: int) -> subprocess.Popen[bytes]:
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd of root locks itself in
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder / 'allowed'}\nStrictModes no\nPasswordAuthentication no\n"
        "PermitRootLogin prohibit-password\n"
    )
    assert SSHD
    return subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=subprocess.DEVNULL)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(500):
        assert server.poll() is None, f"{server.args!r} did not start"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"{server.args!r} does not answer")
