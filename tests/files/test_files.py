"""The files adapter on real trees: captured, changed and brought back exactly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from snapstore.errors import SnapError
from snapstore.model import Action, Blob, FileChange
from snapstore_files import Settings, adapter
from tests.files.trees import (
    File,
    Folder,
    Journal,
    Link,
    Node,
    State,
    apply,
    build,
    capture,
    changes,
    context,
    picture,
    plan,
    restore,
)

ALL = Settings(path="tree", git=True)

NAMES = st.sampled_from(
    [
        *(b"a", b"b", b"A", b"a.", b"c d", b" ", b"-rf", b"*", b"x" * 250),
        *("é".encode(), "e\u0301".encode(), b"\xff\xfe", b"%41", b"new\nline"),
        *(b".git", b".gitattributes", b"HEAD"),
    ]
)
FILES = st.builds(
    File,
    st.one_of(st.binary(max_size=20), st.just(b"\r\n" * 5)),
    st.sampled_from([0o644, 0o755, 0o600, 0o664, 0o400, 0o711, 0o4755]),
)
LINKS = st.builds(
    Link, st.sampled_from([b"a", b"nowhere", b"../..", b"/etc", b"\xff", b"c d/../a", b"-rf", b"."])
)
FOLDER_MODES = st.sampled_from([0o755, 0o755, 0o700, 0o555, 0o2775])
NODES = st.recursive(
    st.one_of(FILES, LINKS, st.just(Folder())),
    lambda nodes: st.builds(Folder, st.dictionaries(NAMES, nodes, max_size=5), FOLDER_MODES),
    max_leaves=15,
)
TREES = st.one_of(
    st.none(), st.builds(Folder, st.dictionaries(NAMES, NODES, min_size=1, max_size=6), FOLDER_MODES)
)


@settings(max_examples=100)
@given(TREES, TREES)
@example(Folder({b"a": File(b"1")}), Folder({b"a": Folder({b"b": Folder({b"c": File(b"2")})}, 0o700)}))
@example(Folder({b"a": Folder()}), Folder({b"a": Folder({b"b": Folder({b"c": Folder({}, 0o700)})})}))
@example(Folder({b"a": Link(b"/etc")}), Folder({b"a": Folder({b"passwd": File(b"x")})}))
@example(None, Folder())
def test_any_tree_becomes_any_other_exactly(wanted: Node | None, found: Node | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tree")
        build(path, wanted)
        seen = picture(path)
        target = capture(adapter, ALL, Path(folder))
        build(path, found)
        restore(adapter, ALL, Path(folder), target)
        assert picture(path) == seen
        assert capture(adapter, ALL, Path(folder)) == target


@settings(max_examples=30)
@given(TREES, TREES, st.data())
def test_a_restore_that_was_cut_off_is_completed_by_the_same_actions_or_by_new_ones(
    wanted: Node | None, found: Node | None, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, path = Path(folder), Path(folder, "tree")
        build(path, wanted)
        seen = picture(path)
        target = capture(adapter, ALL, root)
        build(path, found)
        actions = plan(adapter, ALL, capture(adapter, ALL, root), target)
        done = data.draw(st.integers(0, len(actions)))
        apply(adapter, ALL, actions[:done], root, target.contents)
        if data.draw(st.booleans()):
            apply(adapter, ALL, actions, root, target.contents)
        else:
            restore(adapter, ALL, root, target)
        assert picture(path) == seen


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def tree(root: Path, node: Node | None) -> None:
    build(root / "tree", node)


def look(root: Path) -> object:
    return picture(root / "tree")


def names(state: State) -> list[str]:
    return sorted(state.files)


def test_the_same_tree_gives_the_same_state_and_no_actions(root: Path) -> None:
    tree(root, Folder({b"a": File(b"1", 0o600), b"b": Folder({}, 0o700), b"c": Link(b"a")}))
    first = capture(adapter, ALL, root)
    assert capture(adapter, ALL, root) == first
    assert plan(adapter, ALL, first, first) == []


def test_facts_say_only_what_git_cannot(root: Path) -> None:
    tree(
        root,
        Folder(
            {
                b"plain": File(b"", 0o644),
                b"run": File(b"", 0o755),
                b"secret": File(b"", 0o600),
                b"full": Folder({b"x": File(b"")}),
                b"empty": Folder(),
                b"closed": Folder({b"x": File(b"")}, 0o700),
                b"\xff%": File(b"", 0o664),
            }
        ),
    )
    facts = capture(adapter, ALL, root).facts
    assert {identity: fact.attrs["mode"] for identity, fact in facts.items()} == {
        "dir:.": "0755",
        "dir:closed": "0700",
        "dir:empty": "0755",
        "mode:secret": "0600",
        "mode:%FF%25": "0664",
    }


def test_equal_files_are_not_touched(root: Path) -> None:
    tree(root, Folder({b"same": File(b"1"), b"other": File(b"2"), b"mode": File(b"3")}))
    target = capture(adapter, ALL, root)
    before = {name: (root / "tree" / name).stat() for name in ("same", "mode")}
    (root / "tree/other").write_bytes(b"changed")
    (root / "tree/mode").chmod(0o600)
    restore(adapter, ALL, root, target)
    after = {name: (root / "tree" / name).stat() for name in ("same", "mode")}
    assert after["same"] == before["same"]
    assert after["mode"].st_ino == before["mode"].st_ino and after["mode"].st_mtime == before["mode"].st_mtime


def test_a_plan_reads_like_a_review(root: Path) -> None:
    tree(root, Folder({b"app.js": File(b"2"), b"run": File(b"", 0o755), b"old": Folder({b"x": File(b"")})}))
    target = capture(adapter, ALL, root)
    tree(root, Folder({b"app.js": File(b"1"), b"run": File(b"", 0o600), b"new": Link(b"app.js")}))
    actions = plan(adapter, ALL, capture(adapter, ALL, root), target)
    assert [(action.verb, action.summary, action.statements[0], action.undo[0]) for action in actions] == [
        ("alter", "change file app.js", "write app.js (mode 0644)", "write app.js (mode 0644)"),
        ("create", "create file old/x", "write old/x (mode 0644)", "delete old/x"),
        ("alter", "set mode 0755 on run (now 0600)", "chmod 0755 run", "chmod 0600 run"),
        ("drop", "delete link new", "delete new", actions[3].undo[0]),
    ]
    assert actions[3].undo[0].startswith("link new")


def test_a_folder_on_record_is_kept_when_its_last_file_goes(root: Path) -> None:
    tree(root, Folder({b"logs": Folder()}))
    target = capture(adapter, ALL, root)
    tree(root, Folder({b"logs": Folder({b"deep": Folder({b"x": File(b"")})})}))
    restore(adapter, ALL, root, target)
    assert look(root) == ("folder", 0o755, {b"logs": ("folder", 0o755, {})})


def test_the_umask_changes_nothing(root: Path) -> None:
    tree(root, Folder({b"a": Folder({b"b": File(b"1", 0o666)}), b"c": Folder({}, 0o777)}))
    seen, target = look(root), capture(adapter, ALL, root)
    tree(root, None)
    before = os.umask(0o077)
    try:
        restore(adapter, ALL, root, target)
    finally:
        os.umask(before)
    assert look(root) == seen


def test_a_root_that_is_a_file_is_refused_with_a_way_out(root: Path) -> None:
    (root / "tree").write_bytes(b"")
    with pytest.raises(SnapError, match="not a folder"):
        capture(adapter, ALL, root)


def test_links_to_folders_are_links_and_loops_do_no_harm(root: Path) -> None:
    tree(root, Folder({b"a": Folder({b"up": Link(b"..")}), b"self": Link(b"self"), b"out": Link(b"/etc")}))
    assert names(capture(adapter, ALL, root)) == ["a/up", "out", "self"]


# ---- what is left out ----------------------------------------------------------------------------------

SITE = Folder(
    {
        b"index.html": File(b""),
        b"cache": Folder({b"x": File(b""), b"deep": Folder({b"y": File(b"")})}),
        b"static": Folder(
            {b"app.js": File(b""), b"app.js.map": File(b""), b"cache": Folder({b"z": File(b"")})}
        ),
        b".git": Folder({b"HEAD": File(b"")}),
    }
)


STATIC = ["index.html", "static/app.js", "static/app.js.map"]


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        (
            [],
            ["cache/deep/y", "cache/x", "index.html", "static/app.js", "static/app.js.map", "static/cache/z"],
        ),
        (["cache/**"], ["index.html", "static/app.js", "static/app.js.map", "static/cache/z"]),
        (["/cache/"], ["index.html", "static/app.js", "static/app.js.map", "static/cache/z"]),
        (["cache/*"], ["index.html", "static/app.js", "static/app.js.map", "static/cache/z"]),
        (["cache"], ["index.html", "static/app.js", "static/app.js.map"]),
        (["**/cache/"], ["index.html", "static/app.js", "static/app.js.map"]),
        (["*.map", "cache/deep"], ["cache/x", "index.html", "static/app.js", "static/cache/z"]),
        (["static/*.js"], ["cache/deep/y", "cache/x", "index.html", "static/app.js.map", "static/cache/z"]),
        (["**/?"], ["index.html", "static/app.js", "static/app.js.map"]),
        (["[c-s]*/"], ["index.html"]),
        (["[!c]*"], []),
        (
            ["index.html/"],
            ["cache/deep/y", "cache/x", *STATIC, "static/cache/z"],
        ),
        (["**"], []),
    ],
)
def test_exclude_patterns(root: Path, exclude: list[str], left: list[str]) -> None:
    tree(root, SITE)
    assert names(capture(adapter, Settings(path="tree", exclude=exclude), root)) == left


@pytest.mark.parametrize(
    ("include", "exclude", "left"),
    [
        (["*.js"], [], ["static/app.js"]),
        (["static"], [], ["static/app.js", "static/app.js.map", "static/cache/z"]),
        (["static"], ["*.map", "cache"], ["static/app.js"]),
        (["/index.html", "cache/**"], ["deep"], ["cache/x", "index.html"]),
    ],
)
def test_include_patterns_and_exclude_wins(
    root: Path, include: list[str], exclude: list[str], left: list[str]
) -> None:
    tree(root, SITE)
    assert names(capture(adapter, Settings(path="tree", include=include, exclude=exclude), root)) == left


@pytest.mark.parametrize("pattern", ["", "/", "../x", "a/../b", "./a", "[z-a]"])
def test_a_pattern_that_can_match_nothing_is_an_error_that_quotes_it(pattern: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="pattern"):
        msgspec.convert({"path": "x", "exclude": [pattern]}, Settings)


def test_what_is_left_out_is_neither_changed_nor_removed_by_a_restore(root: Path) -> None:
    chosen = Settings(path="tree", exclude=["cache/**", "*.log"])
    tree(root, Folder({b"a": Folder({b"x": File(b"1")}), b"logs": Folder({b"1.log": File(b"1")})}))
    target = capture(adapter, chosen, root)
    tree(
        root,
        Folder(
            {
                b"cache": Folder({b"big": File(b"keep")}, 0o700),
                b"a": Folder({b"x": File(b"2"), b"a.log": File(b"keep")}),
                b"new": Folder({b"y": File(b""), b"n.log": File(b"keep")}),
                b"gone": Folder({b"only.log": File(b"keep")}),
            }
        ),
    )
    restore(adapter, chosen, root, target)
    assert capture(adapter, chosen, root) == target
    kept = sorted(path.name for path in (root / "tree").rglob("*") if path.is_file())
    assert kept == ["a.log", "big", "n.log", "only.log", "x"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, ["lib/.git"]),
        ({"include": ["lib/"]}, ["lib/.git"]),
        ({"git": True}, []),
        ({"exclude": [".git/"]}, []),
        ({"include": ["*.js"]}, []),
    ],
)
def test_a_repository_inside_that_is_left_out_is_told(
    root: Path, settings: dict[str, Any], told: list[str]
) -> None:
    inside = Folder({b".git": Folder({b"HEAD": File(b"")}), b"x.js": File(b"")})
    tree(root, Folder({b".git": Folder({b"HEAD": File(b"")}), b"lib": inside}))
    notices = adapter.capture(Settings(path="tree", **settings), context(root)).notices
    assert [notice.subject for notice in notices] == told


def test_what_only_comes_back_otherwise_is_not_wrong_to_a_doctor(root: Path) -> None:
    tree(root, Folder({b"a": File(b"")}))
    (root / "tree" / "b").hardlink_to(root / "tree" / "a")
    assert adapter.capture(ALL, context(root)).notices
    assert adapter.check(ALL, context(root)) == []
    os.mkfifo(root / "tree" / "pipe")
    assert [notice.subject for notice in adapter.check(ALL, context(root))] == ["pipe"]


def test_an_excluded_folder_is_not_even_opened(root: Path) -> None:
    tree(root, Folder({b"cache": Folder({b"x": File(b"")}), b"a": File(b"")}))
    opened = []
    code = os.open

    def open_folder(path: bytes, flags: int) -> int:
        opened.append(path)
        return code(path, flags)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", open_folder)
        capture(adapter, Settings(path="tree", exclude=["cache/**"]), root)
    assert opened == [os.fsencode(root / "tree")]


def test_a_store_is_never_captured_into_itself(root: Path) -> None:
    tree(root, Folder({b"a": File(b"")}))
    subprocess.run(["git", "init", "-q", "--bare", str(root / "tree/snapshots")], check=True)
    (root / "tree/snapshots/snapstore").mkdir()
    state = capture(adapter, ALL, root)
    assert names(state) == ["a"]
    assert [notice.subject for notice in state.captured.notices] == ["snapshots"]


# ---- what cannot be captured ---------------------------------------------------------------------------


def test_sockets_and_pipes_are_named_and_never_touched(root: Path) -> None:
    tree(root, Folder({b"a": File(b"")}))
    target = capture(adapter, ALL, root)
    os.mkfifo(root / "tree/pipe")
    here = Path.cwd()
    os.chdir(root / "tree")
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
    finally:
        os.chdir(here)
    state = capture(adapter, ALL, root)
    assert {identity: fact.attrs for identity, fact in state.facts.items() if "unmodelled" in identity} == {
        "unmodelled:pipe": {"type": "pipe"},
        "unmodelled:socket": {"type": "socket"},
    }
    assert [notice.subject for notice in state.captured.notices] == ["pipe", "socket"]
    assert plan(adapter, ALL, state, target) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="starts as root to become somebody without its powers")
def test_what_cannot_be_read_is_named_and_nothing_is_captured(root: Path) -> None:
    files: dict[bytes, Node] = {b"f%02d" % number: File(b"", 0o200) for number in range(11)}
    tree(root, Folder({b"closed": Folder({b"x": File(b"")}, 0o300), b"ok": File(b""), **files}))
    for parent in (root, *root.parents):
        if parent.stat().st_mode & 0o055 != 0o055:
            parent.chmod(parent.stat().st_mode | 0o055)
    script = f"""
