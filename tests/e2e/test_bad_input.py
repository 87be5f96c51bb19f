"""Bad input and bad luck: one clear message (what, where, what to do), an exit code, and nothing changed."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from snapstore import embedded
from tests.conftest import Done, Snap

CONFIG = """\
[resources.build]
adapter = "files"
path = "dist"

[resources.env]
adapter = "dotenv"
path = ".env"
"""
DB = '\n[resources.db]\nadapter = "postgres"\nurl = "${DATABASE_URL}"\n'
ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``app`` is a copy of."""
    folder = tmp_path_factory.mktemp("ready")
    snap = Snap(folder / "project", folder / "home")
    snap.root.mkdir()
    snap.home.mkdir()
    snap.configure(CONFIG)
    deploy(snap, "old")
    snap("take", "-m", "old", code=0)
    deploy(snap, "new")
    snap("take", "-m", "new", code=0)
    return folder


@pytest.fixture
def app(ready: Path, tmp_path: Path) -> Snap:
    """A project with two snapshots, ``old`` and ``new``."""
    shutil.copytree(ready, tmp_path, dirs_exist_ok=True)
    return Snap(tmp_path / "project", tmp_path / "home")


def deploy(snap: Snap, text: str) -> None:
    (snap.root / "dist").mkdir(exist_ok=True)
    for name in ("app.js", "lib.js", f"{text}.js"):
        (snap.root / "dist" / name).write_text(f"{text}\n")
    (snap.root / ".env").write_text(f"KEY=secret-{text}\n")
    (snap.root / ".env").chmod(0o600)


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = (path.lstat().st_mode, os.fsencode(path.readlink()))
        elif path.is_file():
            found[str(path)] = (path.lstat().st_mode, path.read_bytes())
        else:
            found[str(path)] = (path.lstat().st_mode, b"")
    return found


def world(snap: Snap) -> dict[str, Any]:
    """All that a failing command has to leave alone: the live files, and where the store's refs point."""
    store = snap.root / "snapshots"
    live = {name: content for name, content in files(snap.root).items() if str(store) not in name}
    refs = {
        **files(store / "refs"),
        **{name: (store / name).read_bytes() for name in ("HEAD",) if (store / name).is_file()},
    }
    return {"live": live, "refs": refs, "journal": files(store / "snapstore" / "journal")}


def refused(snap: Snap, *words: str, what: str, where: str = "", fix: str = "", code: int = 1) -> Done:
    """Run a command that has to fail: as told on stderr and in one JSON document, and changing nothing."""
    before = world(snap)
    done = snap(*words, "--json")
    assert done.code == code, (done.stdout, done.stderr)
    for part in (what, where, fix):
        assert part in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr
    assert "unexpectedly" not in done.stderr
    error = done.json["error"]
    assert error["code"] == code
    assert what in error["what"] and where in error["where"] + error["what"] and fix in error["fix"], error
    assert error["fix"], "nothing says what to do"
    assert world(snap) == before
    return done


# The configuration


@pytest.mark.parametrize(
    ("text", "where", "what", "fix"),
    [
        (CONFIG + "[store\n", "snapstore.toml:8", "not valid TOML", "toml.io"),
        (CONFIG + "pubilc = []\n", "snapstore.toml:8", "unknown key `resources.env.pubilc`", "'public'"),
        (CONFIG + "[stor]\npath = 'x'\n", "snapstore.toml:8", "unknown key `stor`", "'store'"),
        (CONFIG + "public = 'PORT'\n", "snapstore.toml:8", "`resources.env.public`", ""),
        (CONFIG + "dialect = 'ruby'\n", "snapstore.toml:8", "`resources.env.dialect`", ""),
        (CONFIG.replace('"dist"', '"${DIST}"'), "snapstore.toml:3", "DIST is not set", "${DIST:-"),
        (CONFIG.replace('"dotenv"', '"dotnev"'), "snapstore.toml:6", "no adapter named 'dotnev'", "'dotenv'"),
        (CONFIG.replace('path = ".env"', ""), "snapstore.toml:5", "`resources.env.path` is missing", ""),
        (
            CONFIG + "[groups]\nweb = ['biuld']\n",
            "snapstore.toml:9",
            "no resource is named 'biuld'",
            "'build'",
        ),
        ("", "snapstore.toml", "no resource is configured", "[resources.env]"),
    ],
)
def test_a_mistake_in_the_configuration(app: Snap, text: str, where: str, what: str, fix: str):
    app.configure(text)
    refused(app, "take", what=what, where=where, fix=fix)


