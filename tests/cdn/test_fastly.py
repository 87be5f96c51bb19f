"""Fastly: an earlier version is activated where it is still there, and made anew where it is not."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from snapstore import journal
from snapstore.errors import SnapError
from snapstore.model import HazardName, Plan
from snapstore_cdn.fastly import versions
from snapstore_cdn.fastly.provider import _Fastly
from tests.cdn.fastly import AT_ONCE, IMAGE, IMAGES, SERVICE, TOKEN, Fastly, Parts, running
from tests.conftest import Snap
from tests.dns.gateway import FAILURES, Failure, ways
from tests.project import goes_and_comes, in_rounds, project, well

ROUNDS = int(os.environ.get("SNAPSTORE_CDN_ROUNDS", "4"))
EVERY = "SNAPSTORE_CDN_FAULTS" in os.environ
STEP = 1 if EVERY else 31
SECRET = "AKIA-only-logs-know-this"
PARTS: Parts = {
    "http3": {"http3": {"feature_revision": 1}},
    "domain": {"www.example.com": {"name": "www.example.com", "comment": ""}},
    "condition": {"mobile": {"name": "mobile", "statement": 'req.http.ua ~ "x"', "type": "REQUEST"}},
    "backend": {
        "origin 1": {"name": "origin 1", "address": "192.0.2.1", "port": 443, "ssl_check_cert": True}
    },
    "director": {
        "all": {"name": "all", "backends": ["origin 1"], "quorum": 75},
        "spare": {"name": "spare", "backends": []},
    },
    "vcl": {"main": {"name": "main", "main": True, "content": "sub vcl_recv {\n}\n"}},
    "logging/s3": {"logs": {"name": "logs", "bucket_name": "b", "secret_key": SECRET}},
    "dictionary": {"flags": {"name": "flags", "write_only": False}},
    "acl": {"office": {"name": "office"}},
    "snippet": {"live": {"name": "live", "dynamic": "1", "type": "recv", "priority": "100"}},
    "pool": {"eu": {"name": "eu", "type": "random", "quorum": "75"}},
    "rate-limiters": {
        "login": {"name": "login", "client_key": ["client.ip"], "rps_limit": 10, "http_methods": ["POST"]},
        "gone": {"name": "gone", "action": "response", "response": {"status": "429", "content": "slowly"}},
    },
    "resource": {
        "prices": {"name": "prices", "resource_id": "store1"},
        "flags": {"name": "flags", "resource_id": "store2"},
    },
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snapstore.remote.retrying._PAUSE", 0.001)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those kinds that the tests have any of: each takes a request for each reading."""
    some = {
        kind: path for kind, path in versions.KINDS.items() if path in {*PARTS, "header", "logging/https"}
    }
    monkeypatch.setattr(versions, "KINDS", some)


@pytest.fixture
def fastly() -> Iterator[Fastly]:
    with running() as started:
        begin(started)
        yield started


def begin(fastly: Fastly) -> None:
    """Something of every kind, and held."""
    fastly.reset(copy.deepcopy(PARTS))
    fastly.hold("dictionary", "flags").update({"a/b": "1", "gone": "soon"})
    fastly.hold("snippet", "live")["content"] = "esi;\n"
    fastly.enter("office", "192.0.2.0", 24, comment="all")
    fastly.enter("office", "192.0.2.9", negated="1")
    fastly.enter("office", "2001:db8::1")
    fastly.serve("eu", "192.0.2.1", weight=50)
    fastly.serve("eu", "192.0.2.1", weight=60, comment="the same again")
    fastly.serve("eu", "2001:db8::1", 8443)


def settings(fastly: Fastly, more: str = "") -> str:
    head = f'[resources.edge]\nadapter = "cdn"\nprovider = "fastly"\nserver = "{fastly.url}"\n'
    return f'{head}key = "{TOKEN}"\nids = ["{SERVICE}"]\n{more}'


