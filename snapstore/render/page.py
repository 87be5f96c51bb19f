"""Pages of HTML that need nothing but themselves: no script, no font, no request to anywhere.

Whatever is put into an element is text, and escaped, unless it is :class:`Markup`, which only :func:`tag`
makes: nothing that somebody has put into a name can become a part of the page.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from importlib.resources import files

from snapstore.render.style import finish
from snapstore.secrets import REDACTOR

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_EMPTY = frozenset({"br", "input", "meta", "line", "rect", "path", "circle", "polyline"})


class Markup(str):
    """HTML that was made here."""

    __slots__ = ()


Child = str | None


def text(foreign: str) -> Markup:
    """Text of anybody as HTML: without secrets, control characters, and anything that has a meaning."""
    return Markup(escape(finish(REDACTOR.redact(foreign), colour=False)))


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """An element. ``class_`` is ``class``, ``aria_label`` is ``aria-label``; None and False are left out."""
    words = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY:
        return Markup(f"<{name}{words}>" if name in ("br", "input", "meta") else f"<{name}{words}/>")
    return Markup(f"<{name}{words}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Markup:
    """Several after each other."""
    return Markup("".join(child if isinstance(child, Markup) else text(child) for child in children if child))


def page(title: str, *body: Child) -> str:
    """A whole page. It looks like the system's settings: light or dark, wide or narrow, and prints well."""
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        Markup(f"<style>{_style()}</style>"),
    ]
    whole = tag("html", tag("head", *head), tag("body", tag("main", *body)), lang="en")
    return f"<!doctype html>\n{whole}\n"


def section(title: str, *children: Child) -> Markup:
    """A part of a page under a heading; nothing at all where there are no children."""
    return tag("section", tag("h2", title), *children) if any(children) else Markup("")


def badge(words: str, kind: str) -> Markup:
    """A word in a coloured pill: ``good``, ``bad``, ``warn`` or ``plain``."""
    return tag("span", words, class_=f"badge {kind}")


def table(head: list[str], rows: list[list[Child]], numbers: frozenset[int] = frozenset()) -> Markup:
    """A table that scrolls by itself where it is too wide; columns in ``numbers`` are set right."""
    kind = ["number" if place in numbers else None for place in range(len(head))]
    top = tag("tr", *(tag("th", cell, class_=kind[place]) for place, cell in enumerate(head)))
    below = [tag("tr", *(tag("td", cell, class_=kind[n]) for n, cell in enumerate(row))) for row in rows]
    return tag("div", tag("table", tag("thead", top), tag("tbody", *below)), class_="scroll")


def moment(seconds: float) -> str:
    """``2026-11-26 21:48:23 +0000``, in the time zone of this machine."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def clock(seconds: float) -> str:
    """``21:48:23``"""
    return datetime.fromtimestamp(seconds).strftime("%H:%M:%S")


def _style() -> str:
    return (files("snapstore.render") / "page.css").read_text("utf-8")