def test_a_configuration_that_is_no_text_or_not_there(app: Snap):
    (app.root / "snapstore.toml").write_bytes(b"# caf\xe9\n" + CONFIG.encode())
    refused(app, "take", what="not UTF-8 at byte 5", where="snapstore.toml")
    (app.root / "snapstore.toml").unlink()
    refused(
        app,
        "take",
        what="no snapstore.toml here or in any folder above",
        where=str(app.root),
        fix="snap init",
    )
    refused(app, "-c", "other.toml", "take", what="no such file", where="other.toml", fix="snap init")


def test_a_name_that_is_not_configured(app: Snap):
    refused(app, "take", "--only", "biuld", what="no resource is named 'biuld'", fix="did you mean 'build'?")
    refused(app, "status", "--group", "web", what="no group is named 'web'", fix="group")
    refused(
        app, "take", "--only", "build:app.js", what="a snapshot holds whole resources", fix="--only build"
    )


# Revisions


def test_a_revision_that_names_nothing_or_too_much(app: Snap):
    refused(app, "restore", "mian", "--yes", what="there is no snapshot 'mian'", fix="did you mean 'main'?")
    refused(app, "restore", "HEAD~7", "--yes", what="is the first snapshot", fix="snap log")
    refused(app, "diff", "HEAD", "@{one}", what="'one' is no date", fix="yesterday")
    refused(app, "show", "HEAD:evn", what="there is no 'evn' in the snapshot", fix="did you mean 'env'?")
    refused(app, "restore", "live", "--yes", what="a restore leads to a snapshot", fix="HEAD")
    commits = [entry["commit"] for entry in app("log", "--json").json["commits"]]
    while len({commit[:4] for commit in commits}) == len(commits):
        (app.root / "dist" / "app.js").write_text(os.urandom(8).hex())
        for number in range(40):
            name = _loose_commit(app.root / "snapshots", commits[0], str(number) + os.urandom(4).hex())
            commits.append(name)
    twice = next(commit[:4] for commit in commits if sum(c[:4] == commit[:4] for c in commits) > 1)
    done = refused(app, "restore", twice, "--yes", what=f"{twice} is ambiguous", fix="it could be")
    assert sum(line.strip().startswith(twice) for line in done.stderr.splitlines()) > 1


def _loose_commit(store: Path, like: str, message: str) -> str:
    def git(*words: str, **more: Any) -> str:
        return subprocess.run(
            ["git", "-C", str(store), *words], check=True, capture_output=True, text=True, **more
        ).stdout.strip()

    content = git("cat-file", "commit", like).rpartition("\n\n")[0] + f"\n\n{message}\n"
    return git("hash-object", "-t", "commit", "-w", "--stdin", input=content)


# Permissions, disks


def obedient(snap: Snap) -> Callable[..., Done]:
    """Runs ``snap`` so that permissions hold for it, even where the tests run as root."""
    if not ROOT:
        return snap
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv to give up what root may do")

    def run(*words: str) -> Done:
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", *snap.command(*words)]
        ran = subprocess.run(command, cwd=snap.root, env=snap.environment(), capture_output=True, text=True)
        return Done(ran.returncode, ran.stdout, ran.stderr)

    return run


@contextmanager
def forbidden(path: Path, mode: int = 0) -> Iterator[None]:
    was = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(was)


def refused_there(snap: Snap, path: Path, mode: int, *words: str, what: str, where: str) -> None:
    before = world(snap)
    with forbidden(path, mode):
        done = obedient(snap)(*words, "--json")
    assert done.code == 1, (done.stdout, done.stderr)
    assert what in done.stderr and where in done.stderr, done.stderr
    assert "internal error" not in done.stderr and "unexpectedly" not in done.stderr
    assert done.json["error"]["fix"], "nothing says what to do"
    assert world(snap) == before