def other(parts: Parts) -> None:
    """Changes something of every kind."""
    parts["settings"][""]["general.default_ttl"] = 60
    parts["domain"]["shop.example.com"] = {"name": "shop.example.com", "comment": "new"}
    parts["http3"].clear()
    del parts["condition"]["mobile"]
    parts["condition"]["desktop"] = {"name": "desktop", "statement": "true", "type": "REQUEST"}
    parts["backend"] = {
        "new/one": {
            "name": "new/one",
            "address": "192.0.2.9",
            "request_condition": "desktop",
            "weight": None,
        },
        "origin 1": {**parts["backend"]["origin 1"], "port": 80, "max_conn": 7},
    }
    del parts["director"]["spare"]
    parts["director"]["all"] = {"name": "all", "backends": ["new/one"], "quorum": 1}
    parts["vcl"]["main"]["content"] = "sub vcl_recv {\n  esi;\n}\n"
    parts["logging/s3"]["logs"]["secret_key"] = "another"
    parts["pool"]["eu"]["quorum"] = "1"
    parts["rate-limiters"]["login"] |= {"rps_limit": 100, "client_key": ["req.http.Key"]}
    parts["rate-limiters"]["new"] = {"name": "new", "uri_dictionary_name": "flags"}
    del parts["rate-limiters"]["gone"]
    parts["resource"]["prices"]["resource_id"] = "store3"
    parts["resource"]["new"] = {"name": "new", "resource_id": "store2"}
    del parts["resource"]["flags"]
    parts[IMAGE] = {IMAGE: {**IMAGES, "webp": True}}


def hold_other(fastly: Fastly) -> None:
    """Changes something of everything that no version holds."""
    items, entries = fastly.hold("dictionary", "flags"), fastly.hold("acl", "office")
    items.update({"a/b": "2", "new": "", **{f"many {n}": "" for n in range(250)}})
    del items["gone"]
    fastly.hold("snippet", "live")["content"] = ""
    del entries[next(key for key, one in entries.items() if one["subnet"] == 24)]
    next(iter(entries.values()))["comment"] = "why"
    fastly.enter("office", "198.51.100.7")
    fastly.enter("office", "198.51.100.7", negated="1")
    servers = fastly.hold("pool", "eu")
    del servers[next(iter(servers))]
    next(iter(servers.values())).update(weight=7, comment=None, override_host="a.example.com")
    fastly.serve("eu", "198.51.100.7", disabled=True)


def test_the_earlier_version_is_activated_where_it_is_still_there(fastly: Fastly, tmp_path: Path):
    place = project(tmp_path / "project", settings(fastly))
    before, taken = fastly.everything(), place.take()
    fastly.deploy(other)
    after = fastly.everything()
    well(place.restore(taken.commit))
    assert fastly.activated == [1]
    assert fastly.everything() == before
    well(place.undo())
    assert fastly.activated == [1, 2]
    assert fastly.everything() == after
    assert len(fastly.versions) == 2


def test_a_version_that_is_gone_is_made_anew(fastly: Fastly, tmp_path: Path):
    place = project(tmp_path / "project", settings(fastly))
    before, taken = fastly.everything(), place.take()
    fastly.deploy(other)
    after = fastly.everything()
    del fastly.versions[1]
    well(place.restore(taken.commit))
    assert fastly.activated == [3]
    assert fastly.everything() == before
    assert place.take().tree == taken.tree
    well(place.undo())
    assert fastly.activated == [3, 2]
    assert fastly.everything() == after


def test_a_part_of_it_comes_back_in_a_version_of_its_own(fastly: Fastly, tmp_path: Path):
    place = project(tmp_path / "project", settings(fastly))
    taken = place.take()
    fastly.deploy(other)
    well(place.restore(taken.commit, "edge:vcl:*"))
    assert fastly.activated == [3]
    assert "esi" not in fastly.everything()["vcl"]["main"]["content"]
    assert "shop.example.com" in fastly.everything()["domain"]


def test_what_fastly_does_not_find_valid_is_not_activated(fastly: Fastly, tmp_path: Path):
    place = project(tmp_path / "project", settings(fastly))
    fastly.deploy(other)
    taken = place.take()
    fastly.deploy(lambda parts: parts["backend"].pop("new/one") and parts["condition"].pop("desktop"))
    before = fastly.everything()
    done = place.restore(taken.commit, "edge:backend:*")
    assert "no condition desktop" in str(done.outcomes[0].error)
    assert fastly.everything() == before
    assert not fastly.activated


