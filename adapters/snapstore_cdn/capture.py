"""A configuration to facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from snapstore.adapter import Context
from snapstore.model import UNMODELLED, Captured, Document, Fact, Json, Notice
from snapstore.remote.retrying import surely
from snapstore_cdn.provider import opened
from snapstore_cdn.sealing import sealed
from snapstore_cdn.settings import Settings


def capture(settings: Settings, context: Context) -> Captured:
    with opened(settings, context) as provider:
        seen = surely(provider.read, provider.lost)
    documents = [
        Document(one.path, tuple(sealed(fact, settings, context) for fact in _wanted(one, settings)))
        for one in seen.documents
    ]
    own: dict[str, Json] = {"provider": settings.provider, "exclude": list(settings.exclude)}
    own |= {"versions": seen.versions, **({} if seen.asked is None else {"asked": sorted(seen.asked)})}
    return Captured(
        documents=[document for document in documents if document.facts],
        notices=[*seen.notices, *_left_alone(documents)],
        hints=seen.hints | own,
    )


def _left_alone(documents: Sequence[Document]) -> Iterator[Notice]:
    for fact in (fact for document in documents for fact in document.facts):
        if fact.kind == UNMODELLED:
            yield Notice(fact.name, "is seen, and left alone by restores")


def _wanted(document: Document, settings: Settings) -> list[Fact]:
    return [
        fact
        for fact in document.facts
        if not any(fnmatchcase(fact.id, pattern) for pattern in settings.exclude)
    ]
