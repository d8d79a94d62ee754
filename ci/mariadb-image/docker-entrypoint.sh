#!/usr/bin/env bash
# Starts MariaDB in a container. On an empty data directory it first initialises the database as the
# MARIADB_* variables say; names and meaning are those that the documentation of the official image
# gives. When sourced it only defines its functions, for scripts that clone a server.
set -eo pipefail
shopt -s nullglob

SOCKET=/run/mysqld/mysqld.sock

note() { printf '%s [entrypoint] %s\n' "$(date --rfc-3339=seconds)" "$*"; }
give_up() {
  note "error: $*" >&2
  exit 1
}

# Takes VAR from the file that VAR_FILE names; VAR may also be given as MYSQL_...
setting() {
  local name=$1 default=${2:-} old=MYSQL_${1#MARIADB_} value='' given='' candidate
  for candidate in "$name" "$old"; do
    local file=${candidate}_FILE
    if [ -n "${!candidate:-}" ] && [ -n "${!file:-}" ]; then
      give_up "both $candidate and $file are set; set one of them"
    elif [ -n "${!candidate:-}" ]; then
      value=${!candidate} given=1
    elif [ -n "${!file:-}" ]; then
      value=$(<"${!file}") given=1
    fi
    unset "$file"
    [ -z "$given" ] || break
  done
  export "$name=${value:-$default}"
}

docker_setup_env() {
  local name
  for name in ROOT_PASSWORD ROOT_PASSWORD_HASH PASSWORD PASSWORD_HASH USER DATABASE INITDB_SKIP_TZINFO \
    RANDOM_ROOT_PASSWORD ALLOW_EMPTY_ROOT_PASSWORD MASTER_HOST MASTER_PORT REPLICATION_USER \
    REPLICATION_PASSWORD REPLICATION_PASSWORD_HASH HEALTHCHECK_GRANTS AUTO_UPGRADE DISABLE_UPGRADE_BACKUP; do
    setting "MARIADB_$name"
  done
  setting MARIADB_ROOT_HOST '%'
  # The variable has two documented names.
  MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD:-${MARIADB_ALLOW_EMPTY_PASSWORD:-${MYSQL_ALLOW_EMPTY_PASSWORD:-}}}
  DATADIR=$(configured datadir "$@")
  DATADIR=${DATADIR%/}
  SOCKET=$(configured socket "$@")
  DATABASE_ALREADY_EXISTS=
  [ ! -d "$DATADIR/mysql" ] || DATABASE_ALREADY_EXISTS=true
}

# What the server would use for an option, with its files and arguments taken together.
configured() {
  local option=$1
  shift
  if [ -z "${server_options:-}" ]; then
    server_options=$("$@" --verbose --help --log-bin-index="$(mktemp -u)" 2>&1) ||
      give_up "the server refuses its options: $(grep -F '[ERROR]' <<<"$server_options")"
  fi
  awk -v option="$option" '/^[a-z]/ && $1 == option { sub(/^[^ ]+ +/, ""); print; exit }' <<<"$server_options"
}

# SQL text literals: the string between quotes, with quotes and backslashes escaped.
quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\\\'}"
}
# shellcheck disable=SC2016 # backquotes are SQL's
identifier() { printf '`%s`' "${1//\`/\`\`}"; }

# identity USER HOST, then how it proves itself: IDENTIFIED BY or, with a hash, IDENTIFIED BY PASSWORD.
identified() {
  local password=$1 hash=$2
  if [ -n "$hash" ]; then
    printf 'IDENTIFIED BY PASSWORD %s' "$(quoted "$hash")"
  else
    printf 'IDENTIFIED BY %s' "$(quoted "$password")"
  fi
}