def test_another_version_that_became_active_meanwhile_is_left_alone(
    fastly: Fastly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place = project(tmp_path / "project", settings(fastly))
    taken = place.take()
    fastly.deploy(other)
    whole = _Fastly.write

    def write(self: Any, changes: Any, begun: Any) -> None:
        fastly.deploy(lambda parts: parts["vcl"]["main"].update(content="from somebody else"))
        whole(self, changes, begun)

    monkeypatch.setattr(_Fastly, "write", write)
    done = place.restore(taken.commit)
    assert "changed by somebody else" in str(done.outcomes[0].error)
    assert not fastly.activated


def test_secrets_are_sealed(fastly: Fastly, tmp_path: Path):
    place = project(tmp_path / "project", settings(fastly))
    taken = place.take()
    fastly.deploy(other)
    assert SECRET not in str(place.plan(taken.commit))


def test_what_no_version_holds_comes_back_without_a_new_version(fastly: Fastly, tmp_path: Path):
    place = project(tmp_path / "project", settings(fastly))
    goes_and_comes(place, fastly.everything, lambda: hold_other(fastly))
    assert fastly.steps[:6] == [
        "dictionary create+delete+update",
        "acl create+delete+update",
        *["pool write"] * 3,
        "snippet write",
    ]
    assert "activate" not in fastly.steps


def test_what_a_new_version_may_refer_to_comes_before_it_and_goes_after_it(fastly: Fastly, tmp_path: Path):
    place = project(tmp_path / "project", settings(fastly))
    taken = place.take()
    fastly.deploy(other)
    hold_other(fastly)
    fastly.steps.clear()
    well(place.restore(taken.commit))
    at = fastly.steps.index("activate")
    first, last = fastly.steps[:at], fastly.steps[at + 1 :]
    assert first == ["dictionary create+update", "acl create+update", *["pool write"] * 2, "snippet write"]
    assert last == ["dictionary delete", "acl delete", "pool write"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_holder_that_went_comes_back_full(fastly: Fastly, tmp_path: Path, is_there: bool):
    """In the version that has it; anew, filled unseen, where its holders hold something else by now."""
    place = project(tmp_path / "project", settings(fastly))
    before, taken = fastly.everything(), place.take()
    if not is_there:
        hold_other(fastly)
    fastly.deploy(lambda parts: [parts.pop(kind) for kind in ("dictionary", "acl", "pool", "snippet")])
    fastly.steps.clear()
    well(place.restore(taken.commit))
    assert fastly.everything() == before
    assert fastly.activated == ([1] if is_there else [3])
    assert fastly.steps[-1] == "activate"


def test_items_go_in_as_few_requests_as_fastly_takes(fastly: Fastly, tmp_path: Path):
    items = fastly.hold("dictionary", "flags")
    items.update({f"key {number}": str(number) for number in range(AT_ONCE + 500)})
    before = fastly.everything()
    place = project(tmp_path / "project", settings(fastly))
    taken = place.take()
    items.clear()
    fastly.steps.clear()
    well(place.restore(taken.commit, "edge:item:*"))
    assert fastly.steps == ["dictionary create"] * 2
    assert fastly.everything() == before


@pytest.mark.parametrize("kind", ["pool", "acl"])
def test_several_of_one_address_become_fewer_and_others_with_a_new_version(
    fastly: Fastly, tmp_path: Path, kind: str
):
    """Where what they become is written before what goes is removed: neither is taken for somebody else's."""
    at = "198.51.100.1"

    def put(text: str) -> None:
        fastly.serve("eu", at, comment=text) if kind == "pool" else fastly.enter("office", at, comment=text)

    def change() -> None:
        fastly.deploy(lambda parts: parts["settings"][""].update({"general.default_ttl": 1}))
        del fastly.versions[1]
        holding = fastly.hold(kind, "eu" if kind == "pool" else "office")
        next(one for one in holding.values() if one["comment"] == "third")["comment"] = "first"
        put("second")

    put("third")
    goes_and_comes(project(tmp_path / "project", settings(fastly)), fastly.everything, change)


def test_a_text_becomes_dynamic_and_back(fastly: Fastly, tmp_path: Path):
    static = {"name": "live", "dynamic": "0", "type": "recv", "content": "esi;\n"}
    place = project(tmp_path / "project", settings(fastly))

    def change() -> None:
        fastly.deploy(lambda parts: parts["snippet"].update(live=static))
        del fastly.versions[1]

    goes_and_comes(place, fastly.everything, change)


def test_items_of_private_dictionaries_are_told_apart_and_never_written(fastly: Fastly, tmp_path: Path):
    fastly.deploy(lambda parts: parts["dictionary"].update(keys={"name": "keys", "write_only": True}))
    fastly.hold("dictionary", "keys")["api"] = "nobody is told"
    place = project(tmp_path / "project", settings(fastly))
    taken = place.take()
    fastly.hold("dictionary", "flags")["a/b"] = "2"
    assert not place.plan(taken.commit).notes
    fastly.hold("dictionary", "keys")["api"] = "another"
    found = [hazard.text for one in place.plan(taken.commit).actions for hazard in one.hazards]
    assert found == [
        f"private-items:{SERVICE}/keys: nobody is told the items of a private dictionary; "
        "write them yourself where they are gone"
    ]
    assert not place.restore(taken.commit).verified
    assert fastly.hold("dictionary", "keys") == {"api": "another"}
    assert fastly.hold("dictionary", "flags")["a/b"] == "1"


def test_items_are_sealed_by_their_key_or_by_the_settings(fastly: Fastly, tmp_path: Path):
    items = fastly.hold("dictionary", "flags")
    items.update({"Api-Key": "only for us", "who": "nobody else", "keyboard": "for everybody"})
    place = project(tmp_path / "project", settings(fastly, 'sealed = ["item:*/flags/who"]\n'))
    taken = place.take()
    before = fastly.everything()
    items.update({"Api-Key": "changed", "who": "changed too", "keyboard": "plain"})
    told = str(place.plan(taken.commit))
    assert "for everybody" in told
    for secret in ("only for us", "nobody else", "changed"):
        assert secret not in told
    well(place.restore(taken.commit))
    assert fastly.everything() == before


def test_what_somebody_else_wrote_into_a_dictionary_meanwhile_is_left_alone(
    fastly: Fastly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place = project(tmp_path / "project", settings(fastly))
    taken = place.take()
    items = fastly.hold("dictionary", "flags")
    items["a/b"] = "2"
    whole = _Fastly.write

    def write(self: Any, changes: Any, begun: Any) -> None:
        items["a/b"] = "3"
        whole(self, changes, begun)

    monkeypatch.setattr(_Fastly, "write", write)
    done = place.restore(taken.commit)
    assert "changed by somebody else" in str(done.outcomes[0].error)
    assert items["a/b"] == "3"


def test_items_without_their_dictionary_say_what_to_restore_too(fastly: Fastly, tmp_path: Path):
    place = project(tmp_path / "project", settings(fastly))
    taken = place.take()
    fastly.deploy(lambda parts: parts.pop("dictionary"))
    done = place.restore(taken.commit, "edge:item:*")
    assert f"--only 'edge:dictionary:{SERVICE}/flags'" in str(done.outcomes[0].error)


def test_what_linked_stores_hold_is_named_and_nothing_to_repair(fastly: Fastly, snap: Snap, tmp_path: Path):
    snap.configure(settings(fastly))
    snap("init", code=0)
    assert "edge: well" in snap("doctor", code=0).stdout
    notices = [
        notice
        for some in project(tmp_path / "another", settings(fastly)).take().notices.values()
        for notice in some
    ]
    assert [(notice.subject, notice.text) for notice in notices] == [
        (f"{SERVICE}: kv-store prices", "what it holds is not captured"),
        (f"{SERVICE}: config flags", "what it holds is not captured"),
    ]


@pytest.mark.parametrize("there", [True, False])
def test_what_the_image_optimizer_does_is_set_to_its_defaults_where_nothing_was_set(
    fastly: Fastly, tmp_path: Path, there: bool
):
    place = project(tmp_path / "project", settings(fastly))
    if there:
        fastly.deploy(lambda parts: parts.update({IMAGE: {IMAGE: {**IMAGES, "jpeg_quality": 1}}}))

    def change() -> None:
        fastly.deploy(lambda parts: parts.update({IMAGE: {IMAGE: {**IMAGES, "webp": True}}}))
        del fastly.versions[2 if there else 1]

    goes_and_comes(place, fastly.everything, change)


def test_parts_that_fastly_has_no_more_are_no_reason_to_stop(fastly: Fastly, tmp_path: Path):
    fastly.unknown = {"wordpress", "gzip"}
    goes_and_comes(
        project(tmp_path / "project", settings(fastly)), fastly.everything, lambda: hold_other(fastly)
    )


# What one capture was not told

PRODUCTS = {"pool", "rate-limiters", "resource"}


def unverifiable(plan: Plan) -> list[str]:
    found = [hazard for one in plan.actions for hazard in one.hazards]
    return [hazard.text for hazard in found if hazard.name == HazardName.UNVERIFIABLE]


@pytest.mark.parametrize("says_so", [True, False])
def test_kinds_that_a_snapshot_was_taken_without_are_named_and_left_alone(
    fastly: Fastly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says_so: bool
):
    """Since nobody was told of them then, or by a version that knew of none, and of no such thing to say."""
    place = project(tmp_path / "project", settings(fastly))
    fastly.unknown = PRODUCTS
    whole = _Fastly.read
    if not says_so:
        monkeypatch.setattr(_Fastly, "read", lambda self: structs.replace(whole(self), asked=None))
    taken, before = place.take(), fastly.everything()
    monkeypatch.undo()
    fastly.unknown = set()
    fastly.deploy(other)
    hold_other(fastly)
    after = fastly.everything()
    plan = place.plan(taken.commit)
    left = {"pool", "server", "rate-limiter", "resource", *(() if says_so else ["image-optimizer"])}
    assert {one.subject for one in plan.actions if not one.payload} == {f"{kind}:{SERVICE}" for kind in left}
    assert all("without any" in text for text in unverifiable(plan))
    well(place.restore(taken.commit))
    kept = PRODUCTS if says_so else PRODUCTS | {IMAGE}
    assert fastly.everything() == {**before, **{kind: after[kind] for kind in kept}}
    well(place.undo())
    assert fastly.everything() == after


def test_what_nobody_is_told_of_any_more_is_named_and_the_rest_comes_back(fastly: Fastly, tmp_path: Path):
    place = project(tmp_path / "project", settings(fastly))
    taken, before = place.take(), fastly.everything()
    fastly.deploy(lambda parts: [parts["pool"].clear(), parts["http3"].clear()])
    del fastly.versions[1]
    fastly.unknown = {"pool"}
    plan = place.plan(taken.commit)
    servers = [f"server:{SERVICE}/eu/{at}" for at in ("192.0.2.1:443", "2001:db8::1:8443")]
    assert [one.subject for one in plan.actions if not one.payload] == [f"pool:{SERVICE}/eu", *servers]
    assert all("nobody is told of any there" in text for text in unverifiable(plan))
    assert not place.restore(taken.commit).verified
    assert fastly.everything() == {name: one for name, one in before.items() if name != "pool"}


# Compute


def compute(fastly: Fastly, code: str) -> None:
    package = {"metadata": {"name": "shop", "language": "rust", "size": 7, "hashsum": code}}
    fastly.deploy(lambda parts: parts.update(package={"package": package}))


def test_a_package_comes_back_with_the_version_that_has_it(fastly: Fastly, tmp_path: Path):
    """And where not all of that is wanted, or its holders hold something else by now, with a copy of it."""
    place = project(tmp_path / "project", settings(fastly))
    compute(fastly, "good")
    taken, before = place.take(), fastly.everything()
    compute(fastly, "bad")
    fastly.deploy(other)
    after = fastly.everything()
    well(place.restore(taken.commit, "edge:package:*"))
    assert fastly.activated == [5]
    assert fastly.everything() == {**after, "package": before["package"]}
    well(place.undo())
    assert fastly.everything() == after
    fastly.deploy(lambda parts: [parts.pop(kind) for kind in ("dictionary", "acl", "pool")])
    for holding in fastly.held.values():
        if "gone" in holding:
            holding.update({"a/b": "of whoever", "more": "of it"})
    well(place.restore(taken.commit))
    assert fastly.everything() == before


def test_a_package_that_no_version_has_any_more_is_named_and_the_rest_comes_back(
    fastly: Fastly, tmp_path: Path
):
    place = project(tmp_path / "project", settings(fastly))
    compute(fastly, "good")
    taken, before = place.take(), fastly.everything()
    compute(fastly, "bad")
    after = fastly.everything()
    fastly.deploy(other)
    del fastly.versions[2]
    texts = [hazard.text for one in place.plan(taken.commit).actions for hazard in one.hazards]
    assert any("no version has it any more" in text and "package" in text for text in texts)
    assert not place.restore(taken.commit).verified
    assert fastly.everything() == {**before, "package": after["package"]}


def test_hazards_are_named(fastly: Fastly, tmp_path: Path):
    fastly.deploy(lambda parts: parts["backend"]["origin 1"].update(ssl_check_cert=False))
    place = project(tmp_path / "project", settings(fastly))
    taken = place.take()
    fastly.deploy(lambda parts: parts["backend"]["origin 1"].update(ssl_check_cert=True))
    fastly.deploy(lambda parts: parts["domain"].update({"a.example.com": {"name": "a.example.com"}}))
    fastly.enter("office", "198.51.100.7")
    found = {one.subject: [hazard.name for hazard in one.hazards] for one in place.plan(taken.commit).actions}
    assert found == {
        f"backend:{SERVICE}/origin 1": [HazardName.SECURITY],
        f"domain:{SERVICE}/a.example.com": [HazardName.DOWNTIME],
        f"entry:{SERVICE}/office/198.51.100.7": [HazardName.SECURITY],
    }


def test_purges_follow(fastly: Fastly, tmp_path: Path):
    purge = 'purge = ["everything", "tag:shop/a", "www.example.com/a b", "www.example.com/%C3%BC?x=1&y"]\n'
    place = project(tmp_path / "project", settings(fastly, purge))
    taken = place.take()
    fastly.deploy(other)
    well(place.restore(taken.commit))
    urls = ["purge/www.example.com/a b", "purge/www.example.com/ü?x=1&y"]
    assert fastly.purged == ["purge_all", "purge/shop/a", *urls]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (TOKEN, "wrong", "credentials are missing or invalid"),
        (SERVICE, "nothing", "Record not found"),
        (f'"{SERVICE}"', "", "no service is named"),
        ("ids =", 'purge = ["/a"]\nids =', "Fastly purges addresses"),
        ("ids =", 'purge = ["www.example.com/a*"]\nids =', "Fastly purges addresses"),
    ],
)
def test_what_is_wrong_is_one_clear_message(fastly: Fastly, tmp_path: Path, old: str, new: str, words: str):
    with pytest.raises(SnapError, match=words):
        project(tmp_path / "project", settings(fastly).replace(old, new)).take()


# Any change

NAMES = st.sampled_from(["a", "b/c", "ü %"])
HOLDING = ["dictionary", "acl", "pool", "snippet"]
PLAIN = ["domain", "backend", "director", "vcl", "header", "logging/https", "rate-limiters", "resource"]
KINDS = st.sampled_from([*PLAIN, *HOLDING])
VALUES = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["", "1", "two\nlines\n"]), st.booleans())
CONTENT = st.fixed_dictionaries({}, optional={"x": VALUES, "y": VALUES})
OPS = st.tuples(KINDS, NAMES, st.one_of(st.none(), CONTENT))
HELD = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(["", "a/b", "ü", "192.0.2.1", "2001:db8::"]),
        st.sampled_from([None, "", "1", "two\nlines\n"]),
    ),
    max_size=12,
)


