"""Fastly: an earlier version is activated where it is still there, and made anew where it is not."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapstore import journal
from snapstore.errors import SnapError
from snapstore.model import HazardName
from snapstore_cdn.fastly import provider as of_fastly
from tests.cdn.fastly import SERVICE, TOKEN, Fastly, Parts, running
from tests.dns.gateway import FAILURES, Failure
from tests.project import goes_and_comes, in_rounds, project, well

ROUNDS = int(os.environ.get("SNAPSTORE_CDN_ROUNDS", "4"))
STEP = 1 if "SNAPSTORE_CDN_ROUNDS" in os.environ else 31
SECRET = "AKIA-only-logs-know-this"
PARTS: Parts = {
    "domain": {"www.example.com": {"name": "www.example.com", "comment": ""}},
    "condition": {"mobile": {"name": "mobile", "statement": 'req.http.ua ~ "x"', "type": "REQUEST"}},
    "backend": {
        "origin 1": {"name": "origin 1", "address": "192.0.2.1", "port": 443, "ssl_check_cert": True}
    },
    "director": {"all": {"name": "all", "backends": ["origin 1"], "quorum": 75}},
    "vcl": {"main": {"name": "main", "main": True, "content": "sub vcl_recv {\n}\n"}},
    "logging/s3": {"logs": {"name": "logs", "bucket_name": "b", "secret_key": SECRET}},
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snapstore.remote.retrying._PAUSE", 0.001)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those kinds that the tests have any of: each takes a request for each reading."""
    some = {
        kind: path for kind, path in of_fastly.KINDS.items() if path in {*PARTS, "header", "logging/https"}
    }
    monkeypatch.setattr(of_fastly, "KINDS", some)


@pytest.fixture
def fastly() -> Iterator[Fastly]:
    with running() as started:
        started.reset(copy.deepcopy(PARTS))
        yield started


def settings(fastly: Fastly, more: str = "") -> str:
    head = f'[resources.edge]\nadapter = "cdn"\nprovider = "fastly"\nserver = "{fastly.url}"\n'
    return f'{head}key = "{TOKEN}"\nids = ["{SERVICE}"]\n{more}'


def other(parts: Parts) -> None:
    """Changes something of every kind."""
    parts["settings"][""]["general.default_ttl"] = 60
    parts["domain"]["shop.example.com"] = {"name": "shop.example.com", "comment": "new"}
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
    parts["director"]["all"] = {"name": "all", "backends": ["new/one"], "quorum": 1}
    parts["vcl"]["main"]["content"] = "sub vcl_recv {\n  esi;\n}\n"
    parts["logging/s3"]["logs"]["secret_key"] = "another"


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
    from snapstore_cdn.fastly.provider import _Fastly

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


def test_secrets_are_sealed_and_what_no_version_holds_is_named(fastly: Fastly, tmp_path: Path):
    def with_parts_elsewhere(parts: Parts) -> None:
        parts["dictionary"] = {"flags": {"name": "flags", "write_only": False}}
        parts["acl"] = {"office": {"name": "office"}}
        parts["snippet"] = {"live": {"name": "live", "dynamic": "1", "type": "recv"}}

    fastly.deploy(with_parts_elsewhere)
    place = project(tmp_path / "project", settings(fastly))
    taken = place.take()
    fastly.deploy(other)
    plan = place.plan(taken.commit)
    assert SECRET not in str(plan)
    for words in ("items of the dictionary", "entries of the ACL", "content of the dynamic snippet"):
        assert words in str(taken.notices)
        assert words in str(plan.notes)


def test_hazards_are_named(fastly: Fastly, tmp_path: Path):
    fastly.deploy(lambda parts: parts["backend"]["origin 1"].update(ssl_check_cert=False))
    place = project(tmp_path / "project", settings(fastly))
    taken = place.take()
    fastly.deploy(lambda parts: parts["backend"]["origin 1"].update(ssl_check_cert=True))
    fastly.deploy(lambda parts: parts["domain"].update({"a.example.com": {"name": "a.example.com"}}))
    found = {one.subject: [hazard.name for hazard in one.hazards] for one in place.plan(taken.commit).actions}
    assert found == {
        f"backend:{SERVICE}/origin 1": [HazardName.SECURITY],
        f"domain:{SERVICE}/a.example.com": [HazardName.DOWNTIME],
    }


def test_purges_follow(fastly: Fastly, tmp_path: Path):
    purge = 'purge = ["everything", "tag:shop/a", "www.example.com/a b"]\n'
    place = project(tmp_path / "project", settings(fastly, purge))
    taken = place.take()
    fastly.deploy(other)
    well(place.restore(taken.commit))
    assert fastly.purged == ["purge_all", "purge/shop/a", "purge/www.example.com/a b"]


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
KINDS = st.sampled_from(["domain", "backend", "director", "vcl", "header", "logging/https"])
VALUES = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["", "1", "two\nlines\n"]), st.booleans())
CONTENT = st.fixed_dictionaries({}, optional={"x": VALUES, "y": VALUES})
OPS = st.tuples(KINDS, NAMES, st.one_of(st.none(), CONTENT))


def run(parts: Parts, ops: list[Any]) -> None:
    for kind, name, value in ops:
        some = parts.setdefault(kind, {})
        if value is None:
            some.pop(name, None)
        else:
            some[name] = {"name": name, **value}
    backends = sorted(parts.get("backend", {}))
    for number, director in enumerate(parts.get("director", {}).values()):
        director["backends"] = backends[number:]


@pytest.mark.usefixtures("few")
def test_whatever_was_changed_is_restored_and_undone_exactly(fastly: Fastly, tmp_path: Path):
    number = 0

    @in_rounds(ROUNDS, 4)
    @given(st.lists(OPS, max_size=12), st.lists(OPS, min_size=1, max_size=12), st.booleans())
    def there_and_back(state: list[Any], mutation: list[Any], is_gone: bool) -> None:
        nonlocal number
        number += 1
        fastly.reset({})
        run(fastly.versions[1].parts, state)
        place = project(tmp_path / f"project{number}", settings(fastly))

        def deploy() -> None:
            fastly.deploy(lambda parts: run(parts, mutation))
            if is_gone:
                del fastly.versions[1]

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
    for at in range(10 + FAILURES.index(how), total + 1, STEP):
        fastly.reset(copy.deepcopy(PARTS))
        fastly.deploy(other)
        del fastly.versions[1]
        fastly.faults.fail(at, how)
        well(place.restore(taken.commit))
        fastly.faults.through()
        assert len(fastly.activated) == 1, at
        assert fastly.everything() == promised, at


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("how", "way"), [("refused", "resume"), ("reset", "abort")])
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
    for at in range(15, fastly.faults.requests + 1, STEP):
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
