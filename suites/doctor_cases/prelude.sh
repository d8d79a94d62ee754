# What the steps of a case may call.
# shellcheck shell=bash
: "${NS:?}"

k() { kubectl -n "$NS" "$@"; }

# ready N [SET]: until N pods of the set are Ready and nothing is under way.
ready() { k wait "statefulset/${2:-db}" --for=jsonpath='{.status.availableReplicas}'="$1" --timeout=120s; }

# there OBJECT: until it has been made.
there() { k wait "$1" --for=create --timeout=60s; }

# unschedulable POD: until the scheduler has said so.
unschedulable() {
  there "pod/$1"
  k wait "pod/$1" --for=condition=PodScheduled=false --timeout=60s
}

# field OBJECT JSONPATH VALUE: until the field has the value.
field() {
  there "$1"
  k wait "$1" --for=jsonpath="$2"="$3" --timeout=60s
}

# until_line CONDITION ARGUMENTS: until the condition, a function, is true of a line that a watch shows.
# shellcheck disable=SC2154 # coproc sets watch and watch_PID
until_line() {
  coproc watch { exec timeout 120 kubectl -n "$NS" get --watch "${@:2}" 2>/dev/null; }
  local pid=$watch_PID line reached=1
  while read -r line; do
    if "$1" "$line"; then
      reached=0
      break
    fi
  done <&"${watch[0]}"
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  return "$reached"
}

# event REASON [NAME]: until there is such an event.
event() {
  local fields=reason=$1
  [ $# -lt 2 ] || fields+=,involvedObject.name=$2
  until_line test events --field-selector "$fields" -o name
}

# restarts POD N: until its first container has been restarted N times.
restarts() {
  local wanted=$2
  there "pod/$1"
  # shellcheck disable=SC2317 # until_line calls it
  enough() { [ "${1:-0}" -ge "$wanted" ]; }
  until_line enough pod "$1" -o jsonpath='{.status.containerStatuses[0].restartCount}{"\n"}'
}
