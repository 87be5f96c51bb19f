"""The webpack adapter on real projects: what belongs to a configuration, and bringing it back."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Captured, HazardName
from snapstore_webpack import Settings, adapter, discover
from tests.files.trees import State, apply, capture, context, plan, restore

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")

COMMON = """
// a comment with require('./gone') in it
const data = require("./data.json");
module.exports = { devtool: data.devtool };
"""
CONFIG = """
const path = require('path');
const common = require('./config/common');
module.exports = { ...common, entry: './src/index.js', output: { path: path.join(__dirname, 'dist') } };
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, "webpack.config.js", CONFIG)
    write(tmp_path, "config/common.js", COMMON)
    write(tmp_path, "config/data.json", '{"devtool": "source-map"}')
    write(tmp_path, "src/index.js", "import './app'")
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def paths(root: Path, **settings: Any) -> list[str]:
    return sorted(capture(adapter, Settings(**settings), root).files)


def notices(root: Path, **settings: Any) -> list[tuple[str, str]]:
    found = capture(adapter, Settings(**settings), root).captured.notices
    return [(notice.subject, notice.text) for notice in found]


def test_a_configuration_is_its_file_and_what_it_requires_and_nothing_else(project: Path) -> None:
    assert paths(project) == ["config/common.js", "config/data.json", "webpack.config.js"]
    assert notices(project) == []


@pytest.mark.parametrize(
    "code",
    [
        "require('./a')",
        'require( "./a.js" )',
        "require.resolve(`./a`)",
        "import a from './a'",
        "import './a.js'",
        "export { a } from './a'",
        "const a = await import('./a')",
        "import {\n  a,\n  b,\n} from './a'",
        "require(path.join(__dirname, 'a'))",
        "require(path.resolve(__dirname, './', 'a.js'))",
        "/* require('./a') */",
        "const test = /node_modules\\/*/; require('./a'); const other = /\\/*/",
    ],
)
def test_ways_to_require_a_file(tmp_path: Path, code: str) -> None:
    write(tmp_path, "webpack.config.js", code)
    write(tmp_path, "a.js", "")
    assert paths(tmp_path) == ["a.js", "webpack.config.js"]


@pytest.mark.parametrize(
    ("asked", "file"),
    [
        ("./a", "a.ts"),
        ("./a.js", "a.ts"),
        ("./a", "a/index.js"),
        ("./a/", "a/index.mjs"),
        ("./a", "a.json"),
        (".", "index.js"),
        ("./a.b", "a.b.js"),
        ("./é", "é.js"),
    ],
)
def test_a_path_finds_the_file_that_node_would_load(tmp_path: Path, asked: str, file: str) -> None:
    write(tmp_path, "webpack.config.js", f"require('{asked}')")
    write(tmp_path, file, "")
    assert paths(tmp_path) == sorted([file, "webpack.config.js"])


def test_the_main_file_of_a_folder_is_followed(tmp_path: Path) -> None:
    write(tmp_path, "webpack.config.js", "require('./lib')")
    write(tmp_path, "lib/package.json", '{"main": "src/main"}')
    write(tmp_path, "lib/src/main.js", "")
    assert paths(tmp_path) == ["lib/src/main.js", "webpack.config.js"]


def test_files_that_require_each_other_are_read_once(tmp_path: Path) -> None:
    write(tmp_path, "webpack.config.js", "require('./a'); require('.')")
    write(tmp_path, "a.js", "require('./webpack.config'); require('./a')")
    assert paths(tmp_path) == ["a.js", "webpack.config.js"]


def test_what_cannot_be_followed_is_reported(tmp_path: Path) -> None:
    root = tmp_path / "project"
    write(tmp_path, "shared.js", "")
    write(root, "webpack.config.js", "require('./gone');\nrequire('../shared');\nrequire(process.env.EXTRA)")
    assert notices(root) == [
        (str(tmp_path / "shared.js"), "required, but outside the project: not captured"),
        ("webpack.config.js", "requires ./gone, which is not there"),
        ("webpack.config.js", "requires a path that is computed (near line 3): not followed"),
    ]
    assert paths(root) == ["webpack.config.js"]


