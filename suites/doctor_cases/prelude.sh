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

# event REASON [NAME]: until there is such an event.
event() {
  local fields=reason=$1
  [ $# -lt 2 ] || fields+=,involvedObject.name=$2
  timeout 90 kubectl -n "$NS" get events --field-selector "$fields" --watch -o name | grep -q -m 1 .
}

# restarts POD N: until its first container has been started N times again.
restarts() {
  timeout 120 kubectl -n "$NS" get pod "$1" --watch -o jsonpath='{.status.containerStatuses[0].restartCount}{"\n"}' |
    awk -v most="$2" '$1 >= most { exit }'
}
