# shellcheck shell=bash
# Prints the path of kubectl: the machine's own, else the one of the cluster's nodes, copied into the folder $1.
find_kubectl() {
  local context
  command -v kubectl && return
  context=$(grep -m 1 '^current-context:' "$KUBECONFIG")
  docker cp "${context##*kind-}-control-plane:/usr/bin/kubectl" "$1/kubectl" >/dev/null
  echo "$1/kubectl"
}
