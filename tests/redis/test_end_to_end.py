"""Through the ``snap`` command: least privilege, what it finds, and that no secret is seen anywhere."""

from __future__ import annotations

import hashlib
import re
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.conftest import Snap
from tests.e2e.test_canary import spellings
from tests.redis import servers
from tests.redis.conftest import everything
from tests.serving import Handler, serving

DOCS = Path(__file__).parents[2] / "docs" / "adapters" / "redis.md"


# Least privilege


def _rules(user: str) -> list[str]:
    found = re.search(rf"ACL SETUSER {user} (.*)", DOCS.read_text())
    assert found
    return found[1].replace(">PASSWORD", ">pw").split()


def _allow(server: servers.Server, user: str, rules: list[str]) -> None:
    """Without what the server does not know."""
    for rule in rules:
        try:
            server.client().execute_command("ACL", "SETUSER", user, rule)
        except redis.ResponseError as error:
            assert "Unknown command" in str(error) or "unknown command" in str(error).lower(), (rule, error)


def _fill(server: servers.Server, value: str) -> None:
    client = server.client()
    client.flushall()
    client.set("config:text", value)
    client.set("config:short", value, px=10**8)
    client.hset("config:hash", "field", value)
    client.rpush("config:list", value)
    client.sadd("config:set", value)
    client.zadd("config:zset", {value: 1})
    client.xadd("config:stream", {"field": value}, id="1-1")
    client.xgroup_create("config:stream", "group", "0")
    client.config_set("maxmemory", f"{len(value)}gb")
    client.acl_setuser("app", enabled=True, reset=True, passwords=[f"+{value}"], keys="app:*")
    if server.has_functions:
        code = f"#!lua name=one\nredis.register_function('f', function(k, a) return '{value}' end)\n"
        client.execute_command("FUNCTION", "LOAD", "REPLACE", code)


def test_the_documented_permissions_are_enough(server: servers.Server, snap: Snap):
    _allow(server, "taker", _rules("snap-take"))
    _allow(server, "restorer", ["on", ">pw", *_rules("snap-take"), *_rules("snap-restore"), "~*"])
    text = '[resources.cache]\nadapter = "redis"\nurl = "{}"\nkeys = ["config:*"]\n'
    snap.configure(text.format(server.url(0, "taker", "pw")))
    snap("init", code=0)
    _fill(server, "old")
    before = everything(server)
    snap("take", code=0)
    told = {check["check"]: check for check in snap("preflight", "--json", code=3).json["checks"]}
    assert told["clock"]["text"] == "ours is that of cache"
    _fill(server, "newer")
    assert snap("status").code == 2
    refused = snap("restore", "HEAD", "--yes", "--allow", "all")
    assert refused.code == 1
    assert "no permission" in (refused.stdout + refused.stderr).lower()
    snap("restore", "--abort", "--yes")
    snap.configure(text.format(server.url(0, "restorer", "pw")))
    snap("restore", "HEAD", "--yes", "--allow", "all", code=0)
    assert everything(server) == before


# Finding servers


def test_init_finds_a_server_by_its_variable(newest: servers.Server, snap: Snap):
    snap.env["REDIS_URL"] = newest.url()
    snap("init", code=0)
    assert 'url = "${REDIS_URL}"' in (snap.root / "snapstore.toml").read_text()
    snap("take", code=0)
    assert "1 module" in snap("show").stdout


def test_what_is_no_server_or_lets_nobody_in_is_one_clear_message(newest: servers.Server, snap: Snap):
    text = '[resources.cache]\nadapter = "redis"\nurl = "{}"\n'
    newest.client().acl_setuser("app", enabled=True, passwords=["+right"])
    hasty = "\nconnect_timeout = 0.2"
    for url, words in {
        "redis://127.0.0.1:1/0": "no connection to Redis at 127.0.0.1:1",
        newest.url(0, "app", "wrong"): "does not let us in",
        newest.url(0, "app", "right"): "no permission",
        newest.url(99): "has no database 99",
        newest.url().replace("redis://", "rediss://"): "that it speaks TLS there",
        "http://nowhere": "not one of a Redis server",
    }.items():
        snap.configure(text.format(url) + hasty)
        snap("init")
        done = snap("take")
        assert done.code == 1
        assert words.lower() in done.stderr.lower(), (url, done.stderr)
        assert "Traceback" not in done.stderr
        assert "wrong" not in done.stderr


def test_what_speaks_otherwise_than_redis_is_told(snap: Snap):
    with serving(Handler) as port:
        snap.configure(f'[resources.cache]\nadapter = "redis"\nurl = "redis://127.0.0.1:{port}/0"\n')
        snap("init", code=0)
        assert f"127.0.0.1:{port} does not speak as Redis does" in snap("take", code=1).stderr


# Secrets

CORES = {
    "url": "Rq7Zk9PvW3xTb5Lm",
    "requirepass": "Rd4Rt8YuHs2Nf6Gj",
    "masterauth": "Rm3Wz7XsEb9Kp2Dv",
    "user": "Ru5Bf8MhJq3Tc6Ry",
    "changed": "Rn9Sg4PzKw7Vx2Ed",
    "sealed": "Ry6Xr2QnTd8Hm5Wj",
    "sealed_field": "Rh8Lp3VkRf6Zs9Mt",
}