def test_a_project_without_a_configuration_says_so(tmp_path: Path) -> None:
    assert notices(tmp_path) == [(".", "there is no webpack or Next.js configuration")]
    assert notices(tmp_path, path="conf/wp.js") == [
        ("conf/wp.js", "there is no webpack or Next.js configuration")
    ]


def test_next_and_webpack_are_both_found_by_their_usual_names(project: Path) -> None:
    write(project, "next.config.mjs", "export default {}")
    write(project, "webpack.config.prod.js", "")
    assert "next.config.mjs" in paths(project) and "webpack.config.prod.js" not in paths(project)
    (found,) = discover(project, {})
    assert found.settings == {"clear": [".next/cache"]}
    assert found.comment == "webpack.config.js and next.config.mjs"


@pytest.mark.parametrize("path", ["/etc/passwd", "../webpack.config.js", "a/../../b", ""])
def test_a_path_outside_of_the_project_is_refused(path: str) -> None:
    for settings in ({"clear": [path]}, {"path": path}):
        if settings != {"path": ""}:
            with pytest.raises(msgspec.ValidationError, match="not a path below"):
                msgspec.convert(settings, Settings)


# ---- restore -------------------------------------------------------------------------------------------


def test_everything_comes_back_to_the_byte_with_its_mode(project: Path) -> None:
    chosen = Settings()
    (project / "config/data.json").write_bytes(b'{"devtool":\r\n"x"}\xff')
    (project / "config/data.json").chmod(0o600)
    target = capture(adapter, chosen, project)
    shutil.rmtree(project / "config")
    write(project, "webpack.config.js", "module.exports = {}")
    restore(adapter, chosen, project, target)
    assert capture(adapter, chosen, project) == target
    assert (project / "config/data.json").read_bytes() == b'{"devtool":\r\n"x"}\xff'
    assert (project / "config/data.json").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_merely_not_required_any_more_stays(project: Path) -> None:
    """It may have been there before the configuration came to require it: nobody knows."""
    write(project, "webpack.config.js", "module.exports = {}")
    target = capture(adapter, Settings(), project)
    write(project, "webpack.config.js", CONFIG)
    restore(adapter, Settings(), project, target)
    assert capture(adapter, Settings(), project) == target
    assert (project / "config/common.js").exists()


def test_an_optional_file_that_was_not_there_goes_again(project: Path) -> None:
    write(project, "webpack.config.js", "try { require('./local') } catch {}")
    target = capture(adapter, Settings(), project)
    write(project, "local.js", "module.exports = {}")
    restore(adapter, Settings(), project, target)
    assert capture(adapter, Settings(), project) == target
    assert not (project / "local.js").exists()


def test_a_configuration_that_was_not_there_goes_again(project: Path) -> None:
    (project / "webpack.config.js").rename(project / "aside")
    target = capture(adapter, Settings(), project)
    (project / "aside").rename(project / "webpack.config.js")
    restore(adapter, Settings(), project, target)
    assert capture(adapter, Settings(), project) == target
    assert not (project / "webpack.config.js").exists()


def test_caches_are_cleared_when_a_file_was_restored_and_only_then(project: Path) -> None:
    chosen = Settings(clear=[".next/cache", "node_modules/.cache", "none"])
    target = capture(adapter, chosen, project)
    write(project, ".next/cache/deep/x", "stale")
    write(project, ".next/BUILD_ID", "kept")
    (project / "outside").mkdir()
    (project / "node_modules").mkdir()
    (project / "node_modules/.cache").symlink_to(project / "outside")
    write(project, "outside/x", "kept")
    assert restore(adapter, chosen, project, target) == []
    assert (project / ".next/cache/deep/x").exists()
    write(project, "webpack.config.js", "module.exports = {}")
    actions = restore(adapter, chosen, project, target)
    assert [action.summary for action in actions][-3:] == [
        "remove the cache .next/cache",
        "remove the cache node_modules/.cache",
        "remove the cache none",
    ]
    assert [entry.name for entry in (project / ".next").iterdir()] == ["BUILD_ID"]
    assert not (project / "node_modules/.cache").is_symlink()
    assert (project / "outside/x").exists()


