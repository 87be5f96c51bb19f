"""The variables of a project to facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Captured, Document, Fact, Notice
from snapstore.remote.retrying import surely
from snapstore_platform.provider import Provider, opened
from snapstore_platform.settings import Settings
from snapstore_platform.variables import Variable, fact_of

DOCUMENT = "variables.json"


def capture(settings: Settings, context: Context) -> Captured:
    with opened(settings, context.resource) as provider:
        found = variables(provider, settings, context.resource)
    facts = [fact_of(variable, settings, context.seal) for variable in found.values()]
    return Captured(
        documents=[Document(DOCUMENT, tuple(facts))] if facts else [],
        notices=_notices(facts, settings),
        hints={"provider": settings.provider, "exclude": list(settings.exclude)},
    )


def variables(provider: Provider, settings: Settings, resource: str) -> Mapping[str, Variable]:
    """Those of the project that are not left alone, by identity. SnapError when two have the same."""
    found: dict[str, Variable] = {}
    for variable in surely(provider.read, provider.lost):
        if any(fnmatchcase(variable.key, pattern) for pattern in settings.exclude):
            continue
        if variable.identity in found:
            raise SnapError(
                f"there are two variables {variable.identity.partition(':')[2]}",
                where=resource,
                fix="remove one of them, or leave both alone with `exclude`",
            )
        found[variable.identity] = variable
    return found


def _notices(facts: Iterable[Fact], settings: Settings) -> list[Notice]:
    hidden = sorted(fact.name for fact in facts if "value" not in fact.attrs)
    if not hidden:
        return []
    text = (
        f"of these only that they are there is known, since their values cannot be read: {', '.join(hidden)}"
    )
    return [Notice(settings.project, text)]


def check(settings: Settings, context: Context) -> list[Notice]:
    """[] when the variables can be read; otherwise what stands in the way."""
    try:
        with opened(settings, context.resource) as provider:
            variables(provider, settings, context.resource)
    except SnapError as error:
        return [Notice(context.resource, error.what)]
    return []
