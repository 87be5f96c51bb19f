"""Foreign keys to partitioned tables, of which PostgreSQL keeps parts that nobody sees or names.

There is one for each partition of the other table, on the table of the key. Since 18 it is called as the key
with a number behind it, ``name_1``; before, as a key to which nobody gave a name would be: ``t_a_fkey``, or
``t_a_fkey1`` and so on where that is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last, unquote
from snapstore_postgres.relations import foreign_keys, version

_MADE_UP = re.compile(r".*_fkey\d*", re.DOTALL)


def keys_before(key: Fact, view: View) -> Iterator[str]:
    """The new keys that have to be there before this one, whose parts might be given their names."""
    for other in view.target_parts.get(key.parent or "", ()):
        if other.attrs.get("type") == "f" and view.appears(other.id) and _may_take(key, other, view):
            yield other.id


def _may_take(key: Fact, other: Fact, view: View) -> bool:
    name, of_other = (unquote(last(one.name)) for one in (key, other))
    if version(view) >= 180000:
        taken = re.fullmatch(re.escape(name) + r"_\d+", of_other)
    else:
        taken = None if _MADE_UP.fullmatch(name) else _MADE_UP.fullmatch(of_other)
    return bool(taken) and _refers_to_partitions(key, view)


def _refers_to_partitions(key: Fact, view: View) -> bool:
    found = foreign_keys.read(key, view.target)
    return found is not None and "partition_key" in view.target[found.table].attrs
