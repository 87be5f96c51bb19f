"""``PLAN.md``: what reviewers read, and that nothing in it can pass for more than it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from snapstore.model import (
    Action,
    DataMode,
    Hazard,
    HazardName,
    Plan,
    PlanOptions,
    PlanSide,
    Scope,
    Verb,
)
from snapstore.render import review
from snapstore.render.review import Terms

DROP = Action(
    "db",
    Verb.DROP,
    "column:public.users.age",
    "drop column public.users.age",
    statements=("ALTER TABLE public.users DROP COLUMN age",),
    hazards=(Hazard(HazardName.DATA_LOSS, "its values are lost", rows=12_000, bytes=3_200_000),),
    lock="ACCESS EXCLUSIVE",
    rows=12_000,
    transactional=True,
)
INDEX = Action(
    "db",
    Verb.CREATE,
    "index:public.by_mail",
    "create index by_mail",
    statements=("CREATE INDEX by_mail ON public.users (mail)",),
    hazards=(Hazard(HazardName.INDEX_BUILD, "reads public.users", rows=9_000_000, bytes=30_000_000_000),),
    lock="SHARE",
)
WRITE = Action("env", Verb.ALTER, "var:PORT", "set PORT in .env", statements=("set PORT",))
TERMS = Terms("snap apply rollback/cccccc-1 --allow data-loss", "one approval", "plans/dddddddddddd/PLAN.md")


def make(*actions: Action, patterns: tuple[str, ...] = (), notes: tuple[Hazard, ...] = ()) -> Plan:
    base, target = PlanSide("a" * 40), PlanSide("b" * 40, "c" * 40)
    return Plan(base, target, Scope(patterns), PlanOptions(), list(actions), list(notes), digest="d" * 64)


def test_the_page_of_a_plan():
    """The whole of it once, so that a change of it is seen."""
    assert review.page(make(DROP, INDEX, WRITE), TERMS) == PAGE


PAGE = """\
**2 resources, 1 to create, 1 to change, 1 to destroy, 2 hazards: data-loss, index-build**

### What it does

It brings the live systems back to the snapshot `cccccccccc`, in this order:

- `db` creates 1 (`create index by_mail`); destroys 1 (`drop column public.users.age`)
- `env` changes 1 (`set PORT in .env`)

Rows in the way go into an archive, from which restoring forward takes them back. The state before is kept, \
the state after is captured and compared with the snapshot.

### Hazards

| hazard | of | what | rows | bytes | lock | expected time |
|---|---|---|--:|--:|---|---|
| **data-loss** | `db` | `its values are lost` | 12,000 | 3.2 MB | `ACCESS EXCLUSIVE` |  |
| **index-build** | `db` | `reads public.users` | 9,000,000 | 30.0 GB | `SHARE` | ≈ 5 min at 100 MB/s |

### Operations

`db`: 2 actions

```diff
- 1. drop column public.users.age · lock ACCESS EXCLUSIVE · 12,000 rows
    ALTER TABLE public.users DROP COLUMN age
# data-loss: its values are lost (12,000 rows, 3.2 MB)
+ 2. create index by_mail · lock SHARE
    CREATE INDEX by_mail ON public.users (mail)
# index-build: reads public.users (9,000,000 rows, 30.0 GB)
```

`env`: 1 action

```diff
! 3. set PORT in .env
    set PORT
```

### Applying it

```sh
snap apply rollback/cccccc-1 --allow data-loss
```

Required: one approval.