check_settings() {
  if [ -z "$MARIADB_ROOT_PASSWORD$MARIADB_ROOT_PASSWORD_HASH$MARIADB_ALLOW_EMPTY_ROOT_PASSWORD$MARIADB_RANDOM_ROOT_PASSWORD" ]; then
    give_up "the data directory is empty and no root password is given; set MARIADB_ROOT_PASSWORD," \
      "MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD or MARIADB_RANDOM_ROOT_PASSWORD"
  fi
  [ "$MARIADB_USER" != root ] || give_up "MARIADB_USER is root, which exists anyway; remove it, and set MARIADB_ROOT_PASSWORD"
  [ -z "$MARIADB_USER" ] || [ -n "$MARIADB_PASSWORD$MARIADB_PASSWORD_HASH" ] || give_up "MARIADB_USER needs MARIADB_PASSWORD"
  [ -z "$MARIADB_REPLICATION_USER" ] || [ -n "$MARIADB_REPLICATION_PASSWORD$MARIADB_REPLICATION_PASSWORD_HASH" ] ||
    give_up "MARIADB_REPLICATION_USER needs MARIADB_REPLICATION_PASSWORD"
  if [ -n "$MARIADB_MASTER_HOST" ] && [ -z "$MARIADB_REPLICATION_USER" ]; then
    give_up "MARIADB_MASTER_HOST makes this a replica, which needs MARIADB_REPLICATION_USER and MARIADB_REPLICATION_PASSWORD"
  fi
}

# Runs SQL as root through the socket. As long as root has no password yet, none is sent.
docker_process_sql() {
  local password=()
  if [ "${1:-}" = --dont-use-mysql-root-password ]; then
    shift
  elif [ -n "${MARIADB_ROOT_PASSWORD:-}" ]; then
    password=("--password=$MARIADB_ROOT_PASSWORD")
  fi
  [ -z "${MARIADB_DATABASE:-}" ] || set -- --database="$MARIADB_DATABASE" "$@"
  mariadb --no-defaults --protocol=socket -uroot -hlocalhost --socket="$SOCKET" --skip-ssl --comments "${password[@]}" "$@"
}

# Without a network, so that nobody takes the half-made server for the finished one.
docker_temp_server_start() {
  local tries
  "$@" --skip-networking --default-time-zone=SYSTEM --socket="$SOCKET" --wsrep_on=OFF --expire-logs-days=0 \
    --skip-slave-start --loose-innodb_buffer_pool_load_at_startup=0 --skip-ssl &
  MARIADB_PID=$!
  for ((tries = 0; tries < 600; tries++)); do
    if mariadb-admin --no-defaults --skip-ssl --socket="$SOCKET" -uroot --password="${MARIADB_ROOT_PASSWORD:-}" ping >/dev/null 2>&1; then
      return
    fi
    kill -0 "$MARIADB_PID" 2>/dev/null || break
    sleep 0.05
  done
  give_up "the server did not start for its initialisation; its messages are above"
}

docker_temp_server_stop() {
  kill "$MARIADB_PID"
  wait "$MARIADB_PID" || give_up "the server did not stop cleanly after its initialisation"
}

# Prints the SQL for the users of healthcheck.sh and stores their password where only it looks.
create_healthcheck_users() {
  local password host
  password=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
  for host in 127.0.0.1 ::1 localhost; do
    printf "CREATE USER IF NOT EXISTS healthcheck@'%s' IDENTIFIED BY '%s';\n" "$host" "$password"
    printf "SET PASSWORD FOR healthcheck@'%s' = PASSWORD('%s');\n" "$host" "$password"
    printf "GRANT %s ON *.* TO healthcheck@'%s';\n" "${MARIADB_HEALTHCHECK_GRANTS:-USAGE}" "$host"
  done
  (
    umask 077
    printf '[mariadb-client]\nport=%s\nsocket=%s\nuser=healthcheck\npassword=%s\nprotocol=tcp\n' \
      "$(configured port mariadbd)" "$SOCKET" "$password" >"$DATADIR/.my-healthcheck.cnf"
  )
}

