"""Running actions. Each may be run twice and leaves the same: an answer that got lost is asked for again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from snapstore.adapter import ApplyContext
from snapstore.errors import Exit, SnapError
from snapstore.model import Action, Json
from snapstore_redis import users
from snapstore_redis.connection import Command, ServerError, Session, session
from snapstore_redis.keyapply import KeyWriter
from snapstore_redis.names import bytes_of, raw_of
from snapstore_redis.purging import expect, purge
from snapstore_redis.server import Server, server_of
from snapstore_redis.settings import Settings

Unseal = Callable[[str], bytes]


def apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    """Run the actions in order, each durable on the server when it is reported."""
    with session(settings, context.resource) as opened:
        server = server_of(opened)
        _require_master(server, context.resource)
        writer = KeyWriter(opened, server, settings, context)
        for group in _groups(actions, server):
            if "keys" in group[0].payload:
                writer.write(group[0])
            else:
                context.journal.started(*group)
                _run(opened, server, settings, group, context)
            context.journal.finished(*group)
            context.journal.committed()


def _require_master(server: Server, resource: str) -> None:
    if server.role != "master":
        raise SnapError(
            "the server is a replica by now",
            where=resource,
            fix="use the url of its master",
            code=Exit.REFUSED,
        )


def _groups(actions: Sequence[Action], server: Server) -> Iterator[list[Action]]:
    """Parameters that follow each other together: from 7.0 on the server takes all of them or none."""
    for together, some in groupby(
        actions, key=lambda action: server.speaks >= (7,) and _is_plain_set(action)
    ):
        if together:
            yield list(some)
        else:
            yield from ([action] for action in some)


def _is_plain_set(action: Action) -> bool:
    return "set" in action.payload and "user" not in action.payload


def _run(
    opened: Session,
    server: Server,
    settings: Settings,
    group: Sequence[Action],
    context: ApplyContext,
) -> None:
    first = group[0]
    payload = first.payload
    if "set" in payload:
        _set(opened, server, group, context)
    elif "user" in payload:
        _order(opened, first, [users.command(payload, _unsealer(first, context))])
    elif "delete_user" in payload:
        _order(opened, first, [("ACL", "DELUSER", bytes_of(payload["delete_user"]))])
    elif "load" in payload:
        _order(opened, first, [("FUNCTION", "LOAD", "REPLACE", raw_of(payload["load"]))])
    elif "delete" in payload:
        _order(opened, first, [("FUNCTION", "DELETE", bytes_of(payload["delete"]))], fine="Library not found")
    elif "persist" in payload:
        _persist(opened, first)
    elif "purge" in payload:
        purge(opened, settings, payload["purge"], context.report)
    elif "expect" in payload:
        expect(opened, settings, context.report)


def _unsealer(action: Action, context: ApplyContext) -> Unseal:
    def unseal(key: str) -> bytes:
        sealed = action.secrets[key]
        return context.unseal(sealed.identity, sealed.token)

    return unseal


def _set(opened: Session, server: Server, group: Sequence[Action], context: ApplyContext) -> None:
    words: list[str | bytes] = []
    for action in group:
        value = _value(action, _unsealer(action, context))
        words += [action.payload["set"], value]
        if action.payload["set"] == "requirepass" and server.user == "default":
            opened.passwords.append(value.decode("utf-8", "surrogateescape") or None)
    command: Command = ("CONFIG", "SET", *words)
    payload: Mapping[str, Json] = group[0].payload
    if "user" in payload:
        user = users.command(payload, _unsealer(group[0], context))
        _order(opened, group[0], [("MULTI",), command, user, ("EXEC",)])
    else:
        _order(opened, group[0], [command])


def _value(action: Action, unseal: Unseal) -> bytes:
    value = action.payload["value"]
    return unseal(value["secret"]) if isinstance(value, dict) and "secret" in value else raw_of(value)


def _persist(opened: Session, action: Action) -> None:
    """Users go into the ACL file where there is one: then the server keeps them out of its configuration."""
    told = opened.ask([("CONFIG", "GET", "aclfile")])[0]
    commands: list[Command] = [("CONFIG", "REWRITE")]
    if isinstance(told, list) and len(told) == 2 and told[1]:
        commands.append(("ACL", "SAVE"))
    _order(opened, action, commands)


def _order(opened: Session, action: Action, commands: Sequence[Command], fine: str = "\0") -> None:
    """Tell the server something that may be told twice. SnapError where it refuses."""
    for answer in opened.ask(commands):
        for said in answer if isinstance(answer, list) else [answer]:
            if isinstance(said, ServerError) and fine not in str(said):
                raise refused(said, action, opened.resource)


def refused(error: ServerError, action: Action, resource: str) -> SnapError:
    return SnapError(
        f"{action.summary.partition(': ')[0]}: the server says: {_without_words(str(error))}",
        where=resource,
        fix="what was done before stays; see the plan for the command",
    )


def _without_words(text: str) -> str:
    """What a server says without the word it does not like, which may be a hash or a value."""
    before, quote, rest = text.partition("modifier '")
    return f"{before}{quote}…'{rest.partition(chr(39))[2]}" if quote else text
