"""Large files in the store: pointers in the tree, content beside Git, the same bytes back."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.large import LargeSettings
from snapstore.model import LiveFile
from snapstore.snapshot import Snapshot, files
from snapstore.store import Store, create, open_store, statcache
from snapstore.store import ingest as reading
from tests.large.conftest import LIMIT
from tests.store.making import assert_clean, live, state, take, text

SETTINGS = LargeSettings(LIMIT)


@pytest.fixture(params=["folder", "bucket"])
def settings(request: pytest.FixtureRequest) -> LargeSettings:
    if request.param == "folder":
        return SETTINGS
    found: LargeSettings = request.getfixturevalue("bucket")
    return found


@pytest.fixture
def store(tmp_path: Path, settings: LargeSettings) -> Store:
    return create(tmp_path / "store", large=settings)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "live"
    folder.mkdir()
    return folder


def old(path: Path, content: bytes) -> Path:
    """A file that the stat cache may remember at once."""
    path.write_bytes(content)
    os.utime(path, (1, 1))
    return path


def read(snapshot: Snapshot, resource: str = "a") -> dict[str, bytes]:
    objects = snapshot.objects
    found = {}
    for path, blob in files(snapshot, resource):
        with objects.open_blob(blob.oid) as content:
            found[path] = content.read()
        assert objects.blob_size(blob.oid) == len(found[path])
    return found


def at_head(store: Store) -> Snapshot:
    return store.snapshot(store.resolve("HEAD"))


def pointer(content: bytes) -> bytes:
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n".encode()


MB = 1 << 20
CONTENT = random.Random(1).randbytes(9 * MB)


def test_files_come_back_as_they_were_on_either_side_of_the_limit(store: Store, root: Path) -> None:
    sizes = [0, 1, LIMIT - 1, LIMIT, LIMIT + 1, MB - 1, MB, MB + 1, 9 * MB]
    given = {f"{size}.bin": CONTENT[:size] for size in sizes}
    take(store, a=state(*[live(old(root / name, content), root) for name, content in given.items()]))
    assert read(at_head(store)) == given
    assert store.check() == []
    for name, content in given.items():
        stored = subprocess.run(
            ["git", "-C", str(store.path), "cat-file", "blob", f"HEAD:a/files/{name}"],
            capture_output=True,
            check=True,
        ).stdout
        assert stored == (pointer(content) if len(content) >= LIMIT else content)


def test_a_small_file_that_reads_as_a_pointer_comes_back_too(store: Store, root: Path) -> None:
    text = pointer(b"somewhere else")
    given = [live(old(root / f"{n}", text), root) for n in range(500)]
    take(store, a=state(*given, LiveFile("at hand", 0o100644, data=text)))
    assert set(read(at_head(store)).values()) == {text}
    assert store.check() == []


def test_an_unchanged_file_is_not_read_again(
    store: Store, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statcache, "GRAIN", 0)
    given = [live(old(root / "big", CONTENT[:LIMIT]), root), live(old(root / "small", b"x"), root)]
    first = store.build({"a": state(*given)}, keep=True)
    monkeypatch.setattr(reading, "_opened", None)
    assert store.build({"a": state(*given)}, keep=True).tree == first.tree
    assert store.build({"a": state(*given)}, keep=False).tree == first.tree


def test_comparing_writes_nothing_and_finds_the_same_tree(store: Store, root: Path) -> None:
    given = [live(old(root / "big", CONTENT), root)]
    compared = store.build({"a": state(*given)}, keep=False)
    assert list(store.large.place.held()) == []
    assert read(compared) == {"big": CONTENT}
    assert store.build({"a": state(*given)}, keep=True).tree == compared.tree
    assert len(list(store.large.place.held())) == 1


def test_the_tree_does_not_depend_on_what_another_limit_has_left(
    store: Store, settings: LargeSettings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [live(old(root / "big", CONTENT[:LIMIT]), root)]
    place = store.large
    plain = Store(store.path, large=LargeSettings(LIMIT + 1))
    before = plain.build({"a": state(*given)}, keep=True).tree
    plain.large = plain.large._replace(place=place.place)
    after = store.build({"a": state(*given)}, keep=True).tree
    assert before != after
    assert (
        Store(store.path, large=LargeSettings(LIMIT + 1)).build({"a": state(*given)}, keep=True).tree
        == before
    )


@pytest.mark.parametrize("settings", [SETTINGS])
def test_another_place_gets_what_the_first_had(
    store: Store, bucket: LargeSettings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statcache, "GRAIN", 0)
    given = [live(old(root / "big", CONTENT[:LIMIT]), root)]
    take(store, a=state(*given))
    other = open_store(store.path, large=bucket)
    other.build({"a": state(*given)}, keep=False)
    snapshot = other.build({"a": state(*given)}, keep=True)
    assert read(snapshot) == {"big": CONTENT[:LIMIT]}
    assert len(list(other.large.place.held())) == 1


def test_a_resource_that_is_carried_over_keeps_its_large_files(store: Store, root: Path) -> None:
    take(store, a=state(live(old(root / "big", CONTENT[:LIMIT]), root)), b=state(text("x")))
    snapshot = store.build({"b": state(text("y"))}, keep=True, base=at_head(store))
    assert read(snapshot) == {"big": CONTENT[:LIMIT]}
    assert (
        '"format": 2'
        in snapshot.objects.blob(
            next(entry.oid for entry in snapshot.objects.tree(snapshot.tree) if entry.name == "snapshot.json")
        ).decode()
    )


@pytest.mark.parametrize("settings", [SETTINGS])
class TestFolder:
    def path(self, store: Store) -> Path:
        [held] = store.large.place.held()
        return store.path / "lfs/objects" / held.oid[:2] / held.oid[2:4] / held.oid

    @pytest.fixture
    def filled(self, store: Store, root: Path) -> Store:
        take(store, a=state(live(old(root / "big", CONTENT[: 3 * MB]), root)))
        return store

    def test_what_is_missing_is_named_and_kept_again_while_the_file_is_there(
        self, filled: Store, root: Path
    ) -> None:
        self.path(filled).unlink()
        with pytest.raises(SnapError, match=r"the large file [0-9a-f]{64} is missing") as caught:
            read(at_head(filled))
        assert "snap doctor" in caught.value.fix
        [notice] = filled.check()
        assert "is missing (needed by refs/heads/main" in notice.text
        filled.build({"a": state(live(root / "big", root))}, keep=True)
        assert filled.check() == []

    @pytest.mark.parametrize("damage", ["flipped", "cut short"])
    def test_damage_is_named_and_never_read_as_truth(self, filled: Store, damage: str) -> None:
        path = self.path(filled)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink()
        path.write_bytes(content if damage == "flipped" else content[:-1])
        with pytest.raises(SnapError, match=r"the large file [0-9a-f]{64} is damaged"):
            read(at_head(filled))
        [notice] = filled.check()
        assert "the large file" in notice.text

    def test_git_finds_nothing_to_say_and_git_lfs_fills_in_a_clone(
        self, store: Store, root: Path, tmp_path: Path
    ) -> None:
        if subprocess.run(["git", "lfs", "version"], capture_output=True, check=False).returncode:
            pytest.skip("needs git-lfs")
        names = [
            "big",
            'a "quoted" [name] *',
            "back\\slash",
            "späce ü",
            "tab\there",
            "sub/.gitattributes",
            "!#",
        ]
        (root / "sub").mkdir()
        given = {name: CONTENT[n : n + LIMIT] for n, name in enumerate(names)}
        taken = [live(old(root / name, content), root) for name, content in given.items()]
        take(store, a=state(*taken, text("small")))
        assert_clean(store)
        clone = tmp_path / "clone"
        home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
        words = [["git", "lfs", "install"], ["git", "clone", "-q", f"file://{store.path}", str(clone)]]
        for command in words:
            subprocess.run(command, env=home, check=True, capture_output=True)
        found = {name: (clone / "a/files" / name.replace(".git", "%.git")).read_bytes() for name in names}
        assert found == given
        listed = subprocess.run(
            ["git", "-C", str(clone), "lfs", "fsck"], env=home, check=False, capture_output=True, text=True
        )
        assert "OK" in listed.stdout, listed


ADDING = """
import os, signal, sys
from snapstore.large import LargeSettings, open_large
from snapstore.large import bucket
bucket.PIECE = 1 << 20
from pathlib import Path
url, endpoint, path, stop = sys.argv[1:]
place = open_large(LargeSettings(1, url, {"endpoint": endpoint, "region": "us-east-1"}), Path("/")).place
original, calls = bucket.Bucket._same, []
def counted(*args):
    calls.append(1)
    if len(calls) == int(stop):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args)