# The first statements: what is true of this server alone stays out of its binary log.
first_sql() {
  local root_identity
  echo "SET @@SESSION.SQL_LOG_BIN=0; SET @@SESSION.SQL_MODE=REPLACE(@@SESSION.SQL_MODE, 'NO_BACKSLASH_ESCAPES', '');"
  # The installer also makes users for the host name, which is the name of one container.
  echo "DELETE FROM mysql.global_priv WHERE User IN ('root', '') AND Host <> 'localhost';"
  echo "DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost'; FLUSH PRIVILEGES;"
  create_healthcheck_users
  root_identity=$(identified "$MARIADB_ROOT_PASSWORD" "$MARIADB_ROOT_PASSWORD_HASH")
  echo "ALTER USER root@localhost $root_identity;"
  if [ "$MARIADB_ROOT_HOST" != localhost ]; then
    echo "CREATE USER root@$(quoted "$MARIADB_ROOT_HOST") $root_identity;"
    echo "GRANT ALL ON *.* TO root@$(quoted "$MARIADB_ROOT_HOST") WITH GRANT OPTION;"
    echo "GRANT PROXY ON ''@'%' TO root@$(quoted "$MARIADB_ROOT_HOST") WITH GRANT OPTION;"
  fi
  echo "SET @@SESSION.SQL_LOG_BIN=1;"
  [ -z "$MARIADB_DATABASE" ] || echo "CREATE DATABASE IF NOT EXISTS $(identifier "$MARIADB_DATABASE");"
  if [ -n "$MARIADB_USER" ]; then
    echo "CREATE USER $(quoted "$MARIADB_USER")@'%' $(identified "$MARIADB_PASSWORD" "$MARIADB_PASSWORD_HASH");"
    [ -z "$MARIADB_DATABASE" ] ||
      echo "GRANT ALL ON $(identifier "${MARIADB_DATABASE//_/\\_}").* TO $(quoted "$MARIADB_USER")@'%';"
  fi
  if [ -n "$MARIADB_REPLICATION_USER" ] && [ -z "$MARIADB_MASTER_HOST" ]; then
    echo "CREATE USER $(quoted "$MARIADB_REPLICATION_USER")@'%' $(identified "$MARIADB_REPLICATION_PASSWORD" "$MARIADB_REPLICATION_PASSWORD_HASH");"
    echo "GRANT REPLICATION REPLICA ON *.* TO $(quoted "$MARIADB_REPLICATION_USER")@'%';"
  fi
}

replica_sql() {
  echo "CHANGE MASTER TO MASTER_HOST=$(quoted "$MARIADB_MASTER_HOST"), MASTER_PORT=${MARIADB_MASTER_PORT:-3306}," \
    "MASTER_USER=$(quoted "$MARIADB_REPLICATION_USER"), MASTER_PASSWORD=$(quoted "$MARIADB_REPLICATION_PASSWORD")," \
    "MASTER_CONNECT_RETRY=10;"
}

# The files of /docker-entrypoint-initdb.d, in the order of their names.
docker_process_init_files() {
  local file
  for file; do
    note "running $file"
    case $file in
      *.sh)
        if [ -x "$file" ]; then "$file"; else
          # shellcheck source=/dev/null
          . "$file"
        fi
        ;;
      *.sql) docker_process_sql <"$file" ;;
      *.sql.gz) gunzip -c "$file" | docker_process_sql ;;
      *.sql.xz) xz -dc "$file" | docker_process_sql ;;
      *.sql.zst) zstd -dc "$file" | docker_process_sql ;;
      *) note "passing over $file: neither .sh nor .sql" ;;
    esac
  done
}

