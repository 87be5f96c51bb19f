"""Secrets put wherever a user has some are found nowhere that others look: every spelling, every place.

Each secret has a core of letters and digits that no escape changes; any eight characters of it in a row,
or its base64 or hexadecimal form, are a leak.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from snapstore import embedded
from tests.conftest import Done, Snap

CORES = {
    "value": "Vq7Zk9PvW3xTb5Lm",
    "quoted": "Qd4Rt8YuHs2Nf6Gj",
    "comment": "Cm3Wz7XsEb9Kp2Dv",
    "unparsable": "Un5Bf8MhJq3Tc6Ry",
    "lines": "Ln9Sg4PzKw7Vx2Ed",
    "bytes": "By6Xr2QnTd8Hm5Wj",
    "changed": "Ch8Lp3VkRf6Zs9Mt",
    "literal_url": "Lu4Nc7GyBx2Qw5Pf",
    "variable_url": "Vu2Dk6TmJz9Sh4Xr",
    "define": "Df7Hq3RbYn8Kc5Gv",
    "hook_literal": "Hl5Jw9ZtCp4Mx7Fd",
    "hook_variable": "Hv3Tr6LsNg2Vb8Qk",
    "hook_setting": "Hs8Zx4FcWm7Rp3Yn",
    "mapping": "Um6Kv2HtXq9Ld5Bs",
    "unrelated": "Ur9Gf5MjPc3Wz8Tn",
}


def hostile(core: str) -> str:
    """A value that every kind of quoting has to change."""
    return f"{core}/+=&'\"\\ %s$x{{}}é"


ENV = f"""\
# note {CORES["comment"]} in a comment
PLAIN={CORES["value"]}
  export SPACED = "{hostile(CORES["quoted"]).replace('"', "")}" # {CORES["comment"]}
LINES='first
{CORES["lines"]}
last'
this is no {CORES["unparsable"]} assignment
DATABASE_URL=postgres://app:{CORES["value"]}@db/app
PORT=3000
"""
WEBPACK = """
class DefinePlugin { constructor(definitions) { this.definitions = definitions; } }
const fs = require('fs');
fs.writeFileSync('seen/node', fs.readFileSync('/proc/self/environ') + fs.readFileSync('/proc/self/cmdline'));
module.exports = {
  plugins: [new DefinePlugin({ 'process.env.X': JSON.stringify(process.env.API_TOKEN) })],
  devServer: { proxy: { '/api': `https://app:${process.env.API_TOKEN}@backend` } },
};
"""
CONFIG = """
[resources.env]
adapter = "dotenv"
path = ".env"
public = ["PORT"]

[resources.bundler]
adapter = "webpack"
evaluate = {evaluate}
env = ["API_TOKEN"]

[resources.db]
adapter = "postgres"
url = "{literal_url}"

[resources.other]
adapter = "postgres"
url = "${{DATABASE_URL}}"

[hooks]
after_restore = [{{ run = "echo {hook_literal} >&2; exit $FAIL" }}]
before_take = [
  {{ run = "set -x; : {hook_literal}; cat /proc/$$/cmdline /proc/$PPID/cmdline > seen/processes" }},
  {{ run = "env > seen/hook" }},
]
[[hooks.before_restore]]
run = "echo $HOOK_TOKEN $DEPLOY; echo ${{HOOK_TOKEN}} | base64"
env = {{ DEPLOY = "{hook_setting}" }}
"""
ROLE = "canary"


class Project:
    """A project full of secrets, and everything that any of its commands has printed."""

    def __init__(self, snap: Snap) -> None:
        self.snap = snap
        self.printed: list[str] = []

    def run(self, *words: str, **env: str) -> Done:
        done = self.snap(*words, env=env)
        self.printed += [done.stdout, done.stderr]
        return done

    def well(self, *words: str, **env: str) -> Done:
        done = self.run(*words, **env)
        assert done.code == 0, (words, done.stdout, done.stderr)
        return done

    def deploy(self) -> None:
        """Change every secret, and the database."""
        env = self.snap.root / ".env"
        text = ENV
        for name in ("value", "quoted", "comment", "unparsable", "lines"):
            text = text.replace(CORES[name], CORES["changed"] + name)
        env.write_bytes(text.encode() + b"BYTES='" + CORES["bytes"].encode() + b"\xff\xfe'\n")


def spellings(core: str) -> Iterator[bytes]:
    yield from (core[place : place + 8].encode() for place in range(len(core) - 7))
    for before in range(3):
        inner = base64.b64encode(bytes(before) + core.encode())[4:-4]
        yield from (inner, inner.translate(bytes.maketrans(b"+/", b"-_")))
    yield from (core.encode().hex().encode(), core.encode().hex().upper().encode(), core[::-1].encode())


def leaks(data: bytes) -> dict[str, bytes]:
    """The secrets that are in there in any spelling, each with what is around it."""
    found = {}
    for name, core in CORES.items():
        place = next((data.find(form) for form in spellings(core) if form in data), None)
        if place is not None:
            found[name] = data[max(0, place - 80) : place + 60]
    return found


def stored(store: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a store as it is and inflated, and every object of every pack."""
    for path in sorted(store.rglob("*")):
        yield str(path.relative_to(store)), os.fsencode(path)
        if path.is_file():
            data = path.read_bytes()
            yield str(path.relative_to(store)), data
            yield str(path.relative_to(store)), _inflated(data)
    command = ["git", "-C", store, "cat-file", "--batch", "--batch-all-objects", "--unordered"]
    objects = subprocess.run(command, capture_output=True, check=True).stdout
    assert b"var:PLAIN" in objects and b"$sealed" in objects
    yield "objects", objects


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b""


