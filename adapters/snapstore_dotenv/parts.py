"""From facts back to the file: the parts that a plan names, and that ``apply`` joins with the secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from snapstore.errors import SnapError
from snapstore.model import SEALED, Fact, Json, SealedRef
from snapstore_dotenv.facts import ENDS, VARIABLE, file_fact

_END_OF = {name: end.decode() for end, name in ENDS.items()}


class Parts:
    """What a file is built from: clear strings and placeholders of secrets, in order.

    A part is a string, ``{"secret": key}``, ``{"before": key}`` or ``{"after": key}`` (the two sides of an
    ``around``), or ``{"line": end}``: begin a new line unless at the beginning of one.
    """

    def __init__(self) -> None:
        self.parts: list[Json] = []
        self.secrets: dict[str, SealedRef] = {}

    def text(self, text: str) -> None:
        if self.parts and isinstance(self.parts[-1], str):
            self.parts[-1] += text
        else:
            self.parts.append(text)

    def secret(self, key: str, identity: str, sealed: Json, side: str = "secret") -> None:
        self.secrets[key] = SealedRef(identity, sealed[SEALED])
        self.parts.append({side: key})

    def variable(self, fact: Fact, end: str) -> None:
        around = fact.attrs.get("around")
        value = fact.attrs["value"]
        if around is None:
            self.text(fact.name.partition("#")[0] + "=")
        else:
            self.secret(f"{fact.id} around", fact.id, around, "before")
        if isinstance(value, str):
            self.text(value)
        else:
            self.secret(fact.id, fact.id, value)
        if around is not None:
            self.secret(f"{fact.id} around", fact.id, around, "after")
        self.text(end)


def parts_of(facts: Mapping[str, Fact]) -> Parts:
    """The parts of the file that these facts describe.

    In a partial restore the layout may not fit the variables: then those it names in vain are left out, and
    those it does not name come last, each on a line of its own. SnapError when a fact is malformed.
    """
    try:
        return _parts_of(facts)
    except (KeyError, TypeError, AttributeError) as error:
        raise SnapError(
            f"the facts of the env file are malformed ({type(error).__name__})",
            fix="do not trust this snapshot: check the store with `snap doctor`",
        ) from error


def _parts_of(facts: Mapping[str, Fact]) -> Parts:
    parts = Parts()
    file = file_fact(facts)
    newline = file.attrs["newline"] if file else "lf"
    left = {identity: fact for identity, fact in facts.items() if fact.kind == VARIABLE}
    for number, entry in enumerate(file.attrs["layout"] if file else ()):
        if isinstance(entry, dict) and SEALED in entry:
            parts.secret(f"layout {number}", file.id if file else "", entry)
            continue
        identity, end = (entry, newline) if isinstance(entry, str) else (entry["id"], entry["end"])
        if identity in left:
            parts.variable(left.pop(identity), _END_OF[end])
    for _, fact in sorted(left.items()):
        parts.parts.append({"line": _END_OF[newline]})
        parts.variable(fact, _END_OF[newline])
    return parts


def build(parts: Iterable[Json], unseal: Callable[[str], bytes]) -> bytes:
    """The bytes of a file; ``unseal`` gives the secret behind a placeholder."""
    data = bytearray()
    for part in parts:
        data += part.encode() if isinstance(part, str) else _bytes_of(part, unseal, data)
    return bytes(data)


def _bytes_of(part: Json, unseal: Callable[[str], bytes], so_far: bytearray) -> bytes:
    ((side, key),) = part.items()
    if side == "line":
        return b"" if not so_far or so_far.endswith((b"\n", b"\r")) else bytes(key.encode())
    before, _, after = (value := unseal(key)).partition(b"\0")
    return {"secret": value, "before": before, "after": after}[side]
