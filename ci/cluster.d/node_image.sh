# The node image, from Go modules and Debian packages.
# shellcheck shell=bash disable=SC2154,SC2034,SC2030,SC2031

node_packages=systemd,conntrack,iptables,nftables,iproute2,ethtool,util-linux,mount,kmod,libseccomp2,e2fsprogs,bash,ca-certificates,curl,jq,procps,runc

# ensure_node_image VERSION sets $node_image.
ensure_node_image() {
  local version=$1 kubernetes kubernetes_images etcd_version coredns_version coredns etcd provisioner oom=own
  has_cap_sys_resource || oom=restricted

  component kubernetes "$version" build_kubernetes
  kubernetes=$component
  kubernetes_images=$("$kubernetes/kubeadm" config images list --kubernetes-version "v$version" 2>/dev/null) ||
    die "kubeadm v$version does not name its images" "remove $kubernetes and run this again"
  etcd_version=$(sed -n 's|.*/etcd:v\{0,1\}\([0-9.]*\).*|\1|p' <<<"$kubernetes_images")
  coredns_version=$(sed -n 's|.*/coredns:v\{0,1\}||p' <<<"$kubernetes_images")
  component etcd "$etcd_version" build_etcd
  etcd=$component
  component coredns "$coredns_version" build_coredns "$ci/node-image/coredns/main.go"
  coredns=$component
  component local-path-provisioner "$LOCAL_PATH_PROVISIONER_VERSION" build_local_path_provisioner
  provisioner=$component
  ensure_node_base "$oom"
  ensure_mariadb_archive

  node_image=stateproof.local/node:v$version-$(content_key "${kubernetes##*/}" "${etcd##*/}" "${coredns##*/}" "${provisioner##*/}" \
    "$node_base" "${mariadb_archive##*/}" "$(declare -f make_node_image make_image_archives image_archive layer_of)" -- "$ci/node-image/pause.c")
  if have_image "$node_image"; then
    say "node image v$version (cached)"
    return
  fi
  say "making the node image v$version"
  logged "making the node image v$version" "node-image-$version" make_node_image "$version"
  # Earlier ones of this version; Docker keeps what a cluster still uses.
  docker image ls --format '{{.Repository}}:{{.Tag}}' stateproof.local/node |
    grep -F ":v$version-" | grep -vxF "$node_image" | xargs -r docker image rm >/dev/null 2>&1 || true
}

# The part of the node image that does not depend on the version of Kubernetes.
ensure_node_base() {
  local oom=$1 containerd plugins
  component containerd "$CONTAINERD_VERSION" build_containerd
  containerd=$component
  component cni-plugins "$CNI_PLUGINS_VERSION" build_cni_plugins
  plugins=$component
  node_base=stateproof.local/node-base:$(content_key "${containerd##*/}" "${plugins##*/}" "$oom" "$KIND_VERSION" "$NODE_DEBIAN_SUITE" \
    "$node_packages" "$(declare -f make_node_base debootstrapped image_archive)")
  if have_image "$node_base"; then
    say "node root file system (cached)"
    return
  fi
  say "making the node root file system from Debian $NODE_DEBIAN_SUITE"
  logged "making the node root file system" node-base make_node_base "$oom" "$containerd" "$plugins"
}