initialise() {
  note "initialising the database in $DATADIR"
  check_settings
  if [ -n "$MARIADB_RANDOM_ROOT_PASSWORD" ]; then
    MARIADB_ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
    export MARIADB_ROOT_PASSWORD
    note "GENERATED ROOT PASSWORD: $MARIADB_ROOT_PASSWORD"
  fi
  : >"$DATADIR/.initialising"
  mariadb-install-db --datadir="$DATADIR" --rpm --auth-root-authentication-method=normal --skip-test-db \
    --old-mode='UTF8_IS_UTF8MB3' --default-time-zone=SYSTEM --enforce-storage-engine= \
    --skip-log-bin --expire-logs-days=0 \
    --loose-innodb_buffer_pool_load_at_startup=0 --loose-innodb_buffer_pool_dump_at_shutdown=0 "${@:2}" >/dev/null
  MARIADB_ROOT_PASSWORD='' docker_temp_server_start "$@"
  if [ -z "$MARIADB_INITDB_SKIP_TZINFO" ]; then
    { echo 'SET @@SESSION.SQL_LOG_BIN=0;' && mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo; } 2>/dev/null |
      MARIADB_DATABASE='' docker_process_sql --dont-use-mysql-root-password --database=mysql
  fi
  first_sql | MARIADB_DATABASE='' docker_process_sql --dont-use-mysql-root-password --database=mysql --binary-mode
  if [ -n "$MARIADB_MASTER_HOST" ]; then
    replica_sql | MARIADB_DATABASE='' docker_process_sql --database=mysql --binary-mode
  fi
  docker_process_init_files /docker-entrypoint-initdb.d/*
  docker_temp_server_stop
  rm -f "$DATADIR/.initialising"
  note "initialised"
}

# An initialisation that was cut off never had a network, so nobody's data is lost with it.
discard_cut_off_initialisation() {
  [ -e "$DATADIR/.initialising" ] || return 0
  note "an earlier initialisation was cut off: starting it again"
  find "$DATADIR" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name .initialising -exec rm -rf {} +
  DATABASE_ALREADY_EXISTS=
}

upgrade() {
  if [ -z "$MARIADB_AUTO_UPGRADE" ] || [ "$MARIADB_AUTO_UPGRADE" = 0 ]; then
    return 0
  fi
  if [ -f "$DATADIR/.my-healthcheck.cnf" ] && ! mariadb-upgrade --check-if-upgrade-is-needed --datadir="$DATADIR" >/dev/null 2>&1; then
    return 0
  fi
  note "upgrading the system tables"
  docker_temp_server_start "$@" --skip-grant-tables --loose-innodb_buffer_pool_dump_at_shutdown=0
  if [ -z "$MARIADB_DISABLE_UPGRADE_BACKUP" ]; then
    mariadb-dump --no-defaults --skip-ssl --socket="$SOCKET" --opt --routines mysql | zstd -q >"$DATADIR/system_mysql_backup.sql.zst.new"
    mv "$DATADIR/system_mysql_backup.sql.zst.new" "$DATADIR/system_mysql_backup.sql.zst"
  fi
  mariadb-upgrade --no-defaults --skip-ssl --socket="$SOCKET" --upgrade-system-tables
  {
    echo 'FLUSH PRIVILEGES; SET @@SESSION.SQL_LOG_BIN=0;'
    create_healthcheck_users
  } | MARIADB_DATABASE='' MARIADB_ROOT_PASSWORD='' docker_process_sql --binary-mode
  docker_temp_server_stop
}

main() {
  local argument
  [ "${1:0:1}" != - ] || set -- mariadbd "$@"
  # Anything else than the server, and a question for its help, is run as it is.
  for argument; do
    case $argument in -'?' | --help | -V | --version) exec "$@" ;; esac
  done
  case $1 in mariadbd | mysqld) ;; *) exec "$@" ;; esac

  docker_setup_env "$@"
  mkdir -p "$DATADIR" "${SOCKET%/*}"
  if [ "$(id -u)" = 0 ]; then
    find "$DATADIR" "${SOCKET%/*}" ! -user mysql ! -name lost+found -exec chown mysql: {} +
    exec setpriv --reuid=mysql --regid=mysql --init-groups -- "${BASH_SOURCE[0]}" "$@"
  fi
  discard_cut_off_initialisation
  if [ -z "$DATABASE_ALREADY_EXISTS" ]; then
    initialise "$@"
  else
    upgrade "$@"
  fi
  # The server has no business with the passwords.
  for argument in ${!MARIADB_@} ${!MYSQL_@}; do
    case $argument in *PASSWORD*) unset "$argument" ;; esac
  done
  exec "$@"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
