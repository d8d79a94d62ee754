# shellcheck shell=bash
# Prints the name of the cluster of kind that $KUBECONFIG speaks of.
kind_cluster() {
  local context
  context=$(grep -m 1 '^current-context:' "$KUBECONFIG")
  echo "${context##*kind-}"
}

# Prints the path of kubectl: the machine's own, else the one of the cluster's nodes, copied into the folder $1.
find_kubectl() {
  command -v kubectl && return
  docker cp "$(kind_cluster)-control-plane:/usr/bin/kubectl" "$1/kubectl" >/dev/null
  echo "$1/kubectl"
}

# await_refusal NAMESPACE WORDS: the API server applies a policy some time after it is there. Until it refuses a pod there
# with these words; what else fails, such as a ServiceAccount that is not there yet, is no refusal.
# $kubectl is set by those who source this.
# shellcheck disable=SC2154
await_refusal() {
  local said
  for _ in {1..60}; do
    said=$("$kubectl" -n "$1" run refused --image none --dry-run=server 2>&1) || true
    [[ $said != *"$2"* ]] || return 0
    sleep 1
  done
  echo "no pod is refused in namespace $1: $said" >&2
  return 1
}