def test_no_permission_to_read(app: Snap):
    dist = app.root / "dist"
    refused_there(app, dist / "app.js", 0, "take", what="cannot be read: app.js", where=str(dist))
    refused_there(app, dist, 0, "take", what="read", where=str(dist))
    refused_there(app, app.root / ".env", 0, "take", what="no permission to read", where=".env")
    refused_there(
        app, app.root / "snapstore.toml", 0, "take", what="Permission denied", where="snapstore.toml"
    )
    identity = app.home / ".config" / "snapstore" / "identity.txt"
    refused_there(app, identity, 0, "take", what="Permission denied", where=str(identity))


def test_no_permission_to_write_where_a_restore_has_to(app: Snap):
    """The folder belongs to somebody else: its owner could just change its mode."""
    if not ROOT:
        pytest.skip("needs root to give a folder away")
    dist = app.root / "dist"
    os.chown(dist, 65534, 65534)
    before = world(app)["live"]
    done = obedient(app)("restore", "HEAD~1", "--yes", "--only", "build")
    assert done.code == 1, (done.stdout, done.stderr)
    assert "no permission to change it" in done.stdout and str(dist) in done.stdout
    assert "run as a user who may write there" in done.stdout
    assert world(app)["live"] == before
    os.chown(dist, 0, 0)
    if "--resume" in done.stdout:
        app("restore", "--resume", "--yes", code=0)
    else:
        app("restore", "HEAD~1", "--yes", code=0)
    assert (dist / "app.js").read_text() == "old\n"


def test_a_store_that_cannot_be_read_or_written(app: Snap):
    store = app.root / "snapshots"
    (app.root / "dist" / "more.js").touch()
    refused_there(app, store, 0, "take", what="Permission denied", where="snapshots")
    for folder in (store / "objects" / "pack", store / "refs" / "heads"):
        refused_there(app, folder, 0o555, "take", what="cannot be written", where="snapshots")
    (app.root / "dist" / "again.js").write_text("again")
    refused_there(app, store / "objects" / "pack", 0o555, "restore", "HEAD~1", "--yes",
                  what="cannot be written", where="snapshots")  # fmt: skip
    assert obedient(app)("log").code == 0


@contextmanager
def small_disk(path: Path, kilobytes: int) -> Iterator[None]:
    """A file system of this size at ``path``; what is there already is copied into it."""
    if not ROOT:
        pytest.skip("needs root to mount a small disk")
    kept = path.with_name(path.name + "-kept")
    shutil.copytree(path, kept, symlinks=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=755", "tmpfs", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small disk here")
    try:
        shutil.copytree(kept, path, symlinks=True, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)


def test_a_full_disk_below_the_store(app: Snap):
    (app.root / "dist" / "large.bin").write_bytes(os.urandom(2_000_000))
    with small_disk(app.root / "snapshots", 1000):
        refused(app, "take", what="No space left on device", where="snapshots", fix="free some space")
        refused(
            app, "restore", "HEAD~1", "--yes", what="No space left on device", where="snapshots", fix="free"
        )
        assert app("doctor").code == 0
        (app.root / "dist" / "large.bin").unlink()
        app("take", code=0)


def test_a_full_disk_below_the_files_leaves_a_way_on(app: Snap):
    (app.root / "dist" / "large.bin").write_bytes(os.urandom(600_000))
    app("take", "-m", "large", code=0)
    deploy(app, "new")
    (app.root / "dist" / "large.bin").unlink()
    with small_disk(app.root / "dist", 400):
        before = world(app)["live"]
        done = app("restore", "HEAD", "--yes", code=1)
        assert "the disk is full" in done.stdout and "free some space" in done.stdout
        assert "large.bin" in done.stdout + done.stderr
        assert {n: c for n, c in world(app)["live"].items() if "kept" not in n} == {
            n: c for n, c in before.items() if "kept" not in n
        }
        if "--abort" in done.stdout + done.stderr:
            app("restore", "--abort", "--yes", code=0)
        assert app("status").code == 2


# The database


@pytest.fixture
def server() -> Iterator[embedded.Server]:
    """A server of this test's own, to be stopped and killed."""
    with embedded.temporary() as server:
        yield server


@pytest.fixture
def with_db(app: Snap, server: embedded.Server) -> Snap:
    app.env["DATABASE_URL"] = server.tcp_url()
    app.configure(CONFIG + DB)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE users (id int)")
        connection.execute("INSERT INTO users SELECT generate_series(1, 5)")
    app("take", "-m", "with db", code=0)
    return app


