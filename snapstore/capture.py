"""All resources in parallel to their captured states. Changes nothing in the systems it reads."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from snapstore import adapter as adapters
from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Captured
from snapstore.secrets import REDACTOR
from snapstore.snapshot import FILES
from snapstore.store import ResourceState

if TYPE_CHECKING:
    from snapstore.config import Config
    from snapstore.secrets import Keys

_AT_ONCE = 16


def capture(config: Config, keys: Keys, names: Sequence[str]) -> dict[str, ResourceState]:
    """The state of each named resource, in the order of ``names``; files may not be read yet.

    SnapError for the first resource of ``names`` that failed, which it names; the others that failed are
    listed with it.
    """
    if not names:
        return {}
    pool = ThreadPoolExecutor(max_workers=min(len(names), _AT_ONCE), thread_name_prefix="capture")
    try:
        running = {name: pool.submit(_capture_one, config, keys, name) for name in names}
        failures = [error for future in running.values() if (error := future.exception())]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if failures:
        raise _joined(failures)
    return {name: future.result() for name, future in running.items()}


def context_of(config: Config, keys: Keys, name: str) -> Context:
    """What the adapter of a configured resource may know about where it runs."""
    return Context(
        resource=name,
        root=config.root,
        seal=partial(keys.seal, name),
        unseal=partial(keys.unseal, name),
        env=dict(os.environ),
    )


def adapter_error(name: str, error: BaseException) -> SnapError:
    """Any failure inside an adapter as an error that names its resource; secrets are masked."""
    if isinstance(error, SnapError):
        where = error.where if error.where.startswith(name) else ", ".join(filter(None, (name, error.where)))
        what, fix = (REDACTOR.redact(text, sealed=True) for text in (error.what, error.fix))
        return SnapError(what, where=where, fix=fix, code=error.code)
    text = REDACTOR.redact(f"{type(error).__name__}: {error}", sealed=True)
    return SnapError(f"its adapter failed unexpectedly: {text}", where=name, fix="--debug shows where")


def _capture_one(config: Config, keys: Keys, name: str) -> ResourceState:
    try:
        resource = config.resources[name]
        adapter = adapters.load(resource.adapter)
        captured = adapter.capture(resource.settings, context_of(config, keys, name))
        _check(name, captured)
    except Exception as error:
        raise adapter_error(name, error) from error
    return ResourceState(adapter.name, adapter.format, captured)


def _check(name: str, captured: Captured) -> None:
    """The promises of Captured that everything later builds on: a breach is a bug of the adapter."""
    paths = Counter(document.path for document in captured.documents)
    identities = Counter(fact.id for document in captured.documents for fact in document.facts)
    twice = [text for text, count in (paths + identities).items() if count > 1]
    if twice:
        raise SnapError(f"its adapter captured {twice[0]!r} twice", fix="report this as a bug of the adapter")
    reserved = [path for path in paths if path.partition("/")[0] == FILES]
    if reserved:
        raise SnapError(f"its adapter put a document at {reserved[0]!r}, which is kept for files")


def _joined(failures: list[BaseException]) -> SnapError:
    first, *others = [error if isinstance(error, SnapError) else SnapError(str(error)) for error in failures]
    if not others:
        return first
    also = "; ".join(f"{error.where}: {error.what}" for error in others)
    return SnapError(f"{first.what} (also failed: {also})", where=first.where, fix=first.fix, code=first.code)
