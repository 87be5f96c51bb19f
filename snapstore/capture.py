"""All resources in parallel to their captured states. Changes nothing in the systems it reads."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from threading import Thread
from typing import TYPE_CHECKING

import msgspec

from snapstore import adapter as adapters
from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Captured, Document
from snapstore.secrets import REDACTOR
from snapstore.snapshot import FILES, PAGES
from snapstore.store import ResourceState

if TYPE_CHECKING:
    from snapstore.config import Config
    from snapstore.secrets import Keys
    from snapstore.store import Store

_AT_ONCE = 16


def capture(
    config: Config, keys: Keys, names: Sequence[str], store: Store | None = None
) -> dict[str, ResourceState]:
    """The state of each named resource, in the order of ``names``; files may not be read yet.

    What has the state that ``store`` remembers of it may be told by its tree there.

    SnapError for the first resource of ``names`` that failed, which it names; the others that failed are
    listed with it.
    """
    if len(names) == 1:  # in this thread: starting another takes longer than capturing a small resource
        return {names[0]: _capture_one(config, keys, store, names[0])}
    found = _in_parallel(names, partial(_capture_one, config, keys, store))
    failures = [result for name in names if isinstance(result := found[name], BaseException)]
    if failures:
        raise _joined(failures)
    return {name: result for name in names if isinstance(result := found[name], ResourceState)}


def _in_parallel(
    names: Sequence[str], work: Callable[[str], ResourceState]
) -> dict[str, ResourceState | BaseException]:
    """What ``work`` gives or raises for each name. Without concurrent.futures, which is slow to import."""
    waiting = deque(names)
    found: dict[str, ResourceState | BaseException] = {}

    def run() -> None:
        while waiting:
            with suppress(IndexError):  # another thread took the last one
                name = waiting.popleft()
                found[name] = _result(work, name)

    threads = [Thread(target=run, name="capture", daemon=True) for _ in range(min(len(names), _AT_ONCE))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _result(work: Callable[[str], ResourceState], name: str) -> ResourceState | BaseException:
    try:
        return work(name)
    except BaseException as error:  # noqa: BLE001 - what ends a thread would be lost
        return error


def context_of(config: Config, keys: Keys, name: str) -> Context:
    """What the adapter of a configured resource may know about where it runs."""
    return Context(
        resource=name,
        root=config.root,
        seal=partial(keys.seal, name),
        unseal=partial(keys.unseal, name),
        env=dict(os.environ),
        scratch=config.scratch,
    )


def adapter_error(name: str, error: BaseException) -> SnapError:
    """Any failure inside an adapter as an error that names its resource; secrets are masked."""
    if isinstance(error, SnapError):
        where = error.where if error.where.startswith(name) else ", ".join(filter(None, (name, error.where)))
        what, fix = (REDACTOR.redact(text, sealed=True) for text in (error.what, error.fix))
        return SnapError(what, where=where, fix=fix, code=error.code)
    if isinstance(error, OSError) and error.strerror:
        places = [name, *(os.fsdecode(p) for p in (error.filename,) if isinstance(p, str | bytes))]
        fix = "put that right, then run the command again (--debug shows where it happened)"
        return SnapError(error.strerror, where=", ".join(places), fix=fix)
    text = REDACTOR.redact(f"{type(error).__name__}: {error}", sealed=True)
    return SnapError(f"its adapter failed unexpectedly: {text}", where=name, fix="--debug shows where")


def _capture_one(config: Config, keys: Keys, store: Store | None, name: str) -> ResourceState:
    try:
        resource = config.resources[name]
        adapter = adapters.load(resource.adapter)
        known = store.known(name, adapter.name, adapter.format) if store else None
        context = msgspec.structs.replace(context_of(config, keys, name), known=known)
        captured = adapter.capture(resource.settings, context)
        _check(name, captured)
    except Exception as error:
        raise adapter_error(name, error) from error
    pages = _told(name, captured.pages)
    return ResourceState(adapter.name, adapter.format, msgspec.structs.replace(captured, pages=pages))


def _told(name: str, pages: Iterable[Document]) -> Iterator[Document]:
    """Pages are read when the store asks for them: what fails then is told as a failed capture is."""
    try:
        yield from pages
    except Exception as error:
        raise adapter_error(name, error) from error


def _check(name: str, captured: Captured) -> None:
    """The promises of Captured that everything later builds on: a breach is a bug of the adapter."""
    documents = captured.documents
    paths = {document.path for document in documents}
    facts = {fact.id for document in documents for fact in document.facts}
    if len(paths) < len(documents) or len(facts) < sum(len(document.facts) for document in documents):
        raise SnapError(
            f"its adapter captured {_twice(documents)!r} twice", fix="report this as a bug of the adapter"
        )
    reserved = sorted(path for path in paths if path.partition("/")[0] in (FILES, PAGES))
    if reserved:
        raise SnapError(
            f"its adapter put a document at {reserved[0]!r}, which is kept for files and pages",
            fix="report this as a bug of the adapter",
        )


def _twice(documents: Sequence[Document]) -> str:
    """The path of a document, or else the identity of a fact, that is there more than once."""
    paths = Counter(document.path for document in documents)
    facts = Counter(fact.id for document in documents for fact in document.facts)
    return next(name for name, count in chain(paths.items(), facts.items()) if count > 1)


def _joined(failures: list[BaseException]) -> SnapError:
    first, *others = [error if isinstance(error, SnapError) else SnapError(str(error)) for error in failures]
    if not others:
        return first
    also = "; ".join(f"{error.where}: {error.what}" for error in others)
    return SnapError(f"{first.what} (also failed: {also})", where=first.where, fix=first.fix, code=first.code)