def test_a_database_that_does_not_let_us_in(with_db: Snap, server: embedded.Server):
    url = with_db.env["DATABASE_URL"]
    with_db.env["DATABASE_URL"] = url.replace(server.password, "canary-password")
    done = refused(with_db, "take", what="password authentication failed", where="db", fix="password")
    assert "canary-password" not in done.stderr
    with_db.env["DATABASE_URL"] = url + "_missing"
    refused(with_db, "take", what='database "postgres_missing" does not exist', where="db", fix="url")
    with_db.env["DATABASE_URL"] = url.replace("127.0.0.1", "no-such-host.invalid")
    refused(with_db, "restore", "HEAD", "--yes", what="cannot connect to PostgreSQL", where="db", fix="url")
    with_db.env["DATABASE_URL"] = "postgres//nonsense:canary-password@x"
    done = refused(with_db, "take", what="", where="db", fix="postgresql://")
    assert "canary-password" not in done.stderr
    embedded.stop(server)
    with_db.env["DATABASE_URL"] = url
    refused(with_db, "take", what="cannot connect to PostgreSQL", where="db", fix="server is up")
    refused(with_db, "restore", "HEAD~1", "--only", "db", "--yes", what="nothing to restore", fix="snap log")
    findings = with_db("doctor", "--json", code=1).json["findings"]
    assert [finding["area"] for finding in findings] == ["db"]