def test_a_cache_behind_a_link_is_not_touched(project: Path) -> None:
    chosen = Settings(clear=["link/cache"])
    target = capture(adapter, chosen, project)
    write(project, "outside/cache/x", "precious")
    (project / "link").symlink_to("outside")
    write(project, "webpack.config.js", "")
    restore(adapter, chosen, project, target)
    assert (project / "outside/cache/x").exists()


# ---- the effective configuration -----------------------------------------------------------------------

WEBPACK = """
module.exports = { config: {
  getNormalizedWebpackOptions: (options) => ({ ...options, normalized: true }),
  applyWebpackOptionsDefaults: (options) => { options.mode ??= 'production'; },
} };
"""


def effective(root: Path, env: list[str] | None = None, **more: str) -> tuple[dict[str, Any], Captured]:
    def seal(identity: str, value: bytes) -> dict[str, str]:
        return {"$sealed": f"{len(identity)}"}

    known: Context = msgspec.structs.replace(context(root), seal=seal, env={**os.environ, **more})
    captured = adapter.capture(Settings(evaluate=True, env=env or []), known)
    facts = {
        fact.name.partition("/")[2]: fact.attrs["value"]
        for document in captured.documents
        if document.path.startswith("effective/")
        for fact in document.facts
    }
    return facts, captured


@needs_node
def test_the_effective_configuration_is_described_value_by_value(project: Path) -> None:
    write(project, "node_modules/webpack/index.js", WEBPACK)
    write(
        project,
        "webpack.config.js",
        """
        console.log('noise'); setInterval(() => {}, 1000);
        class Banner { constructor() { this.text = 'hi'; this.self = this; } }
        module.exports = async () => ({
          output: { path: __dirname + '/dist', 'odd.name': 1 },
          module: { rules: [{ test: /[.]css$/, use: ['a', 'b'] }, { test: /[.]css$/ }] },
          plugins: [new Banner()], externals: [function pick() {}], stream: process.stderr, none: undefined,
        });
        """,
    )
    facts, captured = effective(project)
    pick = facts.pop("externals[pick]")
    assert pick["$function"] == "pick" and len(pick["source"]) == 16
    assert facts == {
        "mode": "production",
        "normalized": True,
        'output["odd.name"]': 1,
        "output.path": "<root>/dist",
        "module.rules[/[.]css$/].test": "/[.]css$/",
        "module.rules[/[.]css$/].use": ["a", "b"],
        "module.rules[/[.]css$/ 2].test": "/[.]css$/",
        "plugins[Banner].$class": "Banner",
        "plugins[Banner].text": "hi",
        "plugins[Banner].self.$cycle": 1,
        "stream.$class": facts["stream.$class"],
    }
    assert captured.notices == []
    assert effective(project)[1].documents == captured.documents


@needs_node
def test_what_may_be_a_secret_is_sealed(project: Path) -> None:
    write(
        project,
        "next.config.js",
        """
        module.exports = {
          env: { PLAIN: 'canary-1' }, apiToken: 'canary-2', db: 'postgres://me:canary-3@host/',
          copied: 'x' + process.env.MY_SECRET, listed: ['canary-' + '5', process.env.MY_SECRET],
          hidden: process.env.NOT_LISTED ?? 'unset', open: 'visible', name: process.env.NAME,
        };
        """,
    )
    facts, captured = effective(
        project, ["MY_SECRET", "NAME"], MY_SECRET="canary-4", NOT_LISTED="canary-6", NAME="shop"
    )
    sealed = {name for name, value in facts.items() if isinstance(value, dict) and "$sealed" in value}
    assert sealed == {"env.PLAIN", "apiToken", "db", "copied", "listed"}
    assert (facts["hidden"], facts["open"], facts["name"]) == ("unset", "visible", "shop")
    assert b"canary" not in msgspec.json.encode(captured.documents)


