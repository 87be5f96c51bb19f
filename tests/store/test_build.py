from __future__ import annotations

import io
import itertools
import json
import os
from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.model import Document, Fact, LiveFile
from snapstore.snapshot import facts, files, resources
from snapstore.store import ResourceState, Store, ingest, open_store
from tests.store.making import assert_clean, contents, document, everything_in, git, live, state, take, text

FILES = [text("b/c", "1"), text("a", "2", 0o100755), text("b.txt", "3"), text("b/d/e", "4")]
DOCUMENTS = [document("one.json", x=1), document("two/three.json", y=[1, "two\nlines\n"])]


def test_the_tree_does_not_depend_on_the_order_in_which_anything_comes(store: Store) -> None:
    trees = set()
    for given in itertools.permutations(FILES):
        for documents in itertools.permutations(DOCUMENTS):
            states = {"a": state(*given, documents=documents), "b": state(text("z"))}
            trees.add(store.build(states, keep=False).tree)
            trees.add(store.build(dict(reversed(states.items())), keep=True).tree)
    assert len(trees) == 1


def test_what_was_put_in_comes_out(store: Store) -> None:
    snapshot = store.build({"a": state(*FILES, documents=DOCUMENTS)}, keep=True)
    assert contents(snapshot) == {
        "a": (0o100755, b"2"),
        "b.txt": (0o100644, b"3"),
        "b/c": (0o100644, b"1"),
        "b/d/e": (0o100644, b"4"),
    }
    assert facts(snapshot, "a") == {fact.id: fact for document in DOCUMENTS for fact in document.facts}


def test_a_kept_snapshot_is_one_pack_and_no_loose_object(store: Store) -> None:
    store.build({"a": state(*FILES, documents=DOCUMENTS)}, keep=True)
    suffixes = sorted(path.suffix for path in (store.path / "objects").rglob("*") if path.is_file())
    assert suffixes == [".idx", ".pack"]


def test_an_unchanged_state_writes_no_object(store: Store) -> None:
    take(store, a=state(*FILES, documents=DOCUMENTS))
    before = everything_in(store.path / "objects")
    assert take(store, a=state(*FILES, documents=DOCUMENTS)) is None
    assert everything_in(store.path / "objects") == before


def test_only_what_is_new_is_written(store: Store) -> None:
    take(store, a=state(*FILES))
    store.build({"a": state(*FILES, text("new", "content"))}, keep=True)
    newest = max((store.path / "objects/pack").glob("*.idx"), key=lambda path: path.stat().st_mtime_ns)
    listed = git(store, "verify-pack", "-v", str(newest))
    assert [line.split()[1] for line in listed.splitlines() if " blob " in line] == ["blob"]


def test_a_resource_that_holds_nothing_is_in_the_snapshot(store: Store) -> None:
    snapshot = store.build({"a": ResourceState("redis", 7, state().captured)}, keep=True)
    assert resources(snapshot)["a"] == ("redis", 7, None)


def test_resources_that_are_not_given_are_carried_over_with_their_hints(store: Store) -> None:
    base = store.build({"a": state(text("x"), rows=1), "b": state(text("y"), rows=2)}, keep=True)
    snapshot = store.build({"b": state(text("z"), rows=3)}, keep=True, base=base)
    assert resources(snapshot)["a"] == resources(base)["a"]
    assert list(contents(snapshot, "b")) == ["z"]
    assert snapshot.hints == {"a": {"rows": 1}, "b": {"rows": 3}}


def test_git_checks_the_snapshot_out_byte_for_byte(store: Store, tmp_path: Path) -> None:
    binary = bytes(range(256)) * 300
    given = [
        LiveFile("crlf.txt", 0o100644, data=b"a\r\nb\n"),
        LiveFile("binary", 0o100644, data=binary),
        LiveFile("sub/.gitattributes", 0o100644, data=b"* text eol=crlf\n"),
        LiveFile("link", 0o120000, data=b"crlf.txt"),
        LiveFile(".git/config", 0o100644, data=b"[core]\n"),
    ]
    take(store, a=state(*given, documents=DOCUMENTS))
    assert_clean(store)
    git(store, "clone", "-q", str(store.path), str(tmp_path / "clone"))
    root = tmp_path / "clone/a/files"
    assert (root / "crlf.txt").read_bytes() == b"a\r\nb\n"
    assert (root / "binary").read_bytes() == binary
    assert (root / "link").readlink() == Path("crlf.txt")
    assert (root / "%.git/config").read_bytes() == b"[core]\n"
    assert (root / "sub/%.gitattributes").read_bytes() == b"* text eol=crlf\n"