bucket.Bucket._same = counted
with open(path, "rb") as file:
    print(place.add(file).oid, len(calls))
"""


def test_an_upload_that_was_killed_goes_on_where_it_was(bucket: LargeSettings, root: Path) -> None:
    path = old(root / "big", CONTENT[: 3 * MB + 1])
    words = [sys.executable, "-c", ADDING, bucket.url, bucket.options["endpoint"], path]
    killed = subprocess.run([*map(str, words), "3"], capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr
    again = subprocess.run([*map(str, words), "99"], capture_output=True, text=True, check=True)
    assert again.stdout.split() == [hashlib.sha256(path.read_bytes()).hexdigest(), "2"]


def test_an_object_that_a_bucket_lacks_a_piece_of_is_named(
    bucket: LargeSettings, root: Path, tmp_path: Path
) -> None:
    store = create(tmp_path / "store", large=bucket)
    take(store, a=state(live(old(root / "big", CONTENT), root)))
    place = store.large.place
    [held] = place.held()
    place._client().delete(f"{held.oid[:2]}/{held.oid[2:4]}/{held.oid}/000001")
    [notice] = store.check()
    assert "is missing" in notice.text
    with pytest.raises(SnapError, match="is missing"):
        read(at_head(store))


def test_a_bucket_that_cannot_be_reached_is_one_clear_error(root: Path, tmp_path: Path) -> None:
    options = {
        "endpoint": "http://127.0.0.1:1",
        "region": "r",
        "access_key_id": "i",
        "secret_access_key": "hush",
    }
    store = create(tmp_path / "store", large=LargeSettings(LIMIT, "s3://bucket/x", options))
    began = time.monotonic()
    with pytest.raises(SnapError, match="large files cannot be reached") as caught:
        take(store, a=state(live(old(root / "big", CONTENT[:LIMIT]), root)))
    assert "hush" not in str(caught.value)
    assert caught.value.where == "s3://bucket/x"
    assert time.monotonic() - began < 60
    assert store.head() is None