_NO_SIGN = re.compile(r"\W")
"""Fastly allows none in names of dictionaries, ACLs and pools."""


def run(parts: Parts, ops: list[Any]) -> None:
    for kind, any_name, value in ops:
        name = any_name if kind not in ("dictionary", "acl", "pool") else _NO_SIGN.sub("_", any_name)
        some = parts.setdefault(kind, {})
        if value is None:
            some.pop(name, None)
        else:
            some[name] = {"name": name, **value}
            if kind == "resource":
                some[name]["resource_id"] = "store2" if value else "store1"
    for kind in ("dictionary", "acl", "snippet"):
        for one in parts.get(kind, {}).values():
            if kind == "snippet" and one.get("x") == "1":
                one["dynamic"] = "1"
    backends = sorted(parts.get("backend", {}))
    for number, director in enumerate(parts.get("director", {}).values()):
        director["backends"] = backends[number:]


def hold(fastly: Fastly, ops: list[Any]) -> None:
    """Whatever holders there are: each operation is on one of them."""
    parts = fastly.versions[fastly.active].parts
    there = [(kind, one["id"]) for kind in HOLDING for one in parts.get(kind, {}).values()]
    there = [(kind, number) for kind, number in there if number in fastly.held]
    for which, key, value in ops if there else ():
        kind, number = there[which % len(there)]
        holding = fastly.held[number]
        if kind == "snippet":
            holding["content"] = value or ""
        elif value is None:
            holding.pop(key, None)
        elif kind == "dictionary":
            holding[key or "key"] = value
        elif kind == "pool":
            holding[f"server {which} {key}"] = {
                "address": key or "a.example.com",
                "port": 1,
                "weight": 100,
                "comment": value,
            }
        else:
            subnet = {"": None, "1": 32}.get(value, 0)
            address = key if {".", ":"} & {*key} else "192.0.2.9"
            entry = {"ip": address, "subnet": subnet, "negated": "1" if value else "0"}
            holding[f"entry {which} {key}"] = {**entry, "comment": value}


