"""Catalog addresses, by which ``pg_depend`` and others speak of objects, and the identities at them."""

from __future__ import annotations

from snapstore_postgres.catalog.reading import Answers

_PG_CLASS = 1259
_SUB = 0xFFF


def address(class_: int, oid: int, sub: int) -> int:
    """Class (the oid of a catalog), oid in it, and number of a column or 0, in one number.

    There are hundreds of thousands of them, and a tuple takes four times the memory. Queries that tell of
    many make the same number themselves (``{{address(…)}}``).
    """
    return (class_ << 44) + (oid << 12) + sub


def object_at(address: int) -> tuple[int, int]:
    """Class and oid of what is at an address."""
    return address >> 44, (address >> 12) & 0xFFFFFFFF


class Addresses:
    """Identities by address. Parts that are no fact of their own lead to the fact that they are part of."""

    def __init__(self) -> None:
        self.identities: dict[int, str] = {}
        self.supplied: dict[int, str] = {}
        """What is changed on objects of an extension: others stand on the extension, not on such a change."""
        self._aliases: dict[int, int] = {}

    def add_aliases(self, found: Answers) -> None:
        """Learn which addresses stand for others. To be called when all identities are known."""
        self._aliases = dict(found.rows("aliases"))
        for at, column in found.rows("generated"):
            identity = self.identities.get(column)
            if identity:
                self.identities[at] = identity

    def resolve(self, at: int) -> str | None:
        """The identity at an address; a part that is no fact (a view's column) stands for its whole."""
        sub = at & _SUB
        for _ in range(4):
            whole = at & ~_SUB
            identity = self.identities.get(whole + sub) or self.identities.get(whole)
            if identity or whole not in self._aliases:
                return identity
            at = self._aliases[whole]
            sub = at & _SUB or sub
        return None

    def part(self, class_: int, oid: int, sub: int, column: str | None) -> tuple[str, str] | None:
        """The identity at an address, and of the fact it belongs to.

        A column of a view is no fact of its own, nor is the index of a constraint; what is said of them
        (a comment, a grant) belongs to the view or the constraint.
        """
        at = address(class_, oid, sub)
        exact = self.identities.get(at) or self.supplied.get(at)
        if exact:
            return exact, exact
        whole = self.supplied.get(address(class_, oid, 0)) or self.resolve(address(class_, oid, 0))
        if whole is None or whole.startswith("extension:"):
            return None  # the extension brings it along
        if class_ != _PG_CLASS:
            return None  # nor does pg_dump know what is said of a function that a type made for itself
        name = whole.partition(":")[2]
        return (f"column:{name}.{column}" if column else f"index:{name}"), whole
