"""The effective configuration: what webpack or Next.js would work with, as facts.

Evaluating runs the project's code, so it happens only where the user asks for it, with an environment of
what the user lists, a time limit, and its result on a descriptor of its own, since configurations print.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Document, Fact, Json
from snapstore.paths import to_text

KIND = "effective"

_SCRIPT = Path(__file__).with_name("evaluate.cjs")
_BASE = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
_SECRET = re.compile(r"secret|token|passw|passphrase|credential|private|cookie|auth|key", re.IGNORECASE)
_SECRET_FOLDERS = frozenset({"definitions", "env", "serverRuntimeConfig", "publicRuntimeConfig"})
_PLAIN = re.compile(r"[\w$-]+")
_WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@")

_Leaf = tuple[tuple[str, ...], Json]


def effective_document(
    config: Path, name: str, settings_env: Sequence[str], timeout: float, context: Context
) -> Document:
    """Facts ``effective:NAME/path.to.value`` of one configuration file. SnapError when node cannot say."""
    env = {key: context.env[key] for key in ("PATH", *settings_env) if key in context.env}
    value = _evaluate(config, context.root, _BASE | env, timeout)
    facts = [_fact(name, path, leaf, env, context) for path, leaf in _leaves(value, ())]
    return Document(f"effective/{to_text(name)}.json", tuple(sorted(facts, key=lambda fact: fact.id)))


def _evaluate(config: Path, root: Path, env: Mapping[str, str], timeout: float) -> Json:
    node = shutil.which("node", path=env.get("PATH"))
    if node is None:
        raise SnapError(
            "there is no node to evaluate it", where=str(config), fix="install node, or set evaluate = false"
        )
    with tempfile.TemporaryFile() as result:
        descriptor = str(result.fileno())
        command = [node, str(_SCRIPT), str(config.resolve()), str(root.resolve()), descriptor]
        with subprocess.Popen(
            command,
            cwd=root,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[result.fileno()],
            start_new_session=True,
        ) as process:
            code = _wait(process, timeout)
        result.seek(0)
        return _result(config, code, timeout, result.read())


def _wait(process: subprocess.Popen[bytes], timeout: float) -> int | None:
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        return None
    finally:
        # Whatever the configuration has started belongs to the session that was made for it.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _result(config: Path, code: int | None, timeout: float, output: bytes) -> Json:
    # What the configuration itself said is not shown: it may hold a secret.
    if code is None:
        raise SnapError(
            f"its evaluation took more than {timeout:g} seconds",
            where=str(config),
            fix="raise `timeout` of the resource",
        )
    try:
        if code == 0:
            return json.loads(output)
    except ValueError:
        pass
    raise SnapError(
        f"node could not evaluate it (exit code {code})",
        where=str(config),
        fix="does it build? It may need a variable that `env` of the resource does not list",
    )


def _leaves(value: Json, path: tuple[str, ...]) -> Iterator[_Leaf]:
    """Each scalar, and each list and object without scalars below, with the way to it."""
    if isinstance(value, dict) and value and "$function" not in value:
        for key, below in value.items():
            yield from _leaves(below, (*path, key if _PLAIN.fullmatch(key) else f"[{json.dumps(key)}]"))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for name, below in zip(_names(value), value, strict=True):
            yield from _leaves(below, (*path, f"[{name}]"))
    else:
        yield path, value


def _names(items: Sequence[Json]) -> list[str]:
    """Names for the items of a list that do not move when another one is put before them."""
    names: dict[str, None] = {}
    for item in items:
        name = _name(item)
        again = (f"{name} {number}".strip() for number in count(2))
        names[name if name not in names else next(new for new in again if new not in names)] = None
    return list(names)


def _name(item: Json) -> str:
    if not isinstance(item, dict):
        return ""
    named = (item.get(key) for key in ("$class", "$function", "test", "name", "loader", "source"))
    return next((name for name in named if isinstance(name, str)), "")


def _fact(name: str, path: tuple[str, ...], value: Json, env: Mapping[str, str], context: Context) -> Fact:
    way = ".".join(path).replace(".[", "[")
    identity = f"{KIND}:{to_text(name)}/{to_text(way)}"
    if _is_secret(path, value, env):
        value = context.seal(identity, json.dumps(value, sort_keys=True).encode())
    return Fact(identity, {"value": value})


def _is_secret(path: tuple[str, ...], value: Json, env: Mapping[str, str]) -> bool:
    if value is None or isinstance(value, bool) or path[-1:] == ("$class",):
        return False
    if not _SECRET_FOLDERS.isdisjoint(path) or any(_SECRET.search(name) for name in path):
        return True
    secrets = [text for name, text in env.items() if _SECRET.search(name) and text]
    texts = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
    return any(_WITH_PASSWORD.search(text) or any(secret in text for secret in secrets) for text in texts)