make_node_base() (
  set -e
  oom=$1 containerd=$2 plugins=$3 root=$cache/work/node-base
  find_go
  files=$(go_env "$go" mod download -json "sigs.k8s.io/kind@v$KIND_VERSION" | jq -er .Dir)/images/base/files
  rm -rf --one-file-system "$root"
  mkdir -p "$cache/work"
  debootstrapped "$NODE_DEBIAN_SUITE" "$root" --include="$node_packages"

  # kind's own node files: the entrypoint that prepares a container for systemd, and the units.
  cp -R --no-preserve=mode,ownership "$files/." "$root/"
  chmod 755 "$root"/usr/local/bin/* "$root"/kind/bin/*
  install -m 755 "$containerd"/* "$root/usr/local/bin/"
  mkdir -p "$root/opt/cni/bin" "$root/etc/cni/net.d" "$root/etc/kubernetes/manifests" "$root/kind/manifests"
  install -m 755 "$plugins"/* "$root/opt/cni/bin/"

  # Only what a node needs is started by systemd.
  rm -f "$root"/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service \
    "$root"/lib/systemd/system/{multi-user,local-fs,basic}.target.wants/* "$root"/etc/systemd/system/*.wants/* \
    "$root"/lib/systemd/system/sockets.target.wants/*{udev,initctl}*
  echo ReadKMsg=no >>"$root/etc/systemd/journald.conf"
  ln -sf /usr/lib/systemd/systemd "$root/sbin/init"
  chroot "$root" systemctl enable kubelet.service containerd.service undo-mount-hacks.service
  chroot "$root" systemctl mask systemd-binfmt.service

  # The hook shows each container the node's product id; rlimits are left as the node has them.
  chroot "$root" ctr oci spec |
    jq '.hooks.createContainer += [{path: "/kind/bin/mount-product-files.sh"}] | del(.process.rlimits)' \
      >"$root/etc/containerd/cri-base.json"
  # Without CAP_SYS_RESOURCE nothing may lower its OOM score.
  if [ "$oom" = restricted ]; then
    sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' "$root/etc/containerd/config.toml"
    mkdir -p "$root/etc/systemd/system/containerd.service.d"
    printf '[Service]\nOOMScoreAdjust=0\n' >"$root/etc/systemd/system/containerd.service.d/oom-score.conf"
  fi

  # systemd in a container ends on a signal of its own.
  tar -C "$root" --numeric-owner --sort=name -cf "$root.layer" .
  image_archive "$root.tar" "$node_base" '{"Env": ["container=docker", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "StopSignal": "SIGRTMIN+3", "Entrypoint": ["/usr/local/bin/entrypoint", "/sbin/init"]}' "$root.layer"
  docker load --input "$root.tar"
  rm -f "$root.layer" "$root.tar"
  rm -rf "$root"
)

# Reads the variables of ensure_node_image: what the image is made of was looked up there.
make_node_image() (
  set -e
  version=$1 build=stateproof-node-build
  archives=$cache/work/archives
  storage=$cache/work/storage.go
  find_go
  cp --no-preserve=mode "$(go_env "$go" mod download -json "sigs.k8s.io/kind@v$KIND_VERSION" | jq -er .Dir)/pkg/build/nodeimage/const_storage.go" "$storage"
  provisioner_image=$(sed -n 's/^const storageProvisionerImage = "\(.*\)"$/\1/p' "$storage")
  helper_image=$(sed -n 's/^const storageHelperImage = "\(.*\)"$/\1/p' "$storage")
  docker rm -f "$build" >/dev/null 2>&1 || true
  docker run -d --name "$build" --entrypoint sleep "$node_base" infinity
  rm -rf "$archives"
  mkdir -p "$archives"
  make_image_archives

  docker cp "$kubernetes/kubelet" "$build:/usr/bin/kubelet"
  docker cp "$kubernetes/kubeadm" "$build:/usr/bin/kubeadm"
  docker cp "$kubernetes/kubectl" "$build:/usr/bin/kubectl"
  docker exec -i "$build" tee /kind/version >/dev/null <<<"v$version"
  awk '/^const defaultStorageManifest/ { on = 1; next } /^`$/ { on = 0 } on' "$storage" |
    sed -e "s|\` + storageProvisionerImage + \`|$provisioner_image|" -e "s|\` + storageHelperImage + \`|$helper_image|" |
    docker exec -i "$build" tee /kind/manifests/default-storage.yaml >/dev/null

  docker exec -d "$build" containerd
  docker exec "$build" bash -c 'for i in {1..300}; do ctr version >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1'
  for archive in "$archives"/*.tar "$mariadb_archive"; do
    docker exec -i "$build" ctr --namespace k8s.io images import --no-unpack - <"$archive"
  done
  docker exec "$build" ctr --namespace k8s.io images ls -q
  docker exec "$build" bash -c 'pkill -TERM -x containerd; while pgrep -x containerd >/dev/null; do sleep 0.1; done'
  docker commit --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' "$build" "$node_image"
  docker rm -f "$build"
  rm -rf "$archives" "$storage"
)

# Each image is a static binary on nothing; only kube-proxy brings iptables and nft along.
make_image_archives() {
  local image binary root=$cache/work/image
  local path='"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]'

  static_image() {
    local name=$1 config=$2 file=$3 target=$4
    mkdir -p "$root/$(dirname "$target")" "$root/tmp"
    chmod 1777 "$root/tmp"
    install -m 755 "$file" "$root/$target"
    layer_of "$archives/layer" "$root"
    image_archive "$archives/$(tr '/:' '--' <<<"$name").tar" "$name" "$config" "$archives/layer"
    rm -rf "$root" "$archives/layer"
  }

  for image in $kubernetes_images; do
    binary=${image##*/}
    binary=${binary%%:*}
    mkdir -p "$root"
    case $binary in
      pause) continue ;;
      etcd) static_image "$image" "{$path}" "$etcd/etcd" usr/local/bin/etcd ;;
      coredns) static_image "$image" '{"Entrypoint":["/coredns"]}' "$coredns/coredns" coredns ;;
      kube-proxy)
        docker exec "$build" bash -c '
          files=(/usr/sbin/{ip,ip6}tables{,-save,-restore} /usr/sbin/nft /usr/sbin/conntrack /usr/bin/kmod)
          printf "%s\n" "${files[@]}" /usr/lib/*-linux-gnu/xtables
          ldd "${files[@]}" /usr/lib/*-linux-gnu/xtables/*.so | grep -o "/[^ ]*\.so[^ ]*" | grep -v : | sort -u' |
          docker exec -i "$build" tar -chf - --files-from=- | tar -C "$root" -xf -
        static_image "$image" "{$path}" "$kubernetes/$binary" "usr/local/bin/$binary"
        ;;
      *) static_image "$image" "{$path}" "$kubernetes/$binary" "usr/local/bin/$binary" ;;
    esac
  done
  static_image "$provisioner_image" "{$path}" "$provisioner/local-path-provisioner" usr/bin/local-path-provisioner

  gcc -Os -static -s -o "$archives/pause" "$ci/node-image/pause.c"
  # containerd's configuration and kubeadm may name two versions of it.
  for image in $(docker exec "$build" sed -n 's/^ *sandbox_image = "\(.*\)"/\1/p' /etc/containerd/config.toml) \
    $(grep '/pause:' <<<"$kubernetes_images"); do
    static_image "$image" '{"Entrypoint":["/pause"],"User":"65535:65535"}' "$archives/pause" pause
  done
  rm -f "$archives/pause"

  mkdir -p "$root/bin"
  for binary in sh mkdir rm ls chmod chown cat; do
    ln -s busybox "$root/bin/$binary"
  done
  static_image "$helper_image" "{$path}" "$(command -v busybox)" bin/busybox
}
