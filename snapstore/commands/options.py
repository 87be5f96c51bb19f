"""Options that several commands share, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, TypeVar

import click

from snapstore.app import App
from snapstore.config import Config
from snapstore.errors import SnapError
from snapstore.model import DataMode, HazardName, Locking, Plan, PlanOptions, Scope
from snapstore.nearest import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])
ALL = "all"

only = click.option(
    "--only",
    multiple=True,
    metavar="NAME[:PATTERN]",
    help="This resource alone, or those of its facts and files that match (repeatable).",
)
group = click.option("--group", multiple=True, metavar="NAME", help="The resources of this group alone.")
full = click.option("--full", is_flag=True, help="Show everything, however long.")
yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
allow = click.option(
    "--allow",
    multiple=True,
    type=click.Choice([*(hazard.value for hazard in HazardName), ALL]),
    metavar="HAZARD",
    help=f"Go on in spite of this hazard (repeatable): {', '.join(HazardName)}, or {ALL}.",
)
data = click.option(
    "--data",
    type=click.Choice([mode.value for mode in DataMode]),
    help="What happens to rows in the way: kept in an archive (default), thrown away, or stop.",
)


exact_column_order = click.option(
    "--exact-column-order",
    is_flag=True,
    help="Rebuild tables whose columns would lie in another order than in the snapshot.",
)


locking = click.option(
    "--locking",
    type=click.Choice([mode.value for mode in Locking]),
    help="All in one transaction (atomic), or in steps that others do not wait for (online).",
)


rename = click.option(
    "--rename",
    "renames",
    multiple=True,
    metavar="OLD=NEW",
    help="What is called OLD now was NEW then, as table:public.people=public.users (repeatable).",
)


reason = click.option(
    "--reason", default="", metavar="TEXT", help="Why: for everybody who is notified, and the record."
)


def scoped(command: F) -> F:
    """Add ``--only`` and ``--group``."""
    return only(group(command))


def scope(config: Config, only: Sequence[str], group: Sequence[str]) -> Scope:
    """The scope that ``--only`` and ``--group`` ask for. SnapError for a name that is not configured."""
    patterns = list(only)
    for name in group:
        _check(name, config.groups, "group")
        patterns += config.groups[name]
    for pattern in only:
        _check(pattern.partition(":")[0], config.resources, "resource")
    return Scope(tuple(dict.fromkeys(patterns)))


def _check(name: str, known: dict[str, Any], what: str) -> None:
    if name not in known:
        fix = did_you_mean(name, known, f"configured {what}s")
        raise SnapError(f"no {what} is named {name!r}", fix=fix)


def allowed(config: Config, allow: Sequence[str]) -> frozenset[HazardName]:
    """The hazards that the configuration and the command line allow."""
    if ALL in allow:
        return frozenset(HazardName)
    return config.allow | {HazardName(name) for name in allow}


def plan_options(
    config: Config,
    data: str | None,
    exact_column_order: bool = False,
    locking: str | None = None,
    renames: Sequence[str] = (),
) -> PlanOptions:
    mode = DataMode(data) if data else config.data
    how = Locking(locking) if locking else None
    return PlanOptions(mode, exact_column_order, how, dict(map(_rename, renames)))


_RENAME = r"""(?s)(?P<kind>\w+):(?P<old>(?:[^"=]|"(?:[^"]|"")*")+)=(?:(?P=kind):)?(?P<new>.+)"""


def _rename(text: str) -> tuple[str, str]:
    """Both identities; the kind need not be said twice."""
    found = re.fullmatch(_RENAME, text)
    if found is None:
        raise SnapError(
            f"{text!r} names no renaming",
            where="--rename",
            fix="write an identity and the name it had, as table:public.people=public.users",
        )
    return f"{found['kind']}:{found['old']}", f"{found['kind']}:{found['new']}"


Wanted = Callable[[Config], PlanOptions]


def planned(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says how a plan is made. The command gets it as ``wanted``, to be given its configuration."""

    @wraps(command)
    def with_options(
        *words: Any,
        data: str | None,
        exact_column_order: bool,
        locking: str | None,
        renames: tuple[str, ...],
        **more: Any,
    ) -> Any:
        def wanted(config: Config) -> PlanOptions:
            return plan_options(config, data, exact_column_order, locking, renames)

        return command(*words, wanted=wanted, **more)

    return data(exact_column_order(locking(rename(with_options))))


def confirmation(app: App, question: str, yes: bool) -> Callable[[Plan], bool] | None:
    """Show a plan and ask whether to go on; None, which asks nobody, after ``--yes``."""
    return None if yes else partial(_confirm, app, question)


@contextmanager
def showing_what_is_refused(app: App) -> Iterator[None]:
    """Show a plan that its hazards stop, on stderr, before the error that says so."""
    from snapstore.guard import PlanRefused

    try:
        yield
    except PlanRefused as error:
        from snapstore.render import plans

        app.note(plans.text(error.plan), sealed=False)
        raise


def _confirm(app: App, question: str, plan: Plan) -> bool:
    from snapstore.render import plans

    show = partial(app.note, sealed=False) if app.json else app.write
    show(plans.text(plan) + "\n")
    return not plan.actions or app.confirm(question)
