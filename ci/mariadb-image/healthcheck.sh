#!/usr/bin/env bash
# Tells whether this container's MariaDB does what the tests named on the command line ask; all must
# hold, in their order. Options are those that the documentation of the official image lists.
#
#   --connect                    the server accepts connections over TCP
#   --innodb_initialized         InnoDB has its buffer pool loaded and is up
#   --innodb_buffer_pool_loaded  the buffer pool dump of the last stop is loaded
#   --replication                the tests --replication_* given before it hold for each connection
#   --replication_io, --replication_sql, --replication_all, --replication_name=NAME,
#   --replication_seconds_behind_master=N, --replication_sql_remaining_delay=N
#   --galera_online, --galera_ready, --mariadbupgrade
#   --su-mysql, --su=USER, --datadir=DIR, --defaults-file=F, --defaults-extra-file=F,
#   --defaults-group-suffix=S, --no-defaults, --no-connect
set -eo pipefail

datadir=/var/lib/mysql
client=()
defaults=()
plain='' no_connect='' connected=''
io='' sql='' behind='' delay='' name=''

query() { mariadb "${defaults[@]}" "${client[@]}" --batch --skip-column-names -e "$1" 2>&1; }
column() { mariadb "${defaults[@]}" "${client[@]}" --batch -E -e "$1" 2>/dev/null; }

# Credentials are the ones that the entrypoint stored; --no-defaults and --defaults-* replace them.
credentials() {
  if [ -z "$plain" ] && [ ${#defaults[@]} -eq 0 ] && [ -f "$datadir/.my-healthcheck.cnf" ]; then
    defaults=("--defaults-extra-file=$datadir/.my-healthcheck.cnf")
  elif [ -n "$plain" ]; then
    defaults=(--no-defaults)
  fi
}

# An answer of any kind, a refused login too, shows that connections are accepted over TCP.
connect() {
  local answer
  connected=1
  answer=$(mariadb "${defaults[@]}" --protocol=tcp -h localhost --connect-timeout=4 --skip-column-names --batch -e 'SELECT @@skip_networking' 2>&1) || {
    [[ $answer == *"ERROR 1045"* ]]
    return
  }
  [ "$answer" = 0 ]
}

innodb_initialized() {
  [ "$(query "SELECT 1 FROM information_schema.ENGINES WHERE engine='innodb' AND support IN ('YES','DEFAULT','ENABLED')")" = 1 ]
}

innodb_buffer_pool_loaded() {
  [[ $(query "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME='Innodb_buffer_pool_load_status'") =~ completed|aborted|not\ (yet\ )?started ]]
}

# A server without a replication connection passes: it is a primary.
replication() {
  local status block
  status=$(column "$(if [ -n "$name" ]; then echo "SHOW REPLICA '$name' STATUS"; else echo 'SHOW ALL REPLICAS STATUS'; fi)") || return 1
  [ -n "$status" ] || return 0
  # The last block has no newline behind it.
  while IFS= read -r block || [ -n "$block" ]; do
    [ -z "$io" ] || [[ $block =~ Slave_IO_Running:\ (Yes|Connecting|Preparing) ]] || return 1
    [ -z "$sql" ] || [[ $block =~ Slave_SQL_Running:\ Yes ]] || return 1
    [ -z "$behind" ] || { [[ $block =~ Seconds_Behind_Master:\ ([0-9]+) ]] && ((BASH_REMATCH[1] <= behind)); } || return 1
    [ -z "$delay" ] || ! [[ $block =~ SQL_Remaining_Delay:\ ([0-9]+) ]] || ((BASH_REMATCH[1] <= delay)) || return 1
  done < <(tr '\n' ' ' <<<"$status" | sed 's/\*\{20,\} [0-9]*\. row \*\{20,\}/\n/g' | sed '/^ *$/d')
}

status_is() {
  [[ $(query "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME='$1'") =~ ^($2)$ ]]
}

[ $# -gt 0 ] || {
  echo "healthcheck.sh: name at least one test, for example --connect" >&2
  exit 1
}

# Asked as the user whom the test may need; the rest of the arguments are kept.
case $1 in
  --su-mysql) exec setpriv --reuid=mysql --regid=mysql --init-groups -- "$0" "${@:2}" ;;
  --su=*) exec setpriv --reuid="${1#*=}" --regid="${1#*=}" --init-groups -- "$0" "${@:2}" ;;
  --su) exec setpriv --reuid="$2" --regid="$2" --init-groups -- "$0" "${@:3}" ;;
esac

for option; do
  case $option in
    --datadir=*) datadir=${option#*=} ;;
    --no-defaults) plain=1 defaults=() ;;
    --defaults-file=* | --defaults-extra-file=* | --defaults-group-suffix=*) plain='' defaults+=("$option") ;;
    --no-connect) no_connect=1 ;;
  esac
done
credentials

for option; do
  case $option in
    --datadir=* | --no-defaults | --defaults-* | --no-connect) ;;
    --replication_io) io=1 ;;
    --replication_sql) sql=1 ;;
    --replication_all) name='' ;;
    --replication_name=*) name=${option#*=} ;;
    --replication_seconds_behind_master=*) behind=${option#*=} ;;
    --replication_sql_remaining_delay=*) delay=${option#*=} ;;
    --connect | --innodb_initialized | --innodb_buffer_pool_loaded | --replication)
      ${option#--} || {
        echo "healthcheck.sh: $option does not hold" >&2
        exit 1
      }
      ;;
    --galera_online) status_is wsrep_local_state 4 || exit 1 ;;
    --galera_ready) status_is wsrep_ready ON || exit 1 ;;
    --mariadbupgrade) [ -f "$datadir/mariadb_upgrade_info" ] && [[ $(<"$datadir/mariadb_upgrade_info") == "$(query 'SELECT VERSION()' | cut -d- -f1)"* ]] || exit 1 ;;
    *)
      echo "healthcheck.sh: $option is no test that this image knows" >&2
      exit 1
      ;;
  esac
done

# A server that answers through its socket alone is still being initialised.
[ -n "$connected" ] || [ -n "$no_connect" ] || connect
