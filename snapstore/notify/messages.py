"""What is said at each event: templates with fields in braces, of which the first line is the subject."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from snapstore.config.notifying import FIELD, ContactTable, Event, NotifyTable
from snapstore.render.style import finish
from snapstore.secrets import REDACTOR

_STATUS = """Current status:
[x] Rollback initiated
[{restored}] Services restored
[{monitored}] Monitoring active
[ ] Root cause identified"""

TEMPLATES = {
    Event.DEPLOY: """[DEPLOY] {branch}: {message}

Team,

{message}

The state before it is kept as {commit}: `snap restore {commit}` leads back to it.

{who}

{contacts}""",
    Event.WORSE: """[WORSE] {branch}: {reason}

After the deploy it got worse: {reason}.

Before it: {target}. What follows: {action}.

{contacts}""",
    Event.UNCLEAR: """[UNCLEAR] {branch}: the deploy cannot be watched

It is not known whether the deploy made anything worse: {problems}.

Nothing was done about it. Look at the metrics, then run `snap watch` again.

{contacts}""",
    Event.PROPOSED: """[ROLLBACK PROPOSED] {branch}: {title}

A rollback to {target} waits for review: {summary}.

Reason: {reason}
Where: {url}
Action required: {action}""",
    Event.STARTED: f"""[ROLLBACK] {{branch}}: {{title}}

Team,

We have initiated a rollback of {{resources}} to {{target}}. Reason: {{reason}}.

Impact: {{impact}}
Duration: {{duration}}
Action required: {{action}}

{_STATUS.format(restored=" ", monitored=" ")}

{{who}}""",
    Event.FINISHED: f"""[ROLLBACK DONE] {{branch}}: {{title}}

Team,

The rollback of {{resources}} to {{target}} is done, and the result is verified. Reason: {{reason}}.

Impact: {{impact}}
Duration: {{duration}}
Action required: {{action}}

{_STATUS.format(restored="x", monitored=" ")}

{{who}}""",
    Event.FAILED: f"""[ROLLBACK FAILED] {{branch}}: {{title}}

Team,

The rollback of {{resources}} to {{target}} did not go as promised: {{problems}}

Impact: {{impact}}
Duration: {{duration}}
Action required: {{action}}

{_STATUS.format(restored=" ", monitored=" ")}

{{who}}

{{contacts}}""",
    Event.DRIFT: """[DRIFT] {branch}: {summary}

The live systems are not as the last snapshot, {commit}, any more:

{message}

Look with `snap diff`; keep it with `snap take`, or go back with `snap restore HEAD`.""",
}


class Message(msgspec.Struct, frozen=True):
    """A subject of one line, and a text."""

    event: Event
    title: str
    body: str


def message(config: NotifyTable, event: Event, fields: Mapping[str, str]) -> Message:
    """The template of an event with its fields, without secrets and control characters.

    A field that is not known stays empty, and so does a paragraph that holds nothing else.
    """
    template = config.templates.get(event, TEMPLATES[event])
    known = {**fields, "contacts": contacts(config.contacts)}
    text = FIELD.sub(lambda found: known.get(found[1], ""), template)
    clean = finish(REDACTOR.redact(text, sealed=True), colour=False)
    title, _, body = clean.strip().partition("\n")
    return Message(event, title.strip(), re.sub(r"\n{3,}", "\n\n", body).strip() or title.strip())


def contacts(found: list[ContactTable]) -> str:
    """``Database Admin: Ada, +1 555 0100``, a line each."""
    lines = [f"{one.role}: {one.name}, {one.contact}" for one in found]
    return "\n".join(["Whom to call:", *lines]) if lines else ""
