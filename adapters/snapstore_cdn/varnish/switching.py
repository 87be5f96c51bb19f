"""How slots come to stand on other programs: all that is missing is loaded, then it is switched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec

from snapstore.errors import SnapError
from snapstore_cdn.provider import Change
from snapstore_cdn.varnish.cli import OK, Cli
from snapstore_cdn.varnish.facts import ACTIVE, sources_of
from snapstore_cdn.varnish.programs import Loaded, loaded, sources
from snapstore_cdn.varnish.sources import whole

OURS = "snap_"
_AUTO = "auto"


class Step(msgspec.Struct, frozen=True):
    """A slot and the program that it gets, its text where it has to be loaded."""

    id: str
    program: str
    text: str | None
    health: Mapping[str, str]

    @property
    def label(self) -> str | None:
        return None if self.id == ACTIVE else self.id.partition(":")[2]


def write(cli: Cli, changes: Sequence[Change], begun: Callable[[], None]) -> None:
    """What does not compile changes nothing. It may be done twice."""
    now = loaded(cli)
    steps = list(_steps(cli, changes, now))
    _load(cli, steps, now, begun)
    begun()
    for step in steps:
        _make_ready(cli, step, now)
        cli.call(*(("vcl.label", step.label, step.program) if step.label else ("vcl.use", step.program)))
    for change in changes:
        if change.after is not None and "label" in change.after:
            cli.call("vcl.use", change.after["label"])
    _unload(cli, [change.name for change in changes if change.after is None], now.active)


# Which program


def _steps(cli: Cli, changes: Sequence[Change], now: Loaded) -> Iterator[Step]:
    """A program for each slot: the one it has, another of the same text, or one that is to be loaded."""
    texts = {name: sources(cli, name) for name in now.states}
    slots, health = now.slots(), dict(now.health)
    for change in changes:
        if change.after is None or "source" not in change.after:
            slots.pop(change.id, None)
            continue
        wanted, wants = sources_of(change.after), change.after.get("health", {})
        others = {name for identity, name in slots.items() if identity != change.id}
        fitting = [name for name, text in texts.items() if text == wanted]
        free = [name for name in fitting if name not in others or health.get(name, {}) == wants]
        own = slots.get(change.id)
        found = own if own in free else next(iter(free), None)
        program = found or _new_name(whole(wanted), {*texts, *now.labels, *now.leaving})
        texts[program], health[program], slots[change.id] = wanted, dict(wants), program
        yield Step(change.id, program, None if found else whole(wanted), wants)


def _new_name(text: str, taken: Collection[str]) -> str:
    """Made of the text, so that the same is not loaded twice."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    names = [f"{OURS}{digest}", *(f"{OURS}{digest}_{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


# Loading


def _load(cli: Cli, steps: Sequence[Step], now: Loaded, begun: Callable[[], None]) -> None:
    """A program may use a label that there is not yet: nobody notices one that is new."""
    made: list[str] = []
    for number, step in enumerate(steps):
        if step.text is not None:
            answer = cli.ask("vcl.inline", step.program, step.text)
            if answer.status != OK:
                _discard(cli, made)
                raise _not_compiled(cli, step, answer.text)
            made.append(step.program)
        if step.label and step.label not in now.labels and number + 1 < len(steps):
            begun()
            cli.call("vcl.label", step.label, step.program)
            made.append(step.label)


def _not_compiled(cli: Cli, step: Step, said: str) -> SnapError:
    return SnapError(
        f"Varnish does not compile {step.id}: {said.strip()}",
        where=cli.resource,
        fix="nothing was changed. Does this Varnish have the modules, and the backends' names an address?",
    )


def _make_ready(cli: Cli, step: Step, now: Loaded) -> None:
    if now.states.get(step.program, _AUTO) == "cold":
        cli.call("vcl.state", step.program, _AUTO)
    has = now.health.get(step.program, {})
    for backend in sorted(has.keys() | step.health.keys()):
        if has.get(backend) != step.health.get(backend):
            cli.call("backend.set_health", f"{step.program}.{backend}", step.health.get(backend, _AUTO))


# Unloading


def _unload(cli: Cli, labels: Sequence[str], before: str | None) -> None:
    """Labels go with the programs that use them, which nobody uses. Of those that were loaded here the one
    stays that was active before: going back to it takes no compiler."""
    now = loaded(cli)
    idle = now.states.keys() - set(now.slots().values())
    using = [name for name in idle if set(now.uses.get(name, ())) & set(labels)]
    there = [label for label in labels if label in now.labels]
    if there:
        cli.call("vcl.discard", *there, *using)
    _discard(cli, [name for name in idle if name.startswith(OURS) and name != before and name not in using])


def _discard(cli: Cli, names: Sequence[str]) -> None:
    """What cannot be unloaded now stays, and is no state."""
    if names:
        cli.ask("vcl.discard", *names)
