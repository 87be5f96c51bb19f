from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from snapstore.errors import SnapError
from snapstore.model import LiveFile
from snapstore.store import Store, create
from snapstore.store.names import escape, escape_all, unescape
from tests.store.making import assert_clean, contents, git, state, take

HOSTILE = [
    *(".git", ".GIT", ".git ", ".git.", ".git. .", ".git::$INDEX_ALLOCATION", ".git:x", "git~1", "GIT~1"),
    *(
        ".g\u200cit",
        "\u200e.git",
        ".gi\ufefft",
        "a\\.git",
        "a\\.git\\b",
        ".git\\x",
        "\\.git",
        "..\\x",
        "a\\..",
    ),
    *(".gitmodules", ".GITMODULES", "gitmod~1", "gi7eba~1", ".gitattributes", ".gitAttributes ", "gitatt~4"),
    *("gi7d29~2", ".gitignore", ".mailmap", "mailma~1", "maba30~1", ".\u200c", "\u206a."),
    *(".", "..", "", "%", "%25", "%.git", "%5C", "%%"),
]
PLAIN = [
    *(
        ".gitkeep",
        ".github",
        ".gitlab-ci.yml",
        "a.git",
        "git",
        "...",
        "a%b",
        "main.js",
        "page~1.js",
        "é",
        "gitx",
    ),
]

raw = st.binary(max_size=12).map(lambda data: data.decode("utf-8", "surrogateescape"))
component = st.one_of(
    raw,
    st.sampled_from(HOSTILE),
    st.text(max_size=6),
    st.text(alphabet=".gGiItT~1%\\5Cc2 :\u200c", max_size=8),
).filter(
    lambda name: "/" not in name and "\0" not in name and _is_file_name(name),
)


def _is_file_name(name: str) -> bool:
    """What a file system could give: no surrogates except for bytes that are not UTF-8."""
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape") == name
    except UnicodeEncodeError:
        return False


@given(component)
@example("%25")
def test_every_name_is_read_back_as_it_was(name: str) -> None:
    assert unescape(escape(name)) == name


@given(component, component)
def test_two_names_never_become_one(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


@given(st.lists(component))
@example(["main.js", "a"])
@example(["a", "", "b"])
@example(["a", "\udcff"])
def test_many_names_are_stored_as_each_of_them_is(found: list[str]) -> None:
    plain = [name.encode("utf-8", "surrogateescape") for name in found]
    assert escape_all(b"".join([name + b"\0" for name in plain])) == list(map(escape, found))


@pytest.mark.parametrize("name", PLAIN)
def test_names_that_mean_nothing_to_git_stand_as_they_are(name: str) -> None:
    assert escape(name) == name.encode()


@pytest.mark.parametrize("name", ["a/b", "a\0b", "%/", "\0"])
def test_what_is_no_component_is_refused(name: str) -> None:
    with pytest.raises(SnapError, match="cannot be stored"):
        escape(name)


@pytest.mark.parametrize("mode", [0o100644, 0o120000, 0o040000])
def test_git_finds_nothing_wrong_with_hostile_names(store: Store, mode: int) -> None:
    folder = "/x" if mode == 0o040000 else ""
    given = [
        LiveFile(f"{number}/{name}{folder}", 0o100644 if folder else mode, data=b"x")
        for number, name in enumerate(HOSTILE + PLAIN)
    ]
    take(store, a=state(*given))
    assert_clean(store)


trees = st.dictionaries(
    st.lists(component, min_size=1, max_size=4).map("/".join),
    st.tuples(st.sampled_from([0o100644, 0o100755, 0o120000]), st.binary(max_size=200)),
    max_size=12,
)


def _without_conflicts(tree: dict[str, tuple[int, bytes]]) -> dict[str, tuple[int, bytes]]:
    """No path is both a file and a folder."""
    return {
        path: file for path, file in tree.items() if not any(other.startswith(path + "/") for other in tree)
    }


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(trees.map(_without_conflicts))
def test_random_trees_come_back_and_git_and_dulwich_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, tuple[int, bytes]]
) -> None:
    store = create(tmp_path_factory.mktemp("random") / "store")
    given = [LiveFile(path, mode, data=data) for path, (mode, data) in tree.items()]
    take(store, a=state(*given))
    assert contents(store.snapshot(str(store.head()))) == tree
    assert_clean(store)
    assert (
        _with_git(store)
        == _with_dulwich(store.path)
        == {"/".join(map(_stored, path.split("/"))): file for path, file in tree.items()}
    )


def _stored(name: str) -> str:
    return escape(name).decode("utf-8", "surrogateescape")


def _with_git(store: Store) -> dict[str, tuple[int, bytes]]:
    found = {}
    for line in git(store, "ls-tree", "-rz", "HEAD", "a/files/").split("\0")[:-1]:
        meta, _, path = line.partition("\t")
        mode, _, oid = meta.split()
        command = ["git", "-C", str(store.path), "cat-file", "blob", oid]
        data = subprocess.run(command, capture_output=True, check=True).stdout
        found[path.removeprefix("a/files/")] = int(mode, 8), data
    return found


def _with_dulwich(root: Path) -> dict[str, tuple[int, bytes]]:
    from dulwich.object_store import iter_tree_contents
    from dulwich.repo import Repo

    found = {}
    with Repo(str(root)) as repo:
        for entry in iter_tree_contents(repo.object_store, repo[repo.head()].tree):
            path = entry.path.decode("utf-8", "surrogateescape")
            if path.startswith("a/files/"):
                found[path.removeprefix("a/files/")] = entry.mode, repo[entry.sha].data
    return found