def test_a_changed_line_is_one_line_in_git_log(store: Store) -> None:
    take(store, a=state(documents=[document("f.json", body="begin\n  one;\nend\n")]))
    take(store, "second", a=state(documents=[document("f.json", body="begin\n  two;\nend\n")]))
    changed = [line for line in git(store, "log", "-p", "-1").splitlines() if line[:1] in "+-"]
    assert [line for line in changed if line[1:2] not in "+-"] == [
        '-            "  one;\\n",',
        '+            "  two;\\n",',
    ]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([text("x"), text("x")], "x"),
        ([text("x"), text("x/y")], "x"),
        ([text("x\0y")], "NUL"),
        ([LiveFile("x", 0o160000, data=b"")], "160000"),
        ([LiveFile("x", 0o040000, data=b"")], "40000"),
    ],
)
def test_a_path_that_no_tree_can_hold_is_refused_by_name(
    store: Store, given: list[LiveFile], named: str
) -> None:
    with pytest.raises(SnapError, match=named):
        store.build({"a": state(*given)}, keep=True)


def test_documents_cannot_stand_where_files_are(store: Store) -> None:
    with pytest.raises(SnapError, match="files/x"):
        store.build({"a": state(documents=[document("files/x")])}, keep=True)


def test_two_facts_of_one_identity_are_refused(store: Store) -> None:
    twice = Document("d.json", (Fact("table:t"), Fact("table:t", {"x": 1})))
    with pytest.raises(SnapError, match="table:t"):
        store.build({"a": state(documents=[twice])}, keep=True)


def test_folders_of_any_depth_are_kept(store: Store) -> None:
    path = "/".join(["d"] * 1500)
    assert take(store, a=state(text(path))) is not None
    assert git(store, "cat-file", "-t", f"HEAD:a/files/{path}") == "blob\n"