Made for the state `aaaaaaaaaa`, leads to `cccccccccc`; digest \
`dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd`. It is refused where the live state has \
moved on, or where one byte of it was changed.
"""


def test_a_plan_that_does_nothing_says_so():
    told = review.page(make())
    assert told.startswith("**nothing to do**\n")
    assert "Nothing: the live state is already that one." in told
    assert "###" not in told.replace("### What it does", "")


def test_what_happens_to_rows_and_what_is_left_alone_is_said():
    plan = make(DROP, patterns=("db:users*",))
    thrown = msgspec.structs.replace(plan, options=PlanOptions(DataMode.DISCARD))
    told = review.page(thrown)
    assert "Rows in the way are **thrown away**." in told
    assert "Only `db:users*`: all else stays as it is." in told


@pytest.mark.parametrize(("lines", "folded"), [(12, False), (13, True)])
def test_operations_are_folded_above_twelve_lines_and_counted_outside_the_fold(lines: int, folded: bool):
    action = msgspec.structs.replace(WRITE, statements=("\n".join("x" * (lines - 1)),))
    told = review.page(make(action))
    assert ("<details>\n<summary>Show 13 lines</summary>\n" in told) == folded
    assert told.index("`env`: 1 action") < told.index("```diff")
    assert "`env`: 1 action" not in "".join(re.findall("<details>.*</details>", told, re.DOTALL))


# A limit

MANY = make(*(msgspec.structs.replace(DROP, resource=f"db{n}", summary=f"drop {n}") for n in range(400)))


@given(st.integers(min_value=1500, max_value=200_000))
@settings(max_examples=60)
def test_a_page_that_is_too_long_is_cut_between_sections(limit: int):
    whole, told = review.page(MANY, TERMS), review.page(MANY, TERMS, limit)
    assert len(told) <= limit
    if len(whole) <= limit:
        assert told == whole
        return
    assert "This is too long for here and was cut: `plans/dddddddddddd/PLAN.md` has all of it." in told
    assert told.startswith(whole.partition("\n")[0])
    assert TERMS.command in told and "Required: one approval." in told
    kept, _, note = told.partition("---\n✂️")
    assert all(part in whole for part in kept.split("\n\n"))
    assert told.count("```") % 2 == 0 and note


def test_hazards_are_kept_longest():
    cut = review.page(MANY, TERMS, 50_000)
    assert "### Hazards" in cut and "### Operations" not in cut
    assert "| **data-loss** | `db399` |" in cut


# Foreign text

WHOLE = MarkdownIt("gfm-like", {"html": True, "linkify": True})
TRICKS = (
    *(
        "`",
        "``",
        "```",
        "````",
        "~~~",
        "</details>",
        "<details>",
        "</code>",
        "<script>",
        "<!--",
        "-->",
        "]]>",
    ),
    *("@team", "#12", "!34", "$x$", "$`a`$", "[a](b)", "![a](b)", "www.evil.example", "https://evil.example"),
    *(
        "a@evil.example",
        "|",
        "\\|",
        "\\",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\t",
        "***",
        "__",
        "&lt;",
        "&#96;",
        "\u2028",
    ),
    *(
        "\u202e",
        "\x00",
        "\x1b[31m",
        "\udcff",
        "- [ ] ",
        "\n# ",
        "\n---\n",
        "\n```\n",
        "    ",
        ":smile:",
        "\u00a0",
    ),
)
foreign = st.lists(st.sampled_from(TRICKS) | st.text(st.characters(codec=None), max_size=6), max_size=6).map(
    "".join
)


def evil(text: str) -> Plan:
    """A plan with this text in every place where foreign text may be."""
    hazard = Hazard(HazardName.DATA_LOSS, text, rows=1)
    action = Action(
        text, Verb.ALTER, text, text, statements=(text, text), hazards=(hazard,), lock=text or "x"
    )
    return make(action, action, patterns=(text,), notes=(hazard,))


def harmless(text: str) -> str:
    """As long, with the same lines."""
    return re.sub(r"[^\n]", "x", text)


def shape(told: str) -> list[tuple[str, ...]]:
    """All that a renderer makes of a page, without the contents of code."""
    return [entry for token in WHOLE.parse(told) for entry in _flat(token)]


def _flat(token: Token) -> Iterator[tuple[str, ...]]:
    if token.type == "inline":
        yield from _inline(token.children or [])
    elif token.type == "fence":
        yield token.type, token.info, *(line[:1] for line in token.content.split("\n"))
    else:
        yield token.type, token.tag, token.content, str(token.attrs)


def _inline(children: list[Token]) -> Iterator[tuple[str, ...]]:
    inside = False
    for token in children:
        if token.type == "html_inline" and token.content in ("<code>", "</code>"):
            inside = token.content == "<code>"
            if inside:
                yield ("code_inline",)
        elif inside:
            assert token.type == "text", token
        elif token.type == "code_inline":
            yield (token.type,)
        else:
            yield token.type, token.content, str(token.attrs)


@given(foreign)
@example("`")
@example("a|b`c")
@example("\\")
@example(" ")
@settings(max_examples=400)
def test_foreign_text_never_gets_out_of_its_code(text: str):
    assert shape(review.page(evil(text), TERMS)) == shape(review.page(evil(harmless(text)), TERMS))


@given(foreign)
@settings(max_examples=200)
def test_foreign_text_is_readable_and_one_line_in_its_code(text: str):
    """What reviewers see is the name itself, but for white space at its ends and what could not be seen."""
    shown = review.finish(review.name(text), colour=False)
    tokens = (WHOLE.parseInline(review.code(text))[0].children) or []
    told = "".join(token.content for token in tokens if token.type in ("text", "code_inline"))
    assert told.strip() == shown.strip()
    assert "\n" not in review.code(text)


@given(foreign)
@settings(max_examples=100)
def test_a_page_is_plain_text_that_every_forge_takes(text: str):
    told = review.page(evil(text), TERMS)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", told)
    told.encode()


@given(st.lists(foreign.map(lambda text: re.sub(r"[\r\n\0\ud800-\udfff]", "", text)), max_size=4))
@settings(max_examples=100)
def test_no_line_ends_the_block_that_it_is_in(lines: list[str]):
    (block,) = WHOLE.parse("\n".join(review.fence("diff", lines)))
    assert (block.type, block.info, block.content) == (
        "fence",
        "diff",
        "".join(f"{line}\n" for line in lines),
    )