import os
from pathlib import Path
from snapstore.errors import SnapError
from snapstore_files import Settings, adapter, walk
from tests.files.trees import context
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    adapter.capture(Settings(path="tree"), context(Path({str(root)!r})))
except SnapError as error:
    print(error.what)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("cannot be read: closed, f00, f01")
    assert result.stdout.strip().endswith("f08 and 2 more")


# ---- hostile and unlucky -------------------------------------------------------------------------------


def test_a_link_swapped_in_for_a_folder_does_not_lead_outside(root: Path) -> None:
    tree(root, Folder({b"a": Folder({b"x": File(b"1"), b"y": File(b"2")})}))
    target = capture(adapter, ALL, root)
    tree(root, Folder({b"a": Folder({b"x": File(b"changed"), b"z": File(b"new")})}))
    actions = plan(adapter, ALL, capture(adapter, ALL, root), target)
    outside = root / "outside"
    outside.mkdir()
    (outside / "z").write_bytes(b"precious")
    tree(root, Folder({b"a": Link(b"../outside")}))
    with pytest.raises(SnapError, match="symbolic link"):
        apply(adapter, ALL, actions, root, target.contents)
    deletions = [action for action in actions if action.verb == "drop"]
    assert deletions
    apply(adapter, ALL, deletions, root, target.contents)
    assert [(entry.name, entry.read_bytes()) for entry in outside.iterdir()] == [("z", b"precious")]


