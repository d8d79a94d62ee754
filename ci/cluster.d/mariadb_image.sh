# The MariaDB image, from Debian packages and an entrypoint of our own.
# shellcheck shell=bash disable=SC2154,SC2034,SC2030,SC2031

# The one name of the image in every cluster, whichever way it came there.
mariadb_image=stateproof.local/mariadb:$MARIADB_SERIES

# ensure_mariadb_archive sets $mariadb_archive. The root file system is a layer of its own, because the
# scripts on it change more often than the packages in it.
ensure_mariadb_archive() {
  local layer files=("$ci/mariadb-image/docker-entrypoint.sh" "$ci/mariadb-image/healthcheck.sh" "$ci/mariadb-image/server.cnf")
  layer=$cache/images/mariadb-$MARIADB_SERIES-$(content_key "$MARIADB_DEBIAN_SUITE" \
    "$(declare -f make_mariadb_layer debootstrapped)").layer
  mariadb_archive=${layer%.layer}-$(content_key "$mariadb_image" \
    "$(declare -f make_mariadb_archive image_archive layer_of)" -- "${files[@]}").tar
  if [ -f "$mariadb_archive" ]; then
    say "MariaDB image (cached)"
    return
  fi
  if [ ! -f "$layer" ]; then
    say "making the MariaDB $MARIADB_SERIES image from Debian $MARIADB_DEBIAN_SUITE"
    logged "making the MariaDB root file system" mariadb-layer make_mariadb_layer "$layer"
  fi
  logged "making the MariaDB image" mariadb-image make_mariadb_archive "$mariadb_archive" "$layer"
  remove_others "$cache/images/mariadb-$MARIADB_SERIES-" "$layer" "$mariadb_archive"
}

make_mariadb_layer() (
  set -e
  layer=$1 root=$cache/work/mariadb
  rm -rf --one-file-system "$root"
  mkdir -p "$cache/work" "$cache/images"
  # The user has the id of the official image, because volumes keep numbers and not names.
  # shellcheck disable=SC2016 # $1 is for the hook
  debootstrapped "$MARIADB_DEBIAN_SUITE" "$root" --include=mariadb-server,mariadb-backup,socat,tzdata,zstd,xz-utils \
    --essential-hook='echo mysql:x:999: >>"$1/etc/group"; echo mysql:x:999:999:MariaDB:/var/lib/mysql:/usr/sbin/nologin >>"$1/etc/passwd"'
  chroot "$root" mariadbd --version | grep -F " $MARIADB_SERIES."

  # The package made a database of its own, which nobody wants in an image.
  rm -rf "$root/var/lib/mysql" "$root"/etc/mysql/mariadb.conf.d/*
  install -d -m 1777 -o 999 -g 999 "$root/var/lib/mysql" "$root/run/mysqld"
  mkdir -p "$root/docker-entrypoint-initdb.d"

  # What no server and no client in a cluster needs.
  rm -rf "$root"/usr/bin/{aria_*,myisam*,mariadb-slap,mariadb-conv,mariadb-plugin,resolve_stack_dump,perror} \
    "$root"/usr/lib/*-linux-gnu/perl/5* "$root"/usr/share/perl/5* "$root"/usr/lib/systemd \
    "$root"/usr/share/{info,bash-completion,common-licenses,lintian} "$root"/usr/lib/apt \
    "$root"/var/lib/dpkg/info "$root"/var/cache/{apt,debconf}/* "$root"/var/lib/apt/lists/* "$root"/etc/systemd
  find "$root/usr/share/mariadb" -mindepth 1 -maxdepth 1 -type d ! -name english ! -name charsets -exec rm -rf {} +

  tar -C "$root" --numeric-owner --sort=name -cf "$layer.new" .
  rm -rf "$root"
  mv "$layer.new" "$layer"
)

make_mariadb_archive() (
  set -e
  archive=$1 layer=$2 root=$cache/work/mariadb-scripts
  rm -rf "$root"
  mkdir -p "$root/usr/local/bin" "$root/etc/mysql/mariadb.conf.d"
  install -m 755 "$ci/mariadb-image/docker-entrypoint.sh" "$ci/mariadb-image/healthcheck.sh" "$root/usr/local/bin/"
  install -m 644 "$ci/mariadb-image/server.cnf" "$root/etc/mysql/mariadb.conf.d/50-server.cnf"
  layer_of "$root.layer" "$root"
  image_archive "$archive.new" "$mariadb_image" '{
    "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"],
    "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["mariadbd"],
    "ExposedPorts": {"3306/tcp": {}}, "Volumes": {"/var/lib/mysql": {}}}' "$layer" "$root.layer"
  rm -rf "$root" "$root.layer"
  mv "$archive.new" "$archive"
)