class TestHashOnly:
    def test_nothing_is_written_and_the_tree_is_the_same(self, store: Store, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.write_text("live")
        states = {"a": state(live(source, tmp_path), documents=DOCUMENTS)}
        before = everything_in(store.path / "objects")
        snapshot = store.build(states, keep=False)
        assert everything_in(store.path / "objects") == before
        assert snapshot.tree == store.build(states, keep=True).tree

    def test_new_objects_are_read_from_memory_and_the_live_files(self, store: Store, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.write_text("live")
        (tmp_path / "link").symlink_to("target")
        link = LiveFile("link", 0o120000, source=str(tmp_path / "link"))
        given = (live(source, tmp_path), link, text("memory", "m"))
        snapshot = store.build({"a": state(*given, documents=DOCUMENTS)}, keep=False)
        assert contents(snapshot) == {
            "link": (0o120000, b"target"),
            "memory": (0o100644, b"m"),
            "source": (0o100644, b"live"),
        }
        assert len(facts(snapshot, "a")) == len(DOCUMENTS)
        blob = dict(files(snapshot, "a"))["source"]
        assert snapshot.objects.blob_size(blob.oid) == 4
        assert snapshot.objects.open_blob(blob.oid).read() == b"live"

    def test_a_live_file_that_has_changed_since_is_an_error(self, store: Store, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.write_text("live")
        snapshot = store.build({"a": state(live(source, tmp_path))}, keep=False)
        source.write_text("else")
        with pytest.raises(SnapError, match="changed since it was captured") as caught:
            contents(snapshot)
        assert caught.value.where == str(source)

    def test_it_works_on_a_store_that_cannot_be_written(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        source = tmp_path / "source"
        source.write_text("live")
        monkeypatch.setattr("snapstore.store.durable.temporary", _refuse)
        assert store.build({"a": state(live(source, tmp_path))}, keep=False).tree


def _refuse(folder: Path) -> tuple[int, str]:
    raise PermissionError(13, "Permission denied")


class TestLargeFiles:
    def test_they_are_streamed_in_and_out(self, store: Store, tmp_path: Path) -> None:
        source = tmp_path / "large"
        content = os.urandom(1 << 20) * 5 + b"text " * (1 << 20)
        source.write_bytes(content)
        snapshot = store.snapshot(str(take(store, a=state(live(source, tmp_path)))))
        blob = dict(files(snapshot, "a"))["large"]
        assert blob.oid == git(store, "hash-object", str(source)).strip()
        stream = snapshot.objects.open_blob(blob.oid)
        assert not isinstance(stream, io.BytesIO)
        assert stream.read() == content
        assert snapshot.objects.blob_size(blob.oid) == len(content)
        assert_clean(store)

    def test_one_that_the_store_has_already_is_not_written_again(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "one").write_bytes(bytes(9 << 20))
        (tmp_path / "two").write_bytes(bytes(9 << 20))
        given = [live(tmp_path / "one", tmp_path), live(tmp_path / "two", tmp_path)]
        take(store, a=state(*given))
        assert_clean(store)
        (pack,) = (store.path / "objects/pack").glob("*.idx")
        assert (
            git(store, "verify-pack", "-v", str(pack)).count(" blob ") == 3
        )  # with the two of every snapshot


class TestFilesThatMove:
    def test_a_file_that_changes_while_it_is_read_is_read_again(
        self, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = tmp_path / "log"
        source.write_text("first")
        _disturb(monkeypatch, source, times=2)
        snapshot = store.build({"a": state(live(source, tmp_path))}, keep=True)
        assert contents(snapshot)["log"] == (0o100644, source.read_bytes())

    def test_a_file_that_never_rests_is_an_error_that_names_it(
        self, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = tmp_path / "log"
        source.write_text("first")
        _disturb(monkeypatch, source, times=100)
        with pytest.raises(SnapError, match="changed each of the 3 times") as caught:
            store.build({"a": state(live(source, tmp_path))}, keep=True)
        assert caught.value.where == str(source)
        assert list((store.path / "objects/pack").iterdir()) == []

    @pytest.mark.parametrize("size", [3, 9 << 20])
    def test_a_file_that_grows_under_a_stream_leaves_a_sound_pack(
        self, store: Store, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = tmp_path / "log"
        source.write_bytes(bytes(size))
        real, grown = os.read, []

        def read(descriptor: int, count: int) -> bytes:
            if not grown:
                grown.append(source.open("ab").write(b"more"))
            return real(descriptor, count)

        monkeypatch.setattr(ingest.os, "read", read)
        take(store, a=state(live(source, tmp_path)))
        monkeypatch.undo()
        assert contents(store.snapshot(str(store.head())))["log"][1] == bytes(size) + b"more"
        assert_clean(store)

    def test_a_file_that_vanished_is_an_error_that_names_it(self, store: Store, tmp_path: Path) -> None:
        gone = LiveFile("gone", 0o100644, source=str(tmp_path / "gone"))
        with pytest.raises(SnapError, match="vanished") as caught:
            store.build({"a": state(gone)}, keep=True)
        assert caught.value.where == str(tmp_path / "gone")

    def test_a_pipe_or_a_link_in_the_place_of_a_file_is_not_followed(
        self, store: Store, tmp_path: Path
    ) -> None:
        (tmp_path / "secret").write_text("secret")
        (tmp_path / "link").symlink_to("secret")
        os.mkfifo(tmp_path / "pipe")
        for name in ("link", "pipe"):
            with pytest.raises(SnapError, match="file"):
                store.build({"a": state(live(tmp_path / name, tmp_path))}, keep=True)


def _disturb(monkeypatch: pytest.MonkeyPatch, source: Path, times: int) -> None:
    """Let the file change after each of its first reads."""
    real, left = ingest._read_all, [times]

    def read(descriptor: int, size: int) -> bytes:
        content = real(descriptor, size)
        if left[0]:
            left[0] -= 1
            source.write_text(f"content number {left[0]}")
        return content

    monkeypatch.setattr(ingest, "_read_all", read)


def test_snapshot_json_says_who_captured_what(store: Store) -> None:
    take(store, b=state(text("x")), a=ResourceState("dotenv", 2, state().captured))
    assert json.loads(git(store, "show", "HEAD:snapshot.json")) == {
        "format": 1,
        "resources": {"a": {"adapter": "dotenv", "format": 2}, "b": {"adapter": "test", "format": 1}},
    }


def test_a_store_opened_anew_reads_what_another_wrote(store: Store) -> None:
    commit = take(store, a=state(*FILES, rows=5))
    snapshot = open_store(store.path).snapshot(str(commit))
    assert contents(snapshot)["b/c"] == (0o100644, b"1")
    assert snapshot.hints == {"a": {"rows": 5}}
