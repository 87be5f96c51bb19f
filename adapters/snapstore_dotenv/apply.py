"""Writing the env file, as a whole and atomically."""

from __future__ import annotations

from collections.abc import Sequence

from snapstore import safewrite
from snapstore.adapter import ApplyContext, Context
from snapstore.model import Action, Verb
from snapstore_dotenv.parts import build
from snapstore_dotenv.place import place_of, target_of
from snapstore_dotenv.settings import Settings


def apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    """Run the actions, each durable when it is reported. All secrets are unsealed before anything changes."""
    contents = [_content(action, context) for action in actions]
    folder, relative = target_of(place_of(settings, context))
    for action, content in zip(actions, contents, strict=True):
        context.journal.started(action)
        if content is None:
            safewrite.remove(folder, relative)
        else:
            safewrite.replace(folder, relative, [content], int(action.payload["mode"], 8))
        context.journal.finished(action)
        context.journal.committed()


def tidy(settings: Settings, actions: Sequence[Action], context: Context) -> None:
    """Remove what a killed :func:`apply` had written beside the file: it holds secrets."""
    safewrite.discard(*target_of(place_of(settings, context)))


def _content(action: Action, context: ApplyContext) -> bytes | None:
    if action.verb is Verb.DROP:
        return None

    def unseal(key: str) -> bytes:
        sealed = action.secrets[key]
        return context.unseal(sealed.identity, sealed.token)

    return build(action.payload["parts"], unseal)