@pytest.mark.parametrize("path", ["../evil", "/tmp/evil", "a/../../evil", ".", "a//b", "\0"])
def test_a_path_that_leads_outside_is_refused_by_apply(root: Path, path: str) -> None:
    tree(root, Folder())
    state = capture(adapter, ALL, root)
    hostile = State(state.facts, {path: Blob(0o100644, "0" * 40)}, {}, state.captured)
    assert changes(state, hostile).files == [FileChange(path, None, Blob(0o100644, "0" * 40))]
    with pytest.raises(SnapError, match="not a path below the folder"):
        apply(adapter, ALL, plan(adapter, ALL, state, hostile), root, {"0" * 40: b"evil"})
    assert sorted(entry.name for entry in root.rglob("*")) == ["tree"]


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"do": "format", "path": "a"},
        {"do": "mode", "path": "a", "mode": "rwx"},
        {"do": "write", "path": "a"},
    ],
)
def test_a_payload_that_makes_no_sense_is_refused(root: Path, payload: dict[str, str]) -> None:
    tree(root, Folder())
    action = Action("tree", "create", "a", "hostile", payload=payload)  # type: ignore[arg-type]
    with pytest.raises(SnapError, match="the plan"):
        apply(adapter, ALL, [action], root, {})
    assert look(root) == ("folder", 0o755, {})