def test_a_server_that_dies_half_way_through_a_restore(with_db: Snap, server: embedded.Server):
    """The transaction is lost as a whole; when the server is back, both ways are open."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE extra (id int); ALTER TABLE users ADD COLUMN name text")
    tree = with_db("take", "--json", code=0).json["tree"]
    blocker = psycopg.connect(server.url())
    blocker.execute("LOCK TABLE extra IN ACCESS SHARE MODE")
    command = with_db.command("restore", "HEAD~1", "--yes", "--allow", "all")
    process = subprocess.Popen(
        command, cwd=with_db.root, env=with_db.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _wait_for_waiting(server)
    embedded.stop(server)
    out, err = (stream.decode() for stream in process.communicate())
    said = out + err
    assert process.returncode == 1, said
    assert "db: " in said and ("lost" in said or "terminat" in said), said
    assert "--resume" in said or "nothing was changed" in said, said
    blocker.close()
    with embedded.running(server.directory) as again:
        with_db.env["DATABASE_URL"] = again.tcp_url()
        if "--abort" in said:
            with_db("restore", "--abort", "--yes", code=0)
        assert with_db("take", "--json", code=0).json["tree"] == tree
        with psycopg.connect(again.url()) as connection:
            assert connection.execute("SELECT count(*) FROM users").fetchone() == (5,)
        with_db("restore", "HEAD~1", "--yes", "--allow", "all", code=0)


def _wait_for_waiting(server: embedded.Server) -> None:
    query = """SELECT count(*) FROM pg_stat_activity
                WHERE application_name = 'snapstore' AND wait_event_type = 'Lock'"""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        while connection.execute(query).fetchone() == (0,):
            connection.execute("SELECT pg_sleep(0.05)")


# The store


def _packs(snap: Snap) -> list[Path]:
    packs = sorted((snap.root / "snapshots" / "objects" / "pack").glob("*.pack"))
    for pack in packs:
        pack.chmod(0o644)
    return packs


def _cut(snap: Snap) -> None:
    for pack in _packs(snap):
        os.truncate(pack, pack.stat().st_size * 2 // 3)


def _flip(snap: Snap) -> None:
    for pack in _packs(snap):
        data = bytearray(pack.read_bytes())
        for place in range(14, len(data) - 20, 3):
            data[place] ^= 4
        pack.write_bytes(bytes(data))


@pytest.mark.parametrize("damage", [_cut, _flip])
def test_a_torn_pack_is_named_and_never_read(app: Snap, damage: Callable[[Snap], None]):
    damage(app)
    done = refused(app, "restore", "HEAD~1", "--yes", what="damaged", where="snapshots", fix="snap doctor")
    assert ".pack" in done.stderr
    findings = app("doctor", "--json", code=1).json["findings"]
    assert any(".pack" in finding["subject"] for finding in findings)


def test_a_ref_or_head_that_is_garbage_is_named(app: Snap):
    store = app.root / "snapshots"
    ref = store / "refs" / "heads" / "main"
    good = ref.read_text()
    ref.write_text("garbage\n")
    refused(
        app, "restore", "HEAD~1", "--yes", what="refs/heads/main is damaged", where=str(ref), fix="reflog"
    )
    ref.write_text("1" * 40 + "\n")
    refused(app, "restore", "HEAD", "--yes", what="1111111111", where="snapshots", fix="snap doctor")
    ref.unlink()
    refused(app, "restore", "HEAD~1", "--yes", what="main is missing, but not its reflog", fix="update-ref")
    refused(app, "take", what="main is missing", where="snapshots", fix=f"refs/heads/main {good.strip()}")
    assert "refs/heads/main is missing" in app("doctor", code=1).stderr
    ref.write_text(good)
    (store / "HEAD").write_bytes(b"\xff\0garbage")
    refused(app, "take", what="HEAD is damaged", where=str(store / "HEAD"), fix="ref: refs/heads/main")


def test_a_configuration_of_the_store_that_is_none_is_named(app: Snap):
    for text in ("garbage\n", "[core\n", "\0" * 50):
        (app.root / "snapshots" / "config").write_text(text)
        for words in (["take"], ["doctor"], ["key", "show"]):
            ran = app(*words, code=1)
            assert "snapshots/config: this is no configuration of Git" in ran.stdout + ran.stderr, words
    (app.root / "snapshots" / "config").unlink()
    assert app("doctor", code=0)


def test_a_folder_that_is_no_store(app: Snap):
    shutil.rmtree(app.root / "snapshots")
    refused(app, "status", what="there is no store", where="snapshots", fix="snap init")
    (app.root / "snapshots").mkdir()
    (app.root / "snapshots" / "holiday.jpg").touch()
    refused(app, "take", what="it is not a store", where="snapshots", fix="[store] path")


# Plans


@pytest.fixture
def plan(app: Snap) -> Path:
    app("plan", "HEAD~1", "-o", "saved.plan", code=0)
    return app.root / "saved.plan"


def _digit(data: bytes) -> bytes:
    digest: str = json.loads(data)["digest"]
    other = "0" if digest[-1] != "0" else "1"
    return data.replace(digest.encode(), (digest[:-1] + other).encode())


@pytest.mark.parametrize(
    ("edit", "what", "code"),
    [
        (lambda data: data.replace(b"app.js", b"own.js"), "edited after it was made", 5),
        (lambda data: data + b"\n", "edited after it was made", 5),
        (lambda data: data.replace(b"\n", b"\r\n"), "edited after it was made", 5),
        (_digit, "edited after it was made", 5),
        (lambda data: data.replace(b'"format": 1', b'"format": 2'), "format 2", 1),
        (lambda data: data[:-40], "this is not a plan", 1),
        (lambda data: b"\x89PNG\r\n", "this is not a plan: it is no text", 1),
        (lambda data: b"{}", "this is not a plan", 1),
        (lambda data: b"", "this is not a plan", 1),
    ],
)
def test_a_plan_that_was_touched(app: Snap, plan: Path, edit: Callable[[bytes], bytes], what: str, code: int):
    plan.write_bytes(edit(plan.read_bytes()))
    refused(app, "apply", "saved.plan", "--yes", what=what, where="saved.plan", fix="snap plan", code=code)


def test_a_plan_that_is_not_for_this_state(app: Snap, plan: Path, tmp_path: Path):
    (app.root / "dist" / "app.js").write_text("moved on")
    done = refused(app, "apply", "saved.plan", "--yes", what="moved on", fix="snap plan", code=5)
    assert "build:app.js" in done.stderr
    refused(app, "apply", "nowhere.plan", "--yes", what="No such file", where="nowhere.plan")
    other = Snap(tmp_path / "other", app.home)
    other.root.mkdir()
    other.configure(CONFIG)
    deploy(other, "new")
    other("take", code=0)
    shutil.copy(plan, other.root)
    refused(other, "apply", "saved.plan", "--yes", what="made for another store", fix="snap plan", code=5)


def test_a_plan_for_a_resource_that_is_now_another(app: Snap, plan: Path):
    app.configure(CONFIG.replace('adapter = "files"', 'adapter = "webpack"').replace('path = "dist"', ""))
    refused(app, "apply", "saved.plan", "--yes", what="adapter 'files'", where="build", fix="--only")


# Keys


def test_a_key_that_is_missing_wrong_or_broken(app: Snap):
    identity = app.home / ".config" / "snapstore" / "identity.txt"
    kept = identity.read_text()
    identity.unlink()
    restore = ("restore", "HEAD~1", "--yes")
    refused(app, *restore, what="this machine has no age identity", where=str(identity), fix="snap key init")
    assert app("log").code == app("diff", "HEAD~1", "HEAD").code == 0
    identity.write_text("no key at all\n")
    refused(app, *restore, what="not an age identity file", where=str(identity), fix="SNAPSTORE_IDENTITY")
    identity.unlink()
    app("key", "init", "-C", str(_elsewhere(app)), code=0)
    refused(app, *restore, what="cannot read the key of the store", fix="snap key add-recipient age1")
    identity.write_text(kept)
    app.env["SNAPSTORE_KEY"] = "bm90IGEga2V5"
    done = refused(app, *restore, what="not a data key", where="SNAPSTORE_KEY", fix="openssl rand")
    assert "bm90IGEga2V5" not in done.stderr
    app.env["SNAPSTORE_KEY"] = base64.b64encode(b"k" * 64).decode()
    identity.unlink()
    refused(app, *restore, what="sealed with key", where="env", fix="SNAPSTORE_KEY")


def _elsewhere(app: Snap) -> Path:
    other = app.home / "other"
    other.mkdir()
    (other / "snapstore.toml").write_text(CONFIG)
    Snap(other, app.home)("init", code=0)
    return other


# Other operators, interrupted restores


def test_another_operator_at_work_is_named(app: Snap):
    lock = app.root / "snapshots" / "snapstore" / "lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write(json.dumps({"pid": 4711, "host": "build7", "started": "noon", "purpose": "restore to x"}))
        held.flush()
        done = refused(
            app, "restore", "HEAD~1", "--yes", what="locked by process 4711 on build7", code=6, fix="wait"
        )
        assert "restore to x" in done.stderr
        refused(app, "undo", "--yes", what="locked by process 4711", code=6, fix="wait")
        held.truncate(0)
        refused(app, "restore", "HEAD~1", "--yes", what="locked by another process", code=6, fix="wait")
    app("restore", "HEAD~1", "--yes", code=0)


def _unfinished(app: Snap) -> Path:
    app("restore", "HEAD~1", "--yes", code=0)
    (journal,) = (app.root / "snapshots" / "snapstore" / "journal").glob("*.jsonl")
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]))
    return journal


def test_an_interrupted_restore_stops_the_next_and_names_the_ways_out(app: Snap):
    journal = _unfinished(app)
    for words in (["restore", "HEAD", "--yes"], ["undo", "--yes"], ["apply", "saved.plan", "--yes"]):
        if words[0] == "apply":
            app("plan", "HEAD", "-o", "saved.plan", code=0)
        done = refused(app, *words, what="was interrupted", where=str(journal), code=7, fix="--resume")
        assert "--abort" in done.stderr
    app("restore", "--abort", "--yes", code=0)
    assert (app.root / "dist" / "app.js").read_text() == "new\n"


def test_a_journal_that_is_torn(app: Snap):
    journal = _unfinished(app)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0], b"garbage\n", *lines[1:]]))
    for words in (["restore", "HEAD", "--yes"], ["restore", "--resume", "--yes"], ["undo", "--yes"]):
        refused(
            app, *words, what="line 2 of this restore's journal is damaged", where=str(journal), fix="safety"
        )
    journal.write_bytes(b"".join(lines)[:-7])
    app("restore", "--resume", "--yes", code=0)
    refused(app, "restore", "--resume", "--yes", what="no restore was interrupted", fix="snap restore")


# Hostile names, links, clocks


def test_file_names_that_mean_something_elsewhere_come_back_as_they_were(app: Snap):
    names = [
        b"-rf",
        b"a\nb",
        b"\x1b[31m",
        b"\xff\xfe",
        b"..x",
        b".gitmodules",
        b".gitattributes",
        b"con",
        b"a\\b",
        b" ",
        b"x" * 255,
    ]
    dist = app.root / "dist"
    for name in names:
        (dist / os.fsdecode(name)).write_bytes(name)
    (dist / ".GIT").mkdir(exist_ok=True)
    (dist / ".GIT" / "config").write_text("[core]\n")
    tree = app("take", "--json", code=0).json["tree"]
    shutil.rmtree(dist)
    app("restore", "HEAD", "--yes", code=0)
    assert {name: (dist / os.fsdecode(name)).read_bytes() for name in names} == {name: name for name in names}
    assert app("take", "--json", code=0).json["tree"] == tree
    fsck = ["git", "-C", app.root / "snapshots", "fsck", "--full", "--strict"]
    assert subprocess.run(fsck, capture_output=True, check=False).returncode == 0


def test_a_link_cannot_lead_a_restore_outside(app: Snap, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    dist = app.root / "dist"
    (dist / "sub").mkdir()
    (dist / "sub" / "passwd").write_text("ours")
    app("take", code=0)
    shutil.rmtree(dist / "sub")
    (dist / "sub").symlink_to(outside)
    (outside / "passwd").write_text("theirs")
    app("restore", "HEAD", "--yes", "--allow", "all")
    assert files(outside) == {str(outside / "passwd"): ((outside / "passwd").lstat().st_mode, b"theirs")}
    assert (dist / "sub" / "passwd").read_text() == "ours" and not (dist / "sub").is_symlink()


def test_links_that_go_nowhere_or_in_circles_are_links(app: Snap):
    dist = app.root / "dist"
    for name, target in (("gone", "/no/such/file"), ("circle", "circle"), ("up", "../.."), ("etc", "/etc")):
        (dist / name).symlink_to(target)
    tree = app("take", "--json", code=0).json["tree"]
    for name in ("gone", "circle", "up", "etc"):
        (dist / name).unlink()
    app("restore", "HEAD", "--yes", code=0)
    assert app("take", "--json", code=0).json["tree"] == tree
    assert str((dist / "etc").readlink()) == "/etc"


def test_a_clock_that_goes_backwards_loses_no_snapshot(app: Snap):
    late = app.home / "sitecustomize.py"
    late.write_text("import time\nreal = time.time\ntime.time = lambda: real() - 10**8\n")
    before = [entry["commit"] for entry in app("log", "--json").json["commits"]]
    deploy(app, "older")
    app.env["PYTHONPATH"] = str(app.home)
    commit = app("take", "--json", code=0).json["commit"]
    del app.env["PYTHONPATH"]
    listed = [entry["commit"] for entry in app("log", "--json", code=0).json["commits"]]
    assert listed == [commit, *before]
    assert app("show", "HEAD~1", "--json", code=0).json["commit"] == before[0]
    app("restore", "HEAD~2", "--yes", code=0)
    app("undo", "--yes", code=0)
    assert (app.root / "dist" / "app.js").read_text() == "older\n"


def test_very_long_names_and_messages_are_taken_or_refused_by_name(app: Snap):
    message = "long " * 20_000
    (app.root / "dist" / "more.js").touch()
    app("take", "-m", message, code=0)
    assert app("log", "-n", "1", code=0).stdout
    refused(app, "show", "x" * 5000, what="there is no snapshot")
    app.configure(CONFIG + f"[resources.{'n' * 300}]\nadapter = 'files'\npath = 'dist'\n")
    refused(app, "take", what="cannot be the name of a resource", where="snapstore.toml:8", fix="letters")
    app.configure(CONFIG.replace('"dist"', f'"{"d" * 300}"'))
    refused(app, "take", what="File name too long", where="build")


def test_an_env_file_that_is_no_file(app: Snap):
    (app.root / ".env").unlink()
    (app.root / ".env").mkdir()
    refused(app, "take", what="", where=".env")


def test_a_hazard_is_refused_and_the_plan_that_was_refused_is_shown(app: Snap):
    app.configure(CONFIG + '[restore]\nrefuse = ["irreversible"]\n')
    os.mkfifo(app.root / "dist" / "pipe")
    app("take", code=0)
    done = app("restore", "HEAD~1", "--yes")
    assert done.code == 3
    assert "--allow unverifiable" in done.stderr
    assert done.stderr.index("Plan: ") < done.stderr.index("refused, nothing was changed")
