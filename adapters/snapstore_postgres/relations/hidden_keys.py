"""Foreign keys to partitioned tables, of which PostgreSQL keeps parts that nobody sees or names.

There is one for each partition of the other table, on the table of the key. Since 18 it is called as the key
with a number behind it, ``name_1``; before, as a key to which nobody gave a name would be: ``t_a_fkey``, or
``t_a_fkey1`` and so on where that is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last, unquote
from snapstore_postgres.relations import foreign_keys, version

_MADE_UP = re.compile(r".*_fkey\d*", re.DOTALL)


def keys_before(key: Fact, view: View) -> Iterator[str]:
    """The new keys that have to be there before this one, whose parts might be given their names."""
    for other in view.target_parts.get(key.parent or "", ()):
        if other.attrs.get("type") == "f" and view.appears(other.id) and _comes_first(other, key, view):
            yield other.id


def _comes_first(other: Fact, key: Fact, view: View) -> bool:
    both = version(view) < 180000 and _MADE_UP.fullmatch(_own_name(key)) is not None
    return not both and may_take(key, last(other.name), view.target, version(view))


def may_take(key: Fact, name: str, side: Facts, version: int) -> bool:
    """Whether a part of a key may have been given that name."""
    if version >= 180000:
        taken = re.fullmatch(re.escape(_own_name(key)) + r"_\d+", unquote(name))
    else:
        taken = _MADE_UP.fullmatch(unquote(name))
    return taken is not None and _refers_to_partitions(key, side)


def _own_name(key: Fact) -> str:
    return unquote(last(key.name))


def _refers_to_partitions(key: Fact, side: Facts) -> bool:
    found = foreign_keys.read(key, side)
    return found is not None and "partition_key" in side[found.table].attrs