def _leaks(data: bytes) -> list[str]:
    forms = {name: list(spellings(core)) for name, core in CORES.items()}
    for name in ("url", "requirepass", "user", "changed"):
        digest = hashlib.sha256(CORES[name].encode()).hexdigest()
        forms[f"hash of {name}"] = [digest.encode(), digest.upper().encode(), bytes.fromhex(digest)]
    return [name for name, found in forms.items() if any(form in data for form in found)]


def _stored(store: Path) -> Iterator[bytes]:
    for path in sorted(store.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield data
            try:
                yield zlib.decompress(data)
            except zlib.error:
                continue
    command = ["git", "-C", str(store), "cat-file", "--batch", "--batch-all-objects", "--unordered"]
    yield subprocess.run(command, capture_output=True, check=True).stdout


@pytest.fixture
def secretive(newest: servers.Server, snap: Snap) -> Snap:
    client = newest.client()
    client.acl_setuser("admin", enabled=True, passwords=[f"+{CORES['url']}"], keys="*", commands=["+@all"])
    client.acl_setuser("app", enabled=True, passwords=[f"+{CORES['user']}"], keys="a:*", commands=["+get"])
    client.config_set("masterauth", CORES["masterauth"])
    client.config_set("requirepass", CORES["requirepass"])
    client.set("secret:text", f"x={CORES['sealed']}")
    client.hset("secret:hash", CORES["sealed_field"], "1")
    client.execute_command("HPEXPIREAT", "secret:hash", 2 * 10**12, "FIELDS", 1, CORES["sealed_field"])
    snap.env["REDIS_URL"] = newest.url(0, "admin", CORES["url"])
    settings = 'keys = ["*"]\nsealed = ["secret:*"]\n'
    snap.configure(f'[resources.cache]\nadapter = "redis"\nurl = "${{REDIS_URL}}"\n{settings}')
    snap("init", code=0)
    return snap


def test_no_command_prints_or_keeps_a_secret(newest: servers.Server, secretive: Snap):
    snap, printed = secretive, []

    def run(*words: str) -> int:
        done = snap(*words)
        printed.append(done.stdout + done.stderr)
        return done.code

    assert run("take", "-m", f"with {snap.env['REDIS_URL']}", "--debug") == 0
    client = newest.client(password=CORES["requirepass"])
    client.config_set("masterauth", CORES["changed"])
    client.config_set("requirepass", CORES["changed"])
    client.acl_setuser("app", enabled=True, passwords=[f"+{CORES['changed']}"])
    client.set("secret:text", CORES["changed"])
    for words in (
        *(["status"], ["diff", "--full"], ["diff", "--json"], ["show"], ["log", "--json"], ["doctor"]),
        *(["plan", "HEAD", "--format", form] for form in ("text", "markdown", "sql")),
        *(["plan", "HEAD", "-o", "saved.plan", "--json"], ["restore", "HEAD", "--yes"]),
        *(["show", f"live:cache/{path}"] for path in ("config.json", "users.json", "pages/keys.json")),
    ):
        run(*words, "--debug")
    printed.append((snap.root / "saved.plan").read_text())
    assert run("restore", "HEAD", "--yes", "--allow", "all", "--debug") == 0
    assert newest.client(password=CORES["requirepass"]).config_get("masterauth") == {
        "masterauth": CORES["masterauth"]
    }
    assert run("undo", "--yes", "--allow", "all", "--json") == 0
    assert not _leaks("\n".join(printed).encode())
    assert not [found for data in _stored(snap.root / "snapshots") if (found := _leaks(data))]


BREAKER = """
import importlib, os, sys
module, _, name = os.environ["BREAK_AT"].rpartition(".")
owner = importlib.import_module(module)
whole = getattr(owner, name)
def broken(*words, **more):
    try:
        done = whole(*words, **more)
    except BaseException as error:
        done = error
    raise RuntimeError(f"locals: {words!r} {more!r} {done!r} {sys._getframe(1).f_locals!r}")
setattr(owner, name, broken)
sys.argv = ["snap", *sys.argv[1:]]
from snapstore.cli import run
run()
"""


@pytest.mark.parametrize(
    "place",
    [
        *("parameters._fact", "users._fact", "users.command"),
        *("apply._value", "apply._order", "keyapply._commands", "keyapply.writing"),
    ],
)
def test_an_exception_that_quotes_all_it_knows_shows_no_secret(
    newest: servers.Server, secretive: Snap, place: str
):
    snap = secretive
    snap("take", code=0)
    client = newest.client(password=CORES["requirepass"])
    client.config_set("masterauth", CORES["changed"])
    client.acl_setuser("app", enabled=True, passwords=[f"+{CORES['changed']}"])
    client.set("secret:text", CORES["changed"])
    breaker = snap.home / "breaker.py"
    breaker.write_text(BREAKER)
    words = ["restore", "HEAD", "--yes", "--allow", "all", "--debug", "--json"]
    ran = subprocess.run(
        [snap.command()[0], str(breaker), *words],
        cwd=snap.root,
        env={**snap.environment(), "BREAK_AT": f"snapstore_redis.{place}"},
        capture_output=True,
    )
    printed = ran.stdout + ran.stderr
    assert b"locals: " in printed, printed
    assert not _leaks(printed)
