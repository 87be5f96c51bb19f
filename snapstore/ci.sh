#!/bin/sh
# What the GitHub Action and the GitLab template run, told by the environment:
#   SNAP_COMMAND   take, preflight, watch, status, propose or apply
#   SNAP_MESSAGE   of a take; SNAP_DEPLOY, SNAP_APPLICATION and SNAP_OPERATOR are recorded with it
#   SNAP_REVISION  of a proposal; SNAP_GROUP narrows it, "database frontend" to two groups
#   SNAP_REHEARSE  "true": rehearse it first, and propose only what passed
#   SNAP_PLAN      what to apply: a branch rollback/… or the address of its request
#   SNAP_ALLOW     hazards that may pass, as "data-loss downtime"
# SNAPSTORE_TOKEN gets into the remote and its forge, SNAPSTORE_KEY (or SNAPSTORE_IDENTITY) unseals.
set -eu
set -f # words are split below, never expanded

each() { # each OPTION "a b": the option once for every word
	option=$1
	for word in $2; do
		printf '%s\n%s\n' "$option" "$word"
	done
}

snap pull
case "$SNAP_COMMAND" in
take)
	snap take -m "${SNAP_MESSAGE:-before a deploy}" --deploy "${SNAP_DEPLOY:-}" \
		--application "${SNAP_APPLICATION:-}" --operator "${SNAP_OPERATOR:-}"
	snap push
	;;
preflight)
	snap preflight
	;;
watch)
	snap watch
	;;
status)
	snap status --issue --notify
	;;
propose)
	IFS='
'
	options=$(IFS=' ' && each --group "${SNAP_GROUP:-}")
	[ "${SNAP_REHEARSE:-}" != true ] || set -- --rehearse
	snap propose "$@" $options -- "${SNAP_REVISION:?which snapshot is to be gone back to?}"
	;;
apply)
	IFS='
'
	options=$(IFS=' ' && each --allow "${SNAP_ALLOW:-}")
	snap apply --yes $options -- "${SNAP_PLAN:?which branch or request is to be applied?}"
	;;
*)
	echo "SNAP_COMMAND is take, preflight, watch, status, propose or apply, not '$SNAP_COMMAND'" >&2
	exit 1
	;;
esac