@needs_node
@pytest.mark.parametrize("code", ["throw new Error('canary')", "syntax error", "process.exit(0)"])
def test_a_configuration_that_fails_is_captured_all_the_same(project: Path, code: str) -> None:
    write(project, "webpack.config.js", code)
    facts, captured = effective(project)
    assert facts == {}
    assert [file.path for file in captured.files] == ["webpack.config.js"]
    (notice,) = captured.notices
    assert notice.subject == "webpack.config.js" and "could not evaluate" in notice.text
    assert "canary" not in notice.text


@needs_node
def test_a_configuration_that_never_ends_is_stopped_with_all_it_has_started(project: Path) -> None:
    write(
        project,
        "webpack.config.js",
        """
        const child = require('child_process').spawn('sleep', ['600']);
        require('fs').writeFileSync('pid', String(child.pid));
        module.exports = new Promise(() => {}); setInterval(() => {}, 1000);
        """,
    )
    for timeout in (2, 10, 60):  # a busy machine may need more to come as far as the child
        captured = adapter.capture(Settings(evaluate=True, timeout=timeout), context(project))
        assert f"more than {timeout} seconds" in captured.notices[0].text
        if (project / "pid").exists():
            break
    assert ends(int((project / "pid").read_text()))


def ends(pid: int) -> bool:
    """Whether a process is gone within ten seconds: being killed takes a moment."""
    for _ in range(100):
        if not is_running(pid):
            return True
        time.sleep(0.1)
    return False


def is_running(pid: int) -> bool:
    """A killed process may stay as a zombie where nobody collects orphans."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def test_without_being_asked_no_code_of_the_project_is_run(project: Path) -> None:
    write(project, "webpack.config.js", "require('fs').writeFileSync('ran', '')")
    capture(adapter, Settings(), project)
    assert not (project / "ran").exists()


@needs_node
def test_when_only_the_packages_differ_the_plan_says_that_it_cannot_restore_them(project: Path) -> None:
    chosen = Settings(evaluate=True)
    write(project, "node_modules/webpack/index.js", WEBPACK)
    target = capture(adapter, chosen, project)
    write(project, "node_modules/webpack/index.js", WEBPACK.replace("production", "development"))
    live: State = capture(adapter, chosen, project)
    (action,) = plan(adapter, chosen, live, target)
    assert [hazard.name for hazard in action.hazards] == [HazardName.UNVERIFIABLE]
    journal = apply(adapter, chosen, [action], project, {})
    assert journal.entries[-1] == ("committed", "")
    assert capture(adapter, chosen, project) == live


def test_evaluating_without_node_is_a_notice(project: Path, tmp_path: Path) -> None:
    known = msgspec.structs.replace(context(project), env={"PATH": str(tmp_path)})
    captured = adapter.capture(Settings(evaluate=True), known)
    assert "no node" in captured.notices[0].text
    assert json.loads(msgspec.json.encode(captured.documents)) == []


def test_an_unreadable_configuration_is_an_error_that_names_it(project: Path) -> None:
    (project / "webpack.config.js").unlink()
    (project / "webpack.config.js").mkdir()
    assert notices(project) == [(".", "there is no webpack or Next.js configuration")]
    with pytest.MonkeyPatch.context() as patch:
        (project / "webpack.config.js").rmdir()
        write(project, "webpack.config.js", "")

        def refuse(*args: object, **kwargs: object) -> str:
            raise PermissionError(13, "Permission denied")

        patch.setattr(Path, "read_text", refuse)
        with pytest.raises(SnapError, match="cannot be read"):
            capture(adapter, Settings(), project)
