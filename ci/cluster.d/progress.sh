# Progress on stderr with the elapsed time; the output of commands goes to log files.
# shellcheck shell=bash disable=SC2154,SC2034,SC2030,SC2031

started_at=${EPOCHREALTIME/[.,]/}

say() {
  local tenths=$(((${EPOCHREALTIME/[.,]/} - started_at) / 100000))
  printf '[%4d.%ds] %s\n' $((tenths / 10)) $((tenths % 10)) "$*" >&2
}

# die CAUSE NEXT-STEP
die() {
  say "error: $1; $2"
  exit 2
}

wrong_usage() {
  echo "ci/cluster: $1; usage: ci/cluster up|down|status|upgrade|image [--name N] [--version V] [--nodes N] [--fail-at NODE]" >&2
  exit 64
}

# logged STEP LOG COMMAND... runs the command with its output in log/LOG.log and dies when it fails.
logged() {
  local step=$1 log=$cache/log/$2.log
  shift 2
  mkdir -p "$cache/log"
  # Not "|| failed": after it the shell would continue past an error inside the command.
  local status
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1 </dev/null
  status=$?
  set -e
  [ $status = 0 ] || failed "$step" "$log"
}

failed() {
  local step=$1 log=$2
  say "failed: $step; last lines of the log:"
  tail -n 15 "$log" | sed 's/^/    /' >&2
  die "$step failed" "the full log is $log; run the same command again to resume from here"
}

# content_key STRING... [-- FILE...] identifies what an artifact was built from.
content_key() {
  local strings=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    strings+=("$1")
    shift
  done
  [ $# -eq 0 ] || shift
  { printf '%s\n' "${strings[@]}" && { [ $# -eq 0 ] || cat "$@"; }; } | sha256sum | cut -c1-12
}

# remove_others PREFIX KEPT... removes what was built from other inputs earlier.
remove_others() {
  local prefix=$1 old kept
  shift
  for old in "$prefix"*; do
    for kept; do
      [ "$old" != "$kept" ] || continue 2
    done
    rm -rf "$old"
  done
}
