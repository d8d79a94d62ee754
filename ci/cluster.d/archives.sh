# Root file systems and container image archives, made without a daemon.
# shellcheck shell=bash disable=SC2154,SC2034,SC2030,SC2031

# debootstrapped SUITE DIRECTORY OPTION... with the mirror and the proxy that this machine uses.
debootstrapped() {
  local suite=$1 directory=$2 mirror proxy
  shift 2
  # shellcheck disable=SC2016 # apt's placeholder
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' 2>/dev/null |
    grep -v security | head -n 1) || true
  proxy=$(apt-config shell proxy Acquire::http::Proxy | sed "s/^proxy='\(.*\)'$/\1/")
  # What is interrupted is built again, so nothing needs to be on the disk before it is whole.
  set -- "$@" --variant=minbase --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*'
  [ -z "$proxy" ] || set -- "$@" --aptopt="Acquire::http::Proxy \"$proxy\""
  # Its mounts live in a namespace of their own, which ends with it even when it is killed.
  unshare --mount mmdebstrap "$@" "$suite" "$directory" ${mirror:+"$mirror"}
}

# image_archive FILE NAME CONFIG-JSON LAYER-TAR... writes what "docker save" would write.
image_archive() {
  local file=$1 name=$2 config=$3 layer sum sums=() work
  shift 3
  work=$(mktemp -d "$file.XXXXXX") || return
  for layer; do
    sum=$(sha256sum <"$layer" | cut -c1-64)
    ln "$layer" "$work/$sum.tar" 2>/dev/null || cp "$layer" "$work/$sum.tar" || return
    sums+=("$sum")
  done
  printf '%s\n' "${sums[@]}" | jq -Rcn --arg arch "$(dpkg --print-architecture)" --argjson config "$config" '
    [inputs] as $sums | {architecture: $arch, os: "linux", config: $config,
      rootfs: {type: "layers", diff_ids: ($sums | map("sha256:" + .))}}' >"$work/config.json" || return
  printf '%s\n' "${sums[@]}" | jq -Rcn --arg name "$name" '
    [inputs] as $sums | [{Config: "config.json", RepoTags: [$name], Layers: ($sums | map(. + ".tar"))}]' \
    >"$work/manifest.json" || return
  tar -C "$work" -cf "$file" . && rm -rf "$work"
}

# layer_of FILE DIRECTORY: one layer, the same bytes for the same files.
layer_of() {
  tar -C "$2" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$1" .
}
