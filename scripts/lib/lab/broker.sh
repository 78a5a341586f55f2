# shellcheck shell=bash
# RabbitMQ from Debian in namespaces of its own: epmd and the distribution port are reachable from nowhere else.

BROKER_USER=ms2m

# Another RabbitMQ than this Debian's: MS2M_LAB_BROKER=sid takes the one of the nodes' suite, from a cached root of its own;
# MS2M_LAB_BROKER_ROOT=DIR any root directory that has rabbitmq-server in it.
broker_root() {
  if [[ -n ${MS2M_LAB_BROKER_ROOT:-} ]]; then printf '%s' "$MS2M_LAB_BROKER_ROOT"
  elif [[ ${MS2M_LAB_BROKER:-} == sid ]]; then newer_broker_root
  fi
}

# RabbitMQ 4 of the nodes' suite, for `lab up --broker sid` and for the broker contract suite (test/support/private_broker).
newer_broker_root() { printf '%s/broker-%s' "$CACHE" "$(root_stamp)"; }

make_broker_root() {
  local root
  root=$(broker_root)
  [[ -n $root && ! -d $root ]] || return 0
  [[ -z ${MS2M_LAB_BROKER_ROOT:-} ]] || die "MS2M_LAB_BROKER_ROOT is no directory: $root"
  make_newer_broker_root
}

# In a directory and under a lock of its own: tests ask for it at any time, also beside `lab up` and `lab down`.
make_newer_broker_root() {
  local root start=$SECONDS part=$CACHE/making
  root=$(newer_broker_root)
  [[ ! -d $root ]] || return 0
  mkdir -p "$part"
  (
    flock 7
    [[ ! -d $root ]] || exit 0
    say "making a root file system with RabbitMQ 4 (once; kept in $CACHE)"
    debootstrap_into "$part/$(basename "$root")" "broker's root" rabbitmq-server iproute2
    mv -T "$part/$(basename "$root").part" "$root"
    say "root file system with RabbitMQ 4 made in $((SECONDS - start)) s: $(du -sm "$root" | cut -f1) MB"
  ) 7>>"$part/lock"
}

# The user's numbers may differ between this machine and the broker's root.
broker_owner() { awk -F: '$1 == "rabbitmq" { print $3 ":" $4 }' "$(broker_root)/etc/passwd"; }

make_broker_files() {
  local dir=$LAB/broker password
  mkdir -p "$dir"/{mnesia,log,tls}
  password=$(random_secret)
  (umask 077; printf '%s\n' "$password" >"$dir/password"
   printf 'amqp://%s:%s@%s:5672/%%2F\n' "$BROKER_USER" "$password" "$BROKER_IP" >"$dir/uri")
  cp "$LAB/pki/ca.crt" "$LAB/pki/broker.crt" "$LAB/pki/broker.key" "$dir/tls/"
  printf '[rabbitmq_management].\n' >"$dir/enabled_plugins"
  # The default user takes guest's place: there is no guest.
  (umask 077; cat >"$dir/rabbitmq.conf") <<END
listeners.tcp.1 = $BROKER_IP:5672
listeners.ssl.1 = $BROKER_IP:5671
ssl_options.cacertfile = $dir/tls/ca.crt
ssl_options.certfile = $dir/tls/broker.crt
ssl_options.keyfile = $dir/tls/broker.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
management.tcp.ip = $BROKER_IP
management.tcp.port = 15672
default_user = $BROKER_USER
default_pass = $password
default_user_tags.administrator = true
default_permissions.configure = .*
default_permissions.read = .*
default_permissions.write = .*
log.file = $dir/log/rabbitmq.log
log.file.level = info
# The host's free memory and disk are not the lab's business.
vm_memory_high_watermark.absolute = 2GB
disk_free_limit.absolute = 50MB
END
  printf '127.0.0.1 localhost broker\n%s broker\n' "$BROKER_IP" >"$dir/hosts"
  chown -R "$(broker_owner)" "$dir"
}

start_broker() {
  spawn broker unshare --mount --propagation private --pid --fork --kill-child=KILL --mount-proc --net --uts --ipc \
    -- "$SOURCE_DIR/scripts/lib/lab/broker_enter" "$LAB/broker" "$(broker_root)"
  adopt_child broker
  wait_for broker "network namespace" has_own_net broker
  plug broker "$BROKER_IP"
}

broker_answers() {
  curl -sf --max-time 10 -K <(broker_curl_config) -o /dev/null "http://$BROKER_IP:15672/api/overview" &&
    (exec 3<>"/dev/tcp/$BROKER_IP/5672") 2>/dev/null && (exec 3<>"/dev/tcp/$BROKER_IP/5671") 2>/dev/null
}

# User and password for curl, by a file: an argument can be read by everybody.
broker_curl_config() { printf 'user = "%s:%s"\n' "$BROKER_USER" "$(cat "$LAB/broker/password")"; }

# broker_get PATH: the management API's answer.
broker_get() { curl -sf --max-time 30 -K <(broker_curl_config) "http://$BROKER_IP:15672/api/$1"; }
