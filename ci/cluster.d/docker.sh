# Docker: a running daemon is used as it is; otherwise one is installed and started.
# shellcheck shell=bash disable=SC2154,SC2034,SC2030,SC2031

# The kubelets, runtimes and systemds of all nodes share what one kernel gives its root user: 128 on most machines.
raise_inotify_limit() {
  local limit=/proc/sys/fs/inotify/max_user_instances
  [ "$(<$limit)" -ge 1024 ] || { echo 1024 >"$limit"; } 2>/dev/null ||
    say "only $(<$limit) inotify instances are allowed, and several clusters may need more; raise it with sysctl fs.inotify.max_user_instances=1024"
}

ensure_docker() {
  raise_inotify_limit
  if docker info >/dev/null 2>&1; then
    return
  fi
  [ "$(id -u)" = 0 ] || die "no Docker daemon is running and only root may start one" "start Docker, or run this as root"
  "$ci/install" --docker || die "Docker could not be installed" "install docker.io by hand"
  docker info >/dev/null 2>&1 || start_dockerd
}

# The bit of CAP_SYS_RESOURCE in the bounding set; nested virtual machines and sandboxes lack it.
has_cap_sys_resource() {
  local bounding
  bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
  (((16#$bounding >> 24) & 1))
}

start_dockerd() {
  local options=() log=$cache/log/dockerd.log pid
  say "starting dockerd; its log is $log"
  # Names outside the cluster must fail at once where nothing outside can be reached.
  [ "$way" = published ] || options+=(--dns 127.0.0.1)
  if ! has_cap_sys_resource; then
    say "CAP_SYS_RESOURCE is missing: containers run through a wrapper that does not require it"
    mkdir -p "$cache/runtime"
    install -m 755 "$ci/node-image/runc-without-sys-resource" "$cache/runtime/runc-without-sys-resource"
    options+=(--add-runtime "stateproof=$cache/runtime/runc-without-sys-resource" --default-runtime stateproof)
  fi
  # systemd inside the nodes needs its own hierarchy on cgroup v1.
  if [ ! -e /sys/fs/cgroup/cgroup.controllers ] && ! mountpoint -q /sys/fs/cgroup/systemd; then
    mkdir -p /sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd ||
      die "the systemd cgroup hierarchy cannot be mounted" "mount it by hand or use a host with cgroup v2"
  fi
  # After a restart of the machine the old process id may belong to something else.
  if pid=$(cat /var/run/docker.pid 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != dockerd ]; then
    rm -f /var/run/docker.pid
  fi
  mkdir -p "$cache/log"
  setsid nohup dockerd "${options[@]}" >>"$log" 2>&1 </dev/null 8>&- &
  pid=$!
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    ! docker info >/dev/null 2>&1 || return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  failed "starting dockerd" "$log"
}

have_image() {
  docker image inspect "$1" >/dev/null 2>&1
}
