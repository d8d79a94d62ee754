# The kind cluster. $name, $cluster (its directory) and $kubeconfig are set by ci/cluster.
# shellcheck shell=bash disable=SC2154,SC2034,SC2030,SC2031

export KIND_EXPERIMENTAL_PROVIDER=docker
declare -A pod_networks=([ipv4]=10.244.0.0/16 [ipv6]=fd00:10:244::/56)

pod_subnets() {
  case $ip_family in
    dual) echo "${pod_networks[ipv4]},${pod_networks[ipv6]}" ;;
    *) echo "${pod_networks[${ip_family:-ipv4}]}" ;;
  esac
}

kind_nodes() {
  docker ps -a --filter "label=io.x-k8s.kind.cluster=$name" --format '{{.Names}}' "$@" | sort
}

running_nodes() {
  kind_nodes --filter status=running
}

# load_into_nodes IMAGE ARCHIVE [missing]: each node gets it, or each that has none of this name.
load_into_nodes() {
  local image=$1 archive=$2 which=${3-} node nodes
  nodes=$(running_nodes)
  [ -n "$nodes" ] || die "no node of a cluster $name runs on this machine" "run ci/cluster up --name $name"
  for node in $nodes; do
    if [ "$which" = missing ] && docker exec "$node" ctr --namespace k8s.io images ls -q 2>/dev/null | grep -qx "$image"; then
      continue
    fi
    say "loading $image into $node"
    docker exec -i "$node" ctr --namespace k8s.io images import - <"$archive" >/dev/null 2>&1 ||
      die "$image cannot be loaded into $node" "see whether it has space: docker exec $node df /var/lib/containerd"
  done
}

# kubectl of the cluster's own version, inside its control plane.
kubectl_in_node() {
  docker exec -i "$name-control-plane" kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"
}

api_server_answers() {
  kubectl_in_node get --raw /readyz >/dev/null 2>&1
}

kind_config() {
  local workers=$1 i
  cat <<EOF
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking:
  ipFamily: ${ip_family:-ipv4}
  podSubnet: $(pod_subnets)
EOF
  # kind's own network plugin comes in the published node images alone.
  [ "$way" = published ] || echo "  disableDefaultCNI: true"
  echo "kubeadmConfigPatches:"
  echo "- |"
  echo "  kind: KubeletConfiguration"
  echo "  apiVersion: kubelet.config.k8s.io/v1beta1"
  # Kubelets from 1.35 on refuse cgroup v1 otherwise; earlier ones, which may be upgraded, know the field.
  [ -e /sys/fs/cgroup/cgroup.controllers ] || echo "  failCgroupV1: false"
  has_cap_sys_resource || echo "  oomScoreAdj: 0"
  printf -- '- |\n  kind: ClusterConfiguration\n  networking: {dnsDomain: %s}\n' "${domain:-cluster.local}"
  echo "nodes:"
  echo "- role: control-plane"
  for ((i = 0; i < workers; i++)); do
    echo "- role: worker"
  done
}

create_cluster() {
  local version=$1 workers=$2 image=$3
  mkdir -p "$cluster"
  rm -f "$cluster/complete"
  kind_config "$workers" >"$cluster/kind.yaml"
  say "creating the cluster $name: v$version, one control plane, $workers workers"
  logged "creating the cluster $name" "kind-$name" "$kind" create cluster --name "$name" --image "$image" \
    --config "$cluster/kind.yaml" --kubeconfig "$kubeconfig" --wait 0
}

delete_cluster() {
  logged "deleting the cluster $name" "kind-delete-$name" "$kind" delete cluster --name "$name" --kubeconfig "$kubeconfig"
  rm -rf "$cluster"
}

# Where kind's own network plugin is missing: each node gets networks of its own for its pods, one of each family, and a
# route to those of each other node. Addresses may change when the cluster restarts, so this runs at each "up"; a node that
# is stopped and started by itself does it alone.
connect_pod_networks() {
  local node nodes
  kubectl_in_node wait --for=jsonpath='{.spec.podCIDR}' node --all --timeout=60s || return
  # A line for each node: name, CIDRs with commas between them, IPv4 address, IPv6 address.
  nodes=$(kubectl_in_node get nodes -o jsonpath='{range .items[*]}{.metadata.name} {.spec.podCIDRs[*]}{"\n"}{end}' |
    while read -r node cidrs; do
      echo "$node ${cidrs// /,} $(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}' "$node")"
    done) || return
  while read -r -u 3 node cidrs _; do
    pod_network_script "$node" "$cidrs" <<<"$nodes" | docker exec -i "$node" bash -c "
      set -e
      cat >/etc/pod-network.sh
      bash /etc/pod-network.sh
      printf '[Unit]\nBefore=kubelet.service\n[Service]\nType=oneshot\nExecStart=/bin/bash /etc/pod-network.sh\n[Install]\nWantedBy=multi-user.target\n' \
        >/etc/systemd/system/pod-network.service
      systemctl --quiet enable pod-network.service" || return
  done 3<<<"$nodes"
}

# What a node has to run, by the lines of all nodes on stdin.
pod_network_script() {
  local node=$1 cidrs=$2 other other_cidrs ipv4 ipv6 cidr family tables route ranges='' routes=''
  echo "set -e"
  while read -r other other_cidrs ipv4 ipv6; do
    [ "$other" != "$node" ] || continue
    for cidr in ${other_cidrs//,/ }; do
      if [[ $cidr == *:* ]]; then echo "ip -6 route replace $cidr via $ipv6"; else echo "ip route replace $cidr via $ipv4"; fi
    done
  done
  for cidr in ${cidrs//,/ }; do
    family=ipv4 tables=iptables route=0.0.0.0/0
    [[ $cidr != *:* ]] || family=ipv6 tables=ip6tables route=::/0
    ranges+="${ranges:+, }[{ \"subnet\": \"$cidr\" }]"
    routes+="${routes:+, }{ \"dst\": \"$route\" }"
    # Only what leaves the cluster takes on the node's address.
    echo "rule='POSTROUTING -s $cidr ! -d ${pod_networks[$family]} -o eth0 -j MASQUERADE'"
    echo "$tables -w -t nat -C \$rule 2>/dev/null || $tables -w -t nat -A \$rule"
  done
  echo "cat >/etc/cni/net.d/10-pods.conflist.new <<'CONFLIST'"
  sed "s|RANGES|$ranges|; s|ROUTES|$routes|" "$ci/node-image/pods.conflist"
  echo "CONFLIST"
  echo "mv /etc/cni/net.d/10-pods.conflist.new /etc/cni/net.d/10-pods.conflist"
}

wait_until_ready() {
  local timeout=${1:-120s}
  kubectl_in_node wait --for=condition=Ready node --all --timeout="$timeout" &&
    kubectl_in_node -n kube-system rollout status deployment/coredns --timeout="$timeout" &&
    kubectl_in_node -n kube-system rollout status daemonset/kube-proxy --timeout="$timeout" &&
    kubectl_in_node -n local-path-storage rollout status deployment/local-path-provisioner --timeout="$timeout" &&
    kubectl_in_node get storageclass standard
}

# Brings the containers of a stopped cluster back; false when they do not become a cluster again.
restart_cluster() {
  local node
  for node in $(kind_nodes); do
    docker start "$node" >/dev/null 2>&1 || return 1
  done
  # The API server comes back when its static pod does; there is nothing to watch until then.
  local tries
  for ((tries = 0; tries < 240; tries++)); do
    ! api_server_answers || return 0
    sleep 0.5
  done
  return 1
}
