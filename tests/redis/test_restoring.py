"""What a restore promises beyond bringing a server back: what it refuses, names, notices and leaves alone."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis

from snapstore.errors import Exit, SnapError
from snapstore.guard import PlanRefused
from snapstore.model import HazardName, PlanOptions, Scope
from snapstore.rehearsal.rehearse import rehearse
from snapstore.snapshot import kinds
from snapstore_redis.keyapply import KeyWriter
from tests.project import Project, well
from tests.redis import servers
from tests.redis.conftest import everything, keys, project

SLOTS = 16384


def hazards(place: Project, *patterns: str) -> dict[HazardName, str]:
    plan = place.plan("HEAD", *patterns)
    return {found.name: found.text for action in plan.actions for found in action.hazards}


# Configuration


def test_only_what_differs_is_set_and_all_of_it_or_nothing(newest: servers.Server, tmp_path: Path):
    place = project(tmp_path / "project", newest.url())
    client = newest.client()
    place.take()
    client.config_set("maxmemory", "1gb")
    client.config_set("slave-priority", "7")
    assert [action.statements for action in place.plan().actions] == [
        ("CONFIG SET maxmemory 0",),
        ("CONFIG SET replica-priority 100",),
    ]
    client.config_resetstat()
    well(place.restore())
    assert client.info("commandstats")["cmdstat_config|set"]["calls"] == 1


def test_what_only_a_restart_can_change_is_named_before_and_after(tmp_path: Path):
    with (
        servers.running("redis-8.2", tmp_path / "one") as one,
        servers.running("redis-8.2", tmp_path / "two", "--tcp-backlog", "77", "--maxmemory", "5mb") as two,
    ):
        place = project(tmp_path / "project", one.url())
        taken = place.take()
        settings = 'exclude = ["config:dir", "config:pidfile", "config:port"]'
        elsewhere = project(tmp_path / "project", two.url(), settings)
        found = hazards(elsewhere)[HazardName.UNVERIFIABLE]
        assert found.startswith("config:tcp-backlog: 77 → 511 can only be changed in the configuration file")
        _, proof = rehearse(elsewhere.ws, taken.commit, Scope(), PlanOptions())
        assert proof is not None
        assert [note.startswith("not shown: ") for note in proof.parts[0].notes] == [True]
        with pytest.raises(PlanRefused):
            elsewhere.restore(taken.commit, allow=())
        done = elsewhere.restore(taken.commit)
        assert done.exit == Exit.MISMATCH
        assert done.mismatches == ["cache:config:tcp-backlog is not as promised"]
        assert two.client().config_get("maxmemory") == {"maxmemory": "0"}


def test_a_password_is_given_back_to_whom_it_was_taken_from_even_to_ourselves(
    server: servers.Server, tmp_path: Path
):
    server.client().config_set("requirepass", "first")
    place = project(tmp_path / "project", server.url(0, "default", "first"))
    taken = place.take()
    ours = server.client(password="first")
    ours.config_set("requirepass", "second")
    ours.acl_setuser("default", enabled=True, passwords=["+third"], keys="*", commands=["+@all"])
    changed = project(tmp_path / "project", server.url(0, "default", "second"))
    well(changed.restore(taken.commit))
    assert everything(server, password="first")["config"]["requirepass"] == "first"
    with pytest.raises(redis.AuthenticationError):
        server.client(password="third").ping()
    # Undone, the password of the url is right again.
    well(project(tmp_path / "project", server.url(0, "default", "first")).undo())
    assert server.client(password="third").ping()


@pytest.mark.parametrize("file", ["", "users.acl"])
def test_what_is_restored_outlives_a_restart_where_asked_to(file: str, tmp_path: Path):
    folder = tmp_path / "server"
    folder.mkdir()
    acl = f"aclfile {folder}/{file}\n" if file else ""
    if file:
        (folder / file).touch()
    config = f"port 0\n{acl}"
    with servers.running("redis-8.2", folder, config=config) as first:
        place = project(tmp_path / "project", first.url(), "persist = true")
        first.client().config_set("maxmemory", "1gb")
        first.client().acl_setuser("app", enabled=True, passwords=["+pw"], commands=["+get"], keys="a:*")
        place.take()
        first.client().config_set("maxmemory", "2gb")
        first.client().acl_deluser("app")
        statements = place.plan().actions[-1].statements
        assert statements == ("CONFIG REWRITE", "ACL SAVE, where there is an ACL file")
        well(place.restore())
    written = (folder / "redis.conf").read_text()
    assert "maxmemory 1gb" in written
    assert "user app on" in ((folder / file).read_text() if file else written)


def test_what_could_not_be_persisted_is_refused_before_it_is_restored(newest: servers.Server, tmp_path: Path):
    place = project(tmp_path / "project", newest.url(), "persist = true")
    place.take()
    newest.client().config_set("maxmemory", "1gb")
    with pytest.raises(SnapError, match="has no configuration file"):
        place.restore()
    assert newest.client().config_get("maxmemory") == {"maxmemory": str(1 << 30)}


# Where it is refused


def test_a_replica_is_refused_by_name(server: servers.Server, tmp_path: Path):
    follow = ("--replicaof", "127.0.0.1", str(server.port))
    with servers.running(server.name, tmp_path / "replica", *follow) as copy:
        server.client().set("k", "v")
        _until(lambda: copy.client().get("k") == b"v")
        place = project(tmp_path / "project", copy.url())
        notices = place.take().notices["cache"]
        assert "is a replica" in notices[0].text
        server.client().set("k", "w")
        _until(lambda: copy.client().get("k") == b"w")
        with pytest.raises(SnapError, match="the server is a replica") as refused:
            place.restore()
        assert refused.value.code == Exit.REFUSED
        assert copy.client().get("k") == b"w"


def test_a_node_of_a_cluster_is_restored_in_all_its_slots(server: servers.Server, tmp_path: Path):
    with servers.running(server.name, tmp_path / "node", "--cluster-enabled", "yes") as node:
        client = node.client()
        ranges = ["ADDSLOTSRANGE", 0, 16383] if node.speaks >= (7,) else ["ADDSLOTS", *range(16384)]
        client.execute_command("CLUSTER", *ranges)
        _until(lambda: b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO"))
        for number in range(50):
            client.set(f"k{number}", number, px=10**8)
            client.hset(f"h{number}", "a", str(number))
        place = project(tmp_path / "project", node.url())
        taken, before = place.take(), keys(node)
        assert "one node of a cluster" in taken.notices["cache"][0].text
        for number in range(0, 50, 2):
            client.delete(f"k{number}")
            client.hset(f"h{number}", "b", "new")
        changed = keys(node)
        well(place.restore())
        assert keys(node) == before
        well(place.undo())
        assert keys(node) == changed


@contextmanager
def _cluster(folder: Path) -> Iterator[list[servers.Server]]:
    """Three nodes with a third of the slots each."""
    with ExitStack() as stack:
        options = ("--cluster-enabled", "yes")
        nodes = [
            stack.enter_context(servers.running("redis-8.2", folder / f"node{n}", *options)) for n in range(3)
        ]
        for number, node in enumerate(nodes):
            first, last = SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1
            node.client().execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            node.client().execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in nodes[1:]:
            nodes[0].client().execute_command("CLUSTER", "MEET", "127.0.0.1", node.port)
        for node in nodes:
            _until(lambda node=node: b"cluster_state:ok" in node.client().execute_command("CLUSTER", "INFO"))
        yield nodes


def _of_slots(nodes: list[servers.Server], key: str) -> Any:
    """A client of the node that has a key."""
    slot = int(nodes[0].client().execute_command("CLUSTER", "KEYSLOT", key))
    return nodes[slot * 3 // SLOTS].client()


def test_a_cluster_is_restored_by_a_resource_for_each_node(newest: servers.Server, tmp_path: Path):
    with _cluster(tmp_path / "cluster") as nodes:
        for number in range(60):
            _of_slots(nodes, f"k{number}").set(f"k{number}", number)
            _of_slots(nodes, f"page:{number}").set(f"page:{number}", "x")
        settings = 'keys = ["k*"]\npurge = ["page:*"]'
        more = "".join(
            f'[resources.node{n}]\nadapter = "redis"\nurl = "{node.url()}"\n{settings}\n'
            for n, node in enumerate(nodes[1:], 1)
        )
        place = project(tmp_path / "project", nodes[0].url(), settings, more)
        place.take()
        for number in range(0, 60, 2):
            _of_slots(nodes, f"k{number}").delete(f"k{number}")
            _of_slots(nodes, f"k{number + 1}").set(f"k{number + 1}", "changed")
        well(place.restore())
        found = {key: value["value"] for node in nodes for key, value in keys(node).items()}
        assert found == {f"k{number}".encode(): str(number).encode() for number in range(60)}


def test_a_slot_that_has_moved_to_another_node_is_named(newest: servers.Server, tmp_path: Path):
    with _cluster(tmp_path / "cluster") as nodes:
        slot = int(nodes[0].client().execute_command("CLUSTER", "KEYSLOT", "moving"))
        here = nodes[slot * 3 // SLOTS]
        there = nodes[(nodes.index(here) + 1) % 3]
        here.client().set("moving", "1")
        place = project(tmp_path / "project", here.url())
        place.take()
        here.client().delete("moving")
        name = there.client().execute_command("CLUSTER", "MYID")
        for node in (there, here, *nodes):
            node.client().execute_command("CLUSTER", "SETSLOT", slot, "NODE", name)
        done = place.restore()
        assert "is with another node of the cluster by now" in str(done.outcomes[0].error)


def test_two_restores_of_one_server_keep_apart(newest: servers.Server, tmp_path: Path):
    place = project(tmp_path / "project", newest.url())
    place.take()
    newest.client().set("k", "v")
    other = newest.client(client_name="snapstore-restore")
    other.ping()
    with pytest.raises(SnapError, match="restore of this server is running") as refused:
        place.restore()
    assert refused.value.code == Exit.LOCKED
    other.close()
    _until(lambda: len(newest.client().client_list()) <= 2)
    well(place.restore())


def test_two_resources_on_one_server_are_restored_together(newest: servers.Server, tmp_path: Path):
    more = f'[resources.sessions]\nadapter = "redis"\nurl = "{newest.url(1)}"\nkeys = ["*"]\nconfig = false\n'
    place = project(tmp_path / "project", newest.url(), more=more)
    place.take()
    newest.client().set("k", "v")
    newest.client(1).set("k", "v")
    well(place.restore())
    assert not newest.client().keys() + newest.client(1).keys()


# Keys


def test_a_key_that_somebody_changed_since_the_plan_is_not_overwritten(
    server: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place = project(tmp_path / "project", server.url())
    client = server.client()
    client.set("k", "old")
    client.set("l", "old")
    place.take()
    client.set("k", "new")
    client.set("l", "new")
    compared = KeyWriter._as_planned

    def meddled(self: Any, key: Any, now: Any) -> bool:
        answer = compared(self, key, now)
        client.set("l", "somebody else's")
        return answer

    monkeypatch.setattr(KeyWriter, "_as_planned", meddled)
    done = place.restore()
    assert "the key l was changed by somebody else" in str(done.outcomes[0].error)
    assert (client.get("k"), client.get("l")) == (b"new", b"somebody else's")
    monkeypatch.undo()
    well(place.restore())
    assert (client.get("k"), client.get("l")) == (b"old", b"old")
    well(place.undo())
    assert (client.get("k"), client.get("l")) == (b"new", b"somebody else's")


def test_a_server_that_takes_no_writes_now_says_so_and_is_left_as_it_is(
    server: servers.Server, tmp_path: Path
):
    place = project(tmp_path / "project", server.url(), 'keys = ["*"]\nconfig = false')
    client = server.client()
    client.mset({"k": "old", "l": "old"})
    place.take()
    client.mset({"k": "new", "l": "new"})
    client.config_set("maxmemory", 1)
    done = place.restore()
    assert "the keys cannot be written: OOM command not allowed" in str(done.outcomes[0].error)
    assert client.mget("k", "l") == [b"new", b"new"]
    client.config_set("maxmemory", 0)
    well(place.restore())
    assert client.mget("k", "l") == [b"old", b"old"]


def test_what_was_not_asked_for_then_is_not_deleted_now(newest: servers.Server, tmp_path: Path):
    client = newest.client()
    client.mset({"config:a": "1", "flags:b": "1"})
    narrow = project(tmp_path / "project", newest.url(), 'keys = ["config:*"]\nusers = false')
    narrow.take()
    wide = project(tmp_path / "project", newest.url(), 'keys = ["*"]\nexclude = ["config:maxmemory*"]')
    client.set("config:a", "2")
    client.acl_setuser("app", enabled=True)
    client.config_set("maxmemory", "1gb")
    well(wide.restore())
    assert keys(newest).keys() == {b"config:a", b"flags:b"}
    assert client.get("config:a") == b"1"
    assert "app" in client.acl_users()
    assert client.config_get("maxmemory") == {"maxmemory": str(1 << 30)}


def test_a_key_that_has_expired_since_is_not_owed(server: servers.Server, tmp_path: Path):
    place = project(tmp_path / "project", server.url())
    client = server.client()
    client.set("short", "v", px=400)
    client.set("again", "v", px=400)
    client.set("long", "v", px=10**8)
    place.take()
    _until(lambda: client.get("short") is None)
    client.set("again", "another")
    client.delete("long")
    well(place.restore())
    assert keys(server).keys() == {b"long"}


def test_a_field_that_has_expired_since_is_not_owed(newest: servers.Server, tmp_path: Path):
    place = project(tmp_path / "project", newest.url())
    client = newest.client()
    client.hset("h", mapping={"short": "1", "long": "1", "ever": "1"})
    client.execute_command("HPEXPIRE", "h", 400, "FIELDS", 1, "short")
    client.execute_command("HPEXPIRE", "h", 10**8, "FIELDS", 1, "long")
    taken = place.take()
    _until(lambda: client.hget("h", "short") is None)
    assert place.plan().actions == []
    client.hset("h", "ever", "2")
    well(place.restore(taken.commit))
    assert client.hgetall("h") == {b"long": b"1", b"ever": b"1"}


def test_one_key_of_many_can_be_restored_alone(newest: servers.Server, tmp_path: Path):
    place = project(tmp_path / "project", newest.url())
    client = newest.client()
    client.mset({"flags:a": "1", "flags:b": "1", "other": "1"})
    place.take()
    client.mset({"flags:a": "2", "flags:b": "2", "other": "2"})
    well(place.restore("HEAD", "cache:flags:a"))
    assert client.mget("flags:a", "flags:b", "other") == [b"1", b"2", b"2"]


def test_of_many_keys_one_that_changes_is_one_page_that_changes(newest: servers.Server, tmp_path: Path):
    client = newest.client()
    client.mset({f"k{n}": n for n in range(5000)})
    place = project(tmp_path / "project", newest.url())
    first = place.take()
    snapshot = place.ws.store.snapshot(first.commit)
    assert kinds(snapshot, "cache")["key"] == 5000
    client.set("k77", "another")
    second = place.take()
    differ = [
        "git", "-C", str(place.ws.store.path), "diff", "--name-only", first.commit, second.commit,
    ]  # fmt: skip
    names = subprocess.run(differ, capture_output=True, check=True, text=True).stdout.split()
    assert len(names) == 1
    assert names[0].startswith("cache/pages/keys/")
    for number in range(0, 5000, 3):
        client.delete(f"k{number}")
    well(place.restore(first.commit))
    assert place.take().tree == first.tree


def test_too_many_keys_are_refused_with_their_number(newest: servers.Server, tmp_path: Path):
    newest.client().mset({f"k{n}": n for n in range(30)})
    place = project(tmp_path / "project", newest.url(), 'keys = ["k*", "k1*"]\nmax_keys = 30')
    place.take()
    newest.client().set("k30", "1")
    with pytest.raises(SnapError, match=r"more than 30 keys match k\*, k1\*"):
        place.take()


def test_a_snapshot_goes_from_version_to_version(tmp_path: Path):
    names = [name for name in servers.NAMES if servers.program(name)]
    for old in names:
        for new in names:
            if old != new:
                _goes(tmp_path / f"{old}-{new}", old, new)


@pytest.mark.parametrize("words", [("REDUCE", 8), ("Q8",), ("NOQUANT",), ("BIN", "M", 4)])
def test_vectors_come_back_with_their_links(newest: servers.Server, tmp_path: Path, words: tuple[Any, ...]):
    place = project(tmp_path / "project", newest.url())
    client, number = newest.client(), Random(4)
    reduce, words = (words, ()) if words[0] == "REDUCE" else ((), words)
    for name in ["-70000", *(f"$\xff{name}" * 9 for name in range(60))]:
        vector = [number.uniform(-1, 1) for _ in range(20)]
        client.execute_command("VADD", "v", *reduce, "VALUES", 20, *vector, name, *words)
        client.execute_command("VSETATTR", "v", name, f'{{"of": "{"long " * number.randrange(50)}"}}')
    promised, taken = keys(newest), place.take()
    client.execute_command("VREM", "v", -70000)
    client.execute_command("VSETATTR", "v", "$\xff1" * 9, "")
    changed = keys(newest)
    well(place.restore(taken.commit))
    assert keys(newest) == promised
    well(place.undo())
    assert keys(newest) == changed


def test_a_server_that_knows_no_vectors_is_given_the_rest(newest: servers.Server, tmp_path: Path):
    settings = 'keys = ["*"]\nconfig = false'
    newest.client().execute_command("VADD", "v", "VALUES", 2, 1, 2, "element")
    newest.client().set("text", "comes")
    taken = project(tmp_path / "project", newest.url(), settings).take()
    with servers.running("redis-6.2", tmp_path / "old") as old:
        place = project(tmp_path / "project", old.url(), settings)
        assert hazards(place)[HazardName.UNVERIFIABLE] == "v: the server knows no vector sets"
        done = place.restore(taken.commit)
        assert (done.exit, done.mismatches) == (Exit.MISMATCH, ["cache:key:v is missing"])
        assert old.client().keys() == [b"text"]


def _goes(folder: Path, old: str, new: str) -> None:
    settings = 'keys = ["*"]\nconfig = false'
    with servers.running(old, folder / "old") as source, servers.running(new, folder / "new") as sink:
        client = source.client()
        client.zadd("z", {"a": 0.1, "b": float("inf"), "c": 1e22})
        client.hset("h", mapping={"f": "v", "": "empty"})
        client.xadd("s", {"a": "1"}, id="1-1")
        client.xadd("s", {"a": "1"}, id="1-2")
        client.xgroup_create("s", "g", "0")
        client.xreadgroup("g", "c", {"s": ">"})
        client.xdel("s", "1-1")
        client.acl_setuser("app", enabled=True, passwords=["+pw"], commands=["+get"], keys="a:*")
        place = project(folder / "project", source.url(), settings)
        taken = place.take()
        elsewhere = project(folder / "project", sink.url(), settings)
        well(elsewhere.restore(taken.commit))
        assert "app" in sink.client().acl_users()
        found, expected = keys(sink), keys(source)
        assert found[b"h"]["value"] == expected[b"h"]["value"]
        assert found[b"z"]["value"] == expected[b"z"]["value"]
        assert found[b"s"]["value"][b"entries"] == expected[b"s"]["value"][b"entries"]
        groups = [
            [{name: group[name] for name in (b"name", b"last-delivered-id", b"pending")} for group in groups]
            for groups in (found[b"s"]["value"][b"groups"], expected[b"s"]["value"][b"groups"])
        ]
        assert groups[0] == groups[1]


# Users and functions


def test_a_user_who_gets_more_is_a_matter_of_security(server: servers.Server, tmp_path: Path):
    place = project(tmp_path / "project", server.url())
    client = server.client()
    client.acl_setuser("app", enabled=True, passwords=["+pw"], commands=["+@all"], keys="*")
    place.take()
    client.acl_setuser("app", enabled=True, reset=True, passwords=["+pw"], commands=["+get"], keys="a:*")
    assert hazards(place)[HazardName.SECURITY].startswith("user app gets ")
    well(place.restore())
    client.acl_setuser("app", enabled=False)
    client.acl_setuser("extra", enabled=True, nopass=True)
    assert hazards(place).keys() == {HazardName.SECURITY}
    well(place.restore())
    client.acl_setuser("extra", enabled=True, nopass=True)
    assert not hazards(place)


def test_a_pattern_of_a_selector_may_end_in_a_parenthesis(newest: servers.Server, tmp_path: Path):
    place = project(tmp_path / "project", newest.url())
    newest.client().execute_command(
        "ACL", "SETUSER", "app", "on", "nopass", "~(a)", "(~f(x) &(y) +get)", "(+set ~z)"
    )
    before = everything(newest)
    place.take()
    newest.client().acl_deluser("app")
    well(place.restore())
    assert everything(newest) == before


def test_functions_that_changed_their_library_find_back(newest: servers.Server, tmp_path: Path):
    def library(name: str, function: str) -> None:
        code = (
            f"#!lua name={name}\nredis.register_function('{function}', function(k, a) return '{name}' end)\n"
        )
        newest.client().execute_command("FUNCTION", "LOAD", "REPLACE", code)

    place = project(tmp_path / "project", newest.url())
    library("one", "f")
    library("two", "g")
    place.take()
    newest.client().execute_command("FUNCTION", "FLUSH")
    library("one", "g")
    library("two", "f")
    well(place.restore())
    assert newest.client().execute_command("FCALL", "f", 0) == b"one"
    well(place.undo())
    assert newest.client().execute_command("FCALL", "f", 0) == b"two"


# After a restore

WITH_FILE = """
[resources.env]
adapter = "dotenv"
path = ".env"
"""


def _with_env(folder: Path, url: str, settings: str) -> Project:
    place = project(folder, url, settings, WITH_FILE)
    (folder / ".env").write_text("A=1\n")
    place.take()
    (folder / ".env").write_text("A=2\n")
    return place


def test_the_cache_is_purged_after_a_restore_of_anything(newest: servers.Server, tmp_path: Path):
    client = newest.client()
    client.mset({f"cache:{n}": n for n in range(3000)} | {"cache:flags": "1", "other": "1"})
    place = _with_env(tmp_path / "project", newest.url(), 'keys = ["cache:flags"]\npurge = ["cache:*"]')
    last = place.plan().actions[-1]
    assert (last.resource, last.summary, last.hazards) == ("cache", "purge the cache: cache:*", ())
    well(place.restore(allow=()))
    assert sorted(client.keys()) == [b"cache:flags", b"other"]
    client.set("cache:new", "1")
    assert place.plan().actions == []
    place.restore()
    assert client.exists("cache:new")


def test_to_purge_everything_has_to_be_allowed(newest: servers.Server, tmp_path: Path):
    newest.client().set("other", "1")
    place = _with_env(tmp_path / "project", newest.url(), 'purge = ["*"]')
    with pytest.raises(PlanRefused, match="data-loss"):
        place.restore(allow=())
    assert newest.client().exists("other")
    well(place.restore(allow=[HazardName.DATA_LOSS]))
    assert not newest.client().exists("other")


def test_a_purge_that_was_interrupted_is_done_by_resuming(
    newest: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    newest.client().set("cache:a", "1")
    place = _with_env(tmp_path / "project", newest.url(), 'purge = ["cache:*"]')

    def broken(*words: Any) -> None:
        raise SnapError("no")

    monkeypatch.setattr("snapstore_redis.apply.purge", broken)
    assert place.restore().problems
    monkeypatch.undo()
    well(place.resume())
    assert not newest.client().exists("cache:a")


def test_a_cache_that_is_not_as_expected_is_reported(newest: servers.Server, tmp_path: Path):
    settings = 'purge = ["cache:*"]\nexpect = "{}"\nexpect_within = 0.5\nquiet_for = 0.2\n'
    place = _with_env(tmp_path / "project", newest.url(), settings.format("warm"))
    done = place.restore()
    assert "the cache is not warm after 0.5 s" in str(done.outcomes[-1].error)
    bypassed = project(tmp_path / "project", newest.url(), settings.format("bypassed"), WITH_FILE)
    well(bypassed.resume())


def test_a_cache_that_is_warm_again_is_waited_for(newest: servers.Server, tmp_path: Path):
    settings = 'purge = ["page:*"]\nexpect = "warm"\nexpect_within = 20\nhit_rate = 0.8\nquiet_for = 0.2'
    place = _with_env(tmp_path / "project", newest.url(), settings)
    newest.client().set("page:home", "x")
    over = threading.Event()

    def visit() -> None:
        """A page is made when it is missing, as applications do."""
        client = newest.client()
        while not over.wait(0.01):
            if client.get("page:home") is None:
                client.set("page:home", "y")

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        well(place.restore())
    finally:
        over.set()
        visitor.join()
    assert newest.client().get("page:home") == b"y"


def _until(done: Any) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)
