"""Rules for policies of row security."""

from __future__ import annotations

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import Alteration, Draft, Rule, View, by_itself
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.words import designation

_COMMAND = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


def _policy_clauses(fact: Fact) -> str:
    a = fact.attrs
    text = f" TO {', '.join(a['roles'])}"
    text += f" USING ({reparsable(a['using'])})" if "using" in a else ""
    return text + (f" WITH CHECK ({reparsable(a['check'])})" if "check" in a else "")


def _policy_text(fact: Fact) -> str:
    a = fact.attrs
    kind = " AS RESTRICTIVE" if a.get("restrictive") else ""
    command = f" FOR {_COMMAND[a['command']]}" if "command" in a else ""
    return f"CREATE {designation(fact)}{kind}{command}{_policy_clauses(fact)}"


def _create_policy(fact: Fact, view: View) -> Draft:
    hazards = [] if fact.attrs.get("restrictive") else [_wider(fact, view)]
    return Draft(
        statements=[_policy_text(fact)],
        undo=[f"DROP {designation(fact)}"],
        lock=STRONGEST,
        hazards=[h for h in hazards if h],
    )


def _wider(fact: Fact, view: View) -> Hazard | None:
    """A permissive policy lets more rows through, unless it only comes back after a rebuild."""
    if fact.id in view.live or view.appears(fact.parent or ""):
        return None
    return Hazard(HazardName.SECURITY, f"policy {fact.name} lets more rows through")


def _drop_policy(fact: Fact, view: View) -> Draft:
    lost = fact.attrs.get("restrictive") and fact.id not in view.target
    gone = view.vanishes(fact.parent or "")
    return Draft(
        statements=[f"DROP {designation(fact)}"],
        undo=[_policy_text(fact)],
        lock=STRONGEST,
        hazards=[Hazard(HazardName.SECURITY, f"the restrictive policy {fact.name} goes")]
        if lost and not gone
        else (),
    )


def _alter_policy(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    kept = ("command", "restrictive")
    removed = any(key in old and key not in new for key in ("using", "check"))
    if removed or any(old.get(key) != new.get(key) for key in kept):
        return None
    if old == new:
        return Alteration()
    return Alteration(
        statements=[f"ALTER {designation(after)}{_policy_clauses(after)}"],
        undo=[f"ALTER {designation(before)}{_policy_clauses(before)}"],
        lock=STRONGEST,
        hazards=[Hazard(HazardName.SECURITY, f"policy {after.name} changes who sees what")],
    )


RULES: dict[str, Rule] = {
    "policy": Rule(_create_policy, _drop_policy, _alter_policy, rank=72, separable=by_itself),
}
