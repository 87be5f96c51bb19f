"""A take captures everything at once, changes nothing, and makes a commit only when something changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snapstore import __version__
from snapstore.errors import Exit, SnapError
from snapstore.model import Captured, Document, Fact, Scope
from snapstore.snapshot import resources
from snapstore.take import live, snapshot_of, take
from snapstore.workspace import open_workspace
from tests.engine import toys
from tests.engine.conftest import Place, change_everything


def contents(root: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.glob("*.json")}


def test_a_take_changes_nothing_in_the_systems(place: Place) -> None:
    change_everything(place)
    before = contents(place.root)
    place.take()
    live(place.ws)
    assert contents(place.root) == before


def test_an_unchanged_state_makes_no_commit(place: Place) -> None:
    first = take(place.ws, "one")
    again = take(place.ws, "two")
    assert (first.changed, again.changed) == (True, False)
    assert (again.commit, again.tree, again.resources) == (first.commit, first.tree, first.resources)
    assert len(list(place.ws.store.log())) == 1


def test_the_commit_says_who_made_it(place: Place) -> None:
    commit = take(place.ws, "before 2.4", trailers={"Deploy": "2.4"}).commit
    info = next(place.ws.store.log(commit))
    assert info.trailers == {"Snapstore-Version": __version__, "Deploy": "2.4"}


def test_all_resources_are_captured_at_the_same_time(
    new_place: Callable[..., Place],
) -> None:
    place = new_place(dict.fromkeys("abcd", "shelf"))
    together = threading.Barrier(4)
    toys.faults.on_capture = lambda resource: together.wait(30) and None
    place.take()


def test_a_failing_capture_names_its_resource_and_all_others_that_failed(
    place: Place, faults: toys.Faults
) -> None:
    faults.capture = {"db": "wrong password", "web": "no such file"}
    with pytest.raises(SnapError) as caught:
        place.take()
    assert caught.value.where == "db"
    assert caught.value.what == "wrong password (also failed: web: no such file)"
    assert place.ws.store.head() is None


def test_an_unexpected_error_in_a_capture_masks_secrets(place: Place, faults: toys.Faults) -> None:
    def crash(resource: str) -> None:
        raise RuntimeError("cannot reach postgres://u:canary-2201@host/db")

    faults.on_capture = crash
    with pytest.raises(SnapError, match="RuntimeError") as caught:
        place.take()
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(("documents", "text"), [
    ([Document("a.json", (Fact("v:a"),)), Document("b.json", (Fact("v:a"),))], "'v:a' twice"),
    ([Document("a.json", (Fact("v:a"),)), Document("a.json", ())], r"'a\.json' twice"),
    ([Document("files/a.json", (Fact("v:a"),))], "kept for files"),
])  # fmt: skip
def test_a_capture_that_breaks_its_promises_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch, documents: list[Document], text: str
) -> None:
    def capture(settings: Any, context: Any) -> Captured:
        return Captured(documents)

    monkeypatch.setitem(
        toys.ADAPTERS, "shelf", msgspec.structs.replace(toys.ADAPTERS["shelf"], capture=capture)
    )
    with pytest.raises(SnapError, match=text) as caught:
        place.take()
    assert caught.value.where == "web"


def test_a_scoped_take_keeps_the_others_as_they_were(place: Place, faults: toys.Faults) -> None:
    first = take(place.ws, "one")
    place.put("web", {"v:new": {}})
    place.put("db", {"t:new": {}})
    faults.capture["db"] = "the server is gone"
    second = take(place.ws, "two", Scope(("web",)))
    assert list(second.resources) == ["web"]
    found = resources(place.ws.store.snapshot(second.commit))
    assert found["db"].tree == (first.resources["db"] or None)
    assert found["web"].tree == second.resources["web"] != first.resources["web"]


def test_a_take_that_comes_in_between_is_not_reverted_by_a_scoped_one(
    place: Place, faults: toys.Faults
) -> None:
    place.take()
    place.put("web", {"v:new": {}})
    place.put("db", {"t:new": {}})

    def take_the_other(resource: str) -> None:
        if resource == "web":
            take(place.ws, "in between", Scope(("db",)))

    faults.on_capture = take_the_other
    commit = take(place.ws, "the other", Scope(("web",))).commit
    faults.on_capture = toys.Faults().on_capture
    assert place.ws.store.snapshot(commit).tree == live(place.ws).tree


def test_a_take_of_a_part_of_a_resource_is_refused(place: Place) -> None:
    with pytest.raises(SnapError, match="whole resources") as caught:
        take(place.ws, "x", Scope(("web:src/*",)))
    assert caught.value.fix == "use --only web"


def test_a_resource_taken_out_of_the_configuration_leaves_the_next_snapshot(place: Place) -> None:
    change_everything(place)
    alone = place.with_config(resources={"web": place.config.resources["web"]})
    assert list(resources(alone.ws.store.snapshot(alone.take()))) == ["web"]


def test_a_scoped_take_keeps_what_is_no_longer_configured(place: Place) -> None:
    change_everything(place)
    place.put("web", {"v:other": {}})
    alone = place.with_config(resources={"web": place.config.resources["web"]})
    commit = take(alone.ws, "web only", Scope(("web",))).commit
    assert list(resources(alone.ws.store.snapshot(commit))) == ["db", "web"]


def test_live_is_the_state_now_and_is_not_written(place: Place) -> None:
    change_everything(place)
    place.put("web", {"v:now": {}})
    before = sorted(path for path in place.config.store.rglob("*") if "objects" in path.parts)
    assert live(place.ws).tree == snapshot_of(place.ws, "live").tree
    assert sorted(path for path in place.config.store.rglob("*") if "objects" in path.parts) == before
    assert live(place.ws).tree == place.ws.store.snapshot(place.take()).tree


def test_equal_states_in_two_stores_have_equal_trees(place: Place, tmp_path: Path) -> None:
    change_everything(place)
    other = place.with_config(store=tmp_path / "another")
    assert take(other.ws, "x").tree == live(place.ws).tree


def test_without_a_store_a_command_that_needs_one_says_so(place: Place) -> None:
    with pytest.raises(SnapError) as caught:
        open_workspace(place.config)
    assert caught.value.code is Exit.ERROR
    assert not place.config.store.exists()


def test_a_folder_that_is_no_store_is_never_made_one(place: Place) -> None:
    place.config.store.mkdir()
    (place.config.store / "mine.txt").write_text("mine")
    with pytest.raises(SnapError):
        open_workspace(place.config, create=True)
    assert [path.name for path in place.config.store.iterdir()] == ["mine.txt"]


def test_a_folder_kept_by_git_becomes_the_store(place: Place) -> None:
    place.config.store.mkdir()
    (place.config.store / ".gitkeep").touch()
    assert place.take() == place.ws.store.head()
