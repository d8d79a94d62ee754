# The upgrade of a running kind cluster, in place, as kubeadm does it: the control plane first, then node by node with a
# drain. $name, $cluster, $kubeconfig and $fail_at are set by ci/cluster.
# shellcheck shell=bash disable=SC2154,SC2034

upgrade_source=stateproof-upgrade-source

# A container of the new node image provides its binaries and images to the nodes.
start_upgrade_source() {
  local image=$1
  docker rm -f "$upgrade_source" >/dev/null 2>&1 || true
  docker run -d --name "$upgrade_source" --entrypoint sleep "$image" infinity &&
    docker exec -d "$upgrade_source" containerd &&
    docker exec "$upgrade_source" bash -c 'for i in {1..300}; do ctr version >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1'
}

# shellcheck disable=SC2016 # $1 is for the container
bring_images() {
  local node=$1 version=$2
  docker exec "$upgrade_source" bash -c '
    set -e
    [ -s /images.tar ] || ctr --namespace k8s.io images export /images.tar $(kubeadm config images list --kubernetes-version "v$1" 2>/dev/null)
    cat /images.tar' bring "$version" | docker exec -i "$node" ctr --namespace k8s.io images import -
}

bring_binary() {
  local node=$1 binary=$2
  docker exec "$upgrade_source" cat "/usr/bin/$binary" |
    docker exec -i "$node" bash -c "cat >/usr/bin/$binary.new && chmod 755 /usr/bin/$binary.new && mv /usr/bin/$binary.new /usr/bin/$binary"
}

# A kubelet from 1.35 on refuses cgroup v1 unless configured otherwise.
allow_cgroup_v1() {
  [ ! -e /sys/fs/cgroup/cgroup.controllers ] || return 0
  kubectl_in_node -n kube-system get configmap kubelet-config -o json |
    jq 'if .data.kubelet | test("(?m)^failCgroupV1:") then . else .data.kubelet += "failCgroupV1: false\n" end' |
    kubectl_in_node apply -f -
}

# The kubelet of an upgraded control plane may restart the API server: requests that this cut off are retried.
patiently() {
  local tries=$1 waits
  shift
  while ((tries-- > 0)); do
    ! kubectl_in_node "$@" || return 0
    for ((waits = 0; waits < 60; waits++)); do
      ! api_server_answers || break
      sleep 1
    done
  done
  return 1
}

upgrade_control_plane() {
  local node=$name-control-plane version=$1
  bring_binary "$node" kubeadm &&
    docker exec "$node" kubeadm upgrade apply "v$version" --yes --ignore-preflight-errors=all &&
    bring_binary "$node" kubectl && upgrade_kubelet "$node" "$version"
}

upgrade_kubelet() {
  local node=$1 version=$2
  bring_binary "$node" kubelet &&
    docker exec "$node" bash -c "echo v$version >/kind/version && systemctl restart kubelet" &&
    patiently 3 wait --for=jsonpath='{.status.nodeInfo.kubeletVersion}'="v$version" "node/$node" --timeout=120s &&
    patiently 3 wait --for=condition=Ready "node/$node" --timeout=120s
}

runs_version() {
  [ "$(kubectl_in_node get node "$1" -o jsonpath='{.status.nodeInfo.kubeletVersion}')" = "v$2" ]
}

upgrade_worker() {
  local node=$1 version=$2
  patiently 20 drain "$node" --ignore-daemonsets --delete-emptydir-data --timeout=300s &&
    [ "$node" != "$fail_at" ] &&
    bring_binary "$node" kubeadm &&
    docker exec "$node" kubeadm upgrade node --ignore-preflight-errors=all &&
    bring_binary "$node" kubectl && upgrade_kubelet "$node" "$version" &&
    patiently 3 uncordon "$node"
}

upgrade_cluster() {
  local version=$1 image=$2 node
  logged "opening the node image v$version" "upgrade-source-$name" start_upgrade_source "$image"
  for node in $(kind_nodes); do
    say "copying the images of v$version to $node"
    logged "copying images to $node" "upgrade-images-$node" bring_images "$node" "$version"
  done
  logged "preparing the kubelets' configuration" "upgrade-config-$name" allow_cgroup_v1
  if ! runs_version "$name-control-plane" "$version"; then
    say "upgrading the control plane to v$version"
    logged "upgrading the control plane" "upgrade-$name-control-plane" upgrade_control_plane "$version"
  fi
  for node in $(kind_nodes); do
    [ "$node" != "$name-control-plane" ] || continue
    say "upgrading $node to v$version"
    logged "upgrading $node" "upgrade-$node" upgrade_worker "$node" "$version"
  done
  docker rm -f "$upgrade_source" >/dev/null
}