def test_a_failure_half_way_leaves_no_temporary_and_says_what_was_done(root: Path) -> None:
    tree(root, Folder({b"a": File(b"1"), b"b": File(b"2")}))
    target = capture(adapter, ALL, root)
    tree(root, Folder({b"a": File(b"x"), b"b": File(b"y")}))
    seen = look(root)
    broken = {oid: content for oid, content in target.contents.items() if content != b"2"}
    with pytest.raises(KeyError):
        actions = plan(adapter, ALL, capture(adapter, ALL, root), target)
        apply(adapter, ALL, actions, root, broken)
    assert look(root) == seen


def test_what_was_done_before_a_failure_is_told_to_the_journal(root: Path) -> None:
    tree(root, Folder({b"a": Folder(), b"b": Folder({b"kept": File(b"")}), b"c": Folder()}))
    actions = [
        Action("tree", "alter", path, "mode", payload={"do": "set", "path": path, "mode": "0700"})  # type: ignore[arg-type]
        for path in ("a", "missing", "c")
    ]
    journal = Journal()
    with pytest.raises(SnapError, match="does not exist"):
        apply(adapter, ALL, actions, root, {}, journal)
    assert [subject for event, subject in journal.entries if event == "finished"] == ["a"]


def test_thousands_of_files_are_a_few_entries_of_the_journal(root: Path) -> None:
    class Counting(Journal):
        calls = 0

        def started(self, *actions: Action) -> None:
            self.calls += 1
            super().started(*actions)

        def finished(self, *actions: Action) -> None:
            self.calls += 1
            super().finished(*actions)

    tree(root, Folder({b"%04d" % n: File(b"%d" % n) for n in range(2100)}))
    target = capture(adapter, ALL, root)
    tree(root, Folder())
    actions = plan(adapter, ALL, capture(adapter, ALL, root), target)
    journal = Counting()
    apply(adapter, ALL, actions, root, target.contents, journal)
    assert look(root) == ("folder", 0o755, {b"%04d" % n: ("file", 0o644, b"%d" % n) for n in range(2100)})
    assert len(journal.entries) == 2 * len(actions) + 1
    assert journal.calls <= 10


KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Any
from snapstore import safewrite
from snapstore_files import Settings, adapter
from tests.files.trees import apply, capture, plan

def fatal(run, left):
    def call(*args, **more):
        run(*args, **more)
        left.pop()
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
    return call

setattr(safewrite, sys.argv[2], fatal(getattr(safewrite, sys.argv[2]), [None] * int(sys.argv[3])))
root = Path(sys.argv[1])
target = capture(adapter, Settings(path="wanted"), root)
live = capture(adapter, Settings(path="tree"), root)
apply(adapter, Settings(path="tree"), plan(adapter, Settings(path="tree"), live, target), root,
      target.contents)
"""


@pytest.mark.parametrize(
    ("step", "number"),
    [("stage", 1), ("stage", 30), ("stage", 60), ("publish", 1), ("publish", 40), ("remove", 40)],
)
def test_killed_at_any_moment_no_file_is_torn_and_the_next_run_completes_it(
    root: Path, step: str, number: int
) -> None:
    old, new = b"old" * 10_000, b"new" * 20_000
    found: dict[bytes, Node] = {b"f%02d" % n: File(old) for n in range(60)}
    gone: dict[bytes, Node] = {b"g%02d" % n: File(old) for n in range(60)}
    tree(root, Folder({**found, b"gone": Folder(gone)}))
    wanted: dict[bytes, Node] = {name: File(new, 0o600) for name in found}
    build(root / "wanted", Folder({**wanted, b"made": Folder({b"link": Link(b"../f00")}, 0o700)}))
    child = subprocess.run([sys.executable, "-c", KILLED, str(root), step, str(number)], check=False)
    assert child.returncode == -signal.SIGKILL
    for path in (root / "tree").iterdir():
        if path.name in {name.decode() for name in found}:
            assert (path.read_bytes(), path.stat().st_mode & 0o777) in ((old, 0o644), (new, 0o600))
    restore(adapter, ALL, root, capture(adapter, Settings(path="wanted"), root))
    assert look(root) == picture(root / "wanted")