@pytest.fixture
def role_url(postgres_server: embedded.Server) -> Iterator[str]:
    """Two databases, each of a role of its own, over TCP: places for suffix, password and suffix."""
    name = f"snap_{os.urandom(6).hex()}"
    with psycopg.connect(postgres_server.url(), autocommit=True) as admin:
        for role, core in ((name, "literal_url"), (name + "_v", "variable_url")):
            statement = sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}")
            admin.execute(statement.format(sql.Identifier(role), sql.Literal(hostile(CORES[core]))))
            admin.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(role)))
    yield f"postgresql://{name}%s:%s@127.0.0.1:{postgres_server.port}/{name}%s"
    with psycopg.connect(postgres_server.url(), autocommit=True) as admin:
        for role in (name, name + "_v"):
            admin.execute(f"DROP DATABASE {role} WITH (FORCE)")
            admin.execute(f"DROP ROLE {role}")


@pytest.fixture
def project(snap: Snap, role_url: str) -> Project:
    literal = role_url % ("", quote(hostile(CORES["literal_url"]), safe=""), "")
    variable = role_url % ("_v", quote(hostile(CORES["variable_url"]), safe=""), "_v")
    values = {name: core for name, core in CORES.items() if name.startswith("hook")}
    evaluate = "true" if shutil.which("node") else "false"
    snap.configure(CONFIG.format(literal_url=literal.replace("$", "$$"), evaluate=evaluate, **values))
    snap.env |= {
        "DATABASE_URL": variable,
        "API_TOKEN": hostile(CORES["define"]),
        "HOOK_TOKEN": CORES["hook_variable"],
        "FAIL": "0",
        "UNRELATED_SECRET": CORES["unrelated"],
    }
    (snap.root / "seen").mkdir()
    (snap.root / ".env").write_text(ENV)
    (snap.root / "webpack.config.js").write_text(WEBPACK)
    with psycopg.connect(literal, autocommit=True) as connection:
        connection.execute("CREATE TABLE users (id int PRIMARY KEY, email text)")
        connection.execute("CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far")
        mapping = sql.SQL("CREATE USER MAPPING FOR PUBLIC SERVER away OPTIONS (user 'u', password {})")
        connection.execute(mapping.format(sql.Literal(CORES["mapping"])))
    return Project(snap)


def test_the_search_itself_finds_what_it_is_to_find():
    core = CORES["value"]
    for text in (
        core,
        core[2:13],
        f"x{base64.b64encode(b'ab' + core.encode() + b'c').decode()}",
        core.encode().hex(),
    ):
        assert leaks(text.encode()).keys() == {"value"}, text
    assert not leaks(b"nothing of that kind")


def test_no_command_prints_or_keeps_a_secret(project: Project, tmp_path: Path):
    root = project.snap.root
    project.well("take", "-m", f"first, {project.snap.env['DATABASE_URL']}", "--debug")
    project.deploy()
    for words in (
        *(["status"], ["diff", "--full"], ["diff", "--json"], ["log", "--json"], ["show"]),
        *(["plan", "HEAD", "--format", form] for form in ("text", "markdown", "sql")),
        *(["plan", "HEAD", "-o", "saved.plan", "--json"], ["restore", "HEAD"], ["doctor"]),
        *(["show", "live:env/variables.json"], ["key", "show", "--json"]),
    ):
        project.run(*words, "--debug")
    project.printed.append((root / "saved.plan").read_text())
    project.well("restore", "HEAD", "--yes", "--debug")
    assert (root / ".env").read_text() == ENV
    project.well("undo", "--yes", "--json")
    project.run("restore", "HEAD~1", "--yes", "--debug", FAIL="3")
    project.well("take", "-m", "last")
    assert not leaks("\n".join(project.printed).encode())
    found = {name: leaks(data) for name, data in stored(root / "snapshots")}
    assert {name: what for name, what in found.items() if what} == {}
    logs = (root / "snapshots" / "snapstore" / "hooks").glob("*.log")
    assert {path.name for path in logs} == {
        "before_take-0.log",
        "before_take-1.log",
        "before_restore-0.log",
        "after_restore-0.log",
    }


