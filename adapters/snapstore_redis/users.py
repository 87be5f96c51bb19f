"""ACL users: from the server's own description to facts, and to the one command that makes them so.

What is kept is what ACL LIST says, word by word, since the server gives the same words for what it was given
them. Hashes of passwords are sealed. That payloads are sanitized is the default, which some versions say and
some do not: it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from snapstore.model import SEALED, Fact, Json, SealedRef
from snapstore_redis.names import bytes_of, name_of

USER = "user"
DEFAULT = f"{USER}:default"
_DEFAULTS = frozenset({"sanitize-payload"})

Seal = Callable[[str, bytes], dict[str, str]]


def facts_of(answer: Sequence[bytes], seal: Seal) -> list[Fact]:
    """All facts of an answer to ACL LIST."""
    return [_fact(line, seal) for line in sorted(answer)]


def _fact(line: bytes, seal: Seal) -> Fact:
    _, raw, *words = line.split(b" ")
    identity = f"{USER}:{name_of(raw)}"
    hashes = sorted(word for word in words if word.startswith(b"#"))
    rest = [name_of(word) for word in words if word and not word.startswith(b"#")]
    rules, selectors = _split(rest)
    attrs: dict[str, Json] = {"enabled": "on" in rules}
    if "nopass" in rules:
        attrs["nopass"] = True
    if hashes:
        attrs["passwords"] = [seal(identity, word[1:]) for word in hashes]
    attrs["rules"] = [rule for rule in rules if rule not in ("on", "off", "nopass") and rule not in _DEFAULTS]
    if selectors:
        attrs["selectors"] = selectors
    return Fact(identity, attrs)


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The rules of the user itself, and each selector as one text without its parentheses.

    A pattern may end in a parenthesis too. What a selector ends with is a rule on commands: the server puts
    these last, and each selector has one.
    """
    rules: list[str] = []
    selectors: list[list[str]] = []
    inside = False
    for word in words:
        if not inside and word.startswith("("):
            selectors.append([])
            inside, word = True, word[1:]
        if not inside:
            rules.append(word)
            continue
        inside = not (word.endswith(")") and word[0] in "+-")
        selectors[-1].append(word if inside else word[:-1])
    return rules, [" ".join(filter(None, selector)) for selector in selectors]


def modifiers(fact: Fact) -> Iterator[str]:
    """What ACL SETUSER takes to make the user so, whatever it was; a password is its placeholder."""
    yield "reset"
    yield "on" if fact.attrs["enabled"] else "off"
    if fact.attrs.get("nopass"):
        yield "nopass"
    yield from placeholders(fact)
    yield from fact.attrs["rules"]
    for selector in fact.attrs.get("selectors", ()):
        yield f"({selector})"


def placeholders(fact: Fact) -> list[str]:
    return [f"#{{{fact.id} {number}}}" for number in range(len(fact.attrs.get("passwords", ())))]


def secrets(fact: Fact) -> dict[str, SealedRef]:
    """The hashes by their placeholders."""
    sealed = (password[SEALED] for password in fact.attrs.get("passwords", ()))
    return {key: SealedRef(fact.id, token) for key, token in zip(placeholders(fact), sealed, strict=True)}


def widened(before: Fact | None, after: Fact) -> list[str]:
    """What the user may do afterwards and could not before, as far as the words tell."""
    old = set(modifiers(before)) if before is not None and before.attrs["enabled"] else {"off"}
    if not after.attrs["enabled"]:
        return []
    hidden = set(placeholders(after))
    new = [word for word in modifiers(after) if word not in old and word not in hidden]
    gained = [word for word in new if not word.startswith(("-", "reset", "off", "skip", "clear"))]
    lifted = sorted(
        f"no longer {word}" for word in old if word.startswith("-") and word not in set(modifiers(after))
    )
    return gained + (lifted if before is not None and before.attrs["enabled"] else [])


def command(payload: Mapping[str, Json], unseal: Callable[[str], bytes]) -> list[bytes]:
    """The words of ACL SETUSER; ``unseal`` gives the hash behind a placeholder."""
    secret = set(payload["secret"])
    words = [b"#" + unseal(word) if word in secret else bytes_of(word) for word in payload["modifiers"]]
    return [b"ACL", b"SETUSER", bytes_of(payload["user"]), *words]