@pytest.mark.usefixtures("few")
def test_whatever_was_changed_is_restored_and_undone_exactly(fastly: Fastly, tmp_path: Path):
    number = 0

    @in_rounds(ROUNDS, 4)
    @given(st.lists(OPS, max_size=12), HELD, st.lists(OPS, max_size=12), HELD, st.booleans())
    def there_and_back(
        state: list[Any], holding: list[Any], mutation: list[Any], moving: list[Any], is_gone: bool
    ) -> None:
        nonlocal number
        number += 1
        fastly.reset({})
        fastly.deploy(lambda parts: run(parts, state))
        hold(fastly, holding)
        place = project(tmp_path / f"project{number}", settings(fastly))

        def deploy() -> None:
            if mutation:
                fastly.deploy(lambda parts: run(parts, mutation))
            hold(fastly, moving)
            if is_gone and mutation:
                del fastly.versions[2]

        goes_and_comes(place, fastly.everything, deploy)

    there_and_back()


# Failures


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("how", FAILURES)
def test_one_failure_is_overcome_and_nothing_is_activated_twice(fastly: Fastly, tmp_path: Path, how: Failure):
    place = project(tmp_path / "project", settings(fastly, "timeout = 1\n"))
    promised, taken = fastly.everything(), place.take()
    fastly.deploy(other)
    del fastly.versions[1]
    fastly.faults.through()
    well(place.restore(taken.commit))
    total = fastly.faults.requests
    for at in range(1 if EVERY else 10 + FAILURES.index(how), total + 1, STEP):
        begin(fastly)
        fastly.deploy(other)
        hold_other(fastly)
        del fastly.versions[1]
        fastly.faults.fail(at, how)
        well(place.restore(taken.commit))
        fastly.faults.through()
        assert len(fastly.activated) == 1, at
        assert fastly.everything() == promised, at


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("how", "way"), ways(EVERY, ("refused", "resume"), ("reset", "abort")))
def test_an_api_that_stays_away_leaves_a_way_on_and_a_way_back(
    fastly: Fastly, tmp_path: Path, how: Failure, way: str
):
    place = project(tmp_path / "project", settings(fastly, "timeout = 1\n"))
    promised, taken = fastly.everything(), place.take()
    fastly.deploy(other)
    changed = fastly.everything()
    fastly.faults.through()
    well(place.restore(taken.commit))
    interrupted = 0
    for at in range(1 if EVERY else 15, fastly.faults.requests + 1, STEP):
        fastly.active = 2
        fastly.faults.fail(at, how, down=True)
        end = "nothing"
        with suppress(SnapError):
            end = "done" if place.restore(taken.commit).verified else "nothing"
        fastly.faults.through()
        if journal.unfinished(place.ws.store.workspace("journal")) is not None:
            interrupted += 1
            end = way
            well(getattr(place, way)())
        assert fastly.everything() == (promised if end in ("done", "resume") else changed), at
    assert interrupted