def test_no_process_shows_a_secret_to_those_who_should_not_see_it(project: Project):
    project.well("take")
    seen = project.snap.root / "seen"
    assert leaks((seen / "processes").read_bytes()) == {}
    assert leaks((seen / "hook").read_bytes()) == {}
    if shutil.which("node"):
        assert leaks((seen / "node").read_bytes()).keys() == {"define"}


IN_TAKE = [
    "psycopg.connect",
    "snapstore.canonical.encode_normal",
    "snapstore.shell._start",
    "snapstore.secrets.sealing._pad",
    "snapstore_dotenv.facts._clear",
    "snapstore_webpack.effective._is_secret",
]
IN_RESTORE = [
    "snapstore.journal._write_at",
    "snapstore.carrying_out.verify",
    "snapstore.safewrite.replace",
    "snapstore_dotenv.apply.build",
    "snapstore_dotenv.parts.file_fact",
]
BREAKER = """
import importlib, os, sys
def break_it(place):
    module, _, name = place.rpartition(".")
    try:
        owner = importlib.import_module(module)
    except ModuleNotFoundError:
        module, _, above = module.rpartition(".")
        owner = getattr(importlib.import_module(module), above)
    whole = getattr(owner, name)
    def broken(*words, **more):
        try:
            done = whole(*words, **more)
        except BaseException as error:
            done = error
        raise RuntimeError(f"locals: {words!r} {more!r} {done!r} {sys._getframe(1).f_locals!r}")
    setattr(owner, name, broken)
break_it(os.environ["BREAK_AT"])
sys.argv = ["snap", *sys.argv[1:]]
from snapstore.cli import run
run()
"""


def broken_at(project: Project, place: str, *words: str) -> bytes:
    """What ``snap words…`` prints when a function fails with an exception that quotes all around it."""
    breaker = project.snap.home / "breaker.py"
    breaker.write_text(BREAKER)
    ran = subprocess.run(
        [project.snap.command()[0], str(breaker), *words, "--debug", "--json"],
        cwd=project.snap.root,
        env={**project.snap.environment(), "BREAK_AT": place},
        capture_output=True,
    )
    printed = ran.stdout + ran.stderr
    assert ran.returncode in (1, 7), printed
    assert b"locals: " in printed, printed
    return printed


def test_a_take_that_fails_with_an_exception_that_quotes_all_it_knows_shows_no_secret(project: Project):
    for place in IN_TAKE if shutil.which("node") else IN_TAKE[:-1]:
        assert leaks(broken_at(project, place, "take")) == {}, place


def test_a_restore_that_fails_with_an_exception_that_quotes_all_it_knows_shows_no_secret(
    project: Project, tmp_path: Path
):
    project.well("take")
    project.deploy()
    root = project.snap.root
    shutil.copytree(root, tmp_path / "copy")
    for place in IN_RESTORE:
        shutil.rmtree(root)
        shutil.copytree(tmp_path / "copy", root)
        assert leaks(broken_at(project, place, "restore", "HEAD", "--yes")) == {}, place
        for name, data in stored(root / "snapshots"):
            assert leaks(data) == {}, (place, name)


def test_a_server_that_quotes_data_in_its_errors_is_not_repeated(project: Project):
    url = project.snap.env["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE typed (id int, n int, UNIQUE (id))")
    project.well("take")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE typed DROP CONSTRAINT typed_id_key, ALTER n TYPE text")
        connection.execute("INSERT INTO typed VALUES (1, %s)", [CORES["value"]])
    ran = project.run("restore", "HEAD", "--only", "other", "--yes", "--allow", "all", "--debug")
    assert ran.code == 1, ran.stdout
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE typed SET n = '1'")
        connection.execute("ALTER TABLE typed ALTER id TYPE text")
        connection.execute("INSERT INTO typed VALUES (%s, '1'), (%s, '1')", [CORES["value"]] * 2)
    ran = project.run("restore", "HEAD", "--only", "other", "--yes", "--allow", "all", "--debug", "--json")
    assert ran.code in (1, 7), ran.stdout
    assert leaks("".join(project.printed).encode()) == {}
