# shellcheck shell=bash
# Debian's docker-registry, for `--transfer registry`: with TLS by the lab's authority, a password, and deletion. Nodes know it
# as registry:5000.

REGISTRY_USER=ms2m

make_registry_files() {
  local dir=$LAB/registry password
  mkdir -p "$dir/storage"
  issue registry /CN=registry "IP:$OPERATOR_IP,DNS:registry"
  chmod 600 "$LAB/pki/registry.key"
  password=$(random_secret)
  # What docker-registry takes is bcrypt; nobody else on this machine needs a program for that.
  (umask 077
   printf '%s:%s\n' "$REGISTRY_USER" "$(python3 -W ignore -c 'import crypt, sys
print(crypt.crypt(sys.stdin.readline().strip(), crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' <<<"$password")" >"$dir/htpasswd"
   printf '{"auths":{"registry:%s":{"auth":"%s"}}}\n' "$REGISTRY_PORT" "$(printf '%s:%s' "$REGISTRY_USER" "$password" | base64 -w0)" >"$dir/auth.json")
  cat >"$dir/config.yml" <<END
version: 0.1
log: {level: info}
storage:
  filesystem: {rootdirectory: $dir/storage}
  delete: {enabled: true}
auth:
  htpasswd: {realm: ms2m-lab, path: $dir/htpasswd}
http:
  addr: $OPERATOR_IP:$REGISTRY_PORT
  secret: $(random_secret)
  tls: {certificate: $LAB/pki/registry.crt, key: $LAB/pki/registry.key}
END
  chmod 600 "$dir/config.yml"
}

start_registry() { spawn registry docker-registry serve "$LAB/registry/config.yml"; }

registry_answers() { [[ $(curl -s --max-time 10 --cacert "$LAB/pki/ca.crt" -o /dev/null -w '%{http_code}' "https://$OPERATOR_IP:$REGISTRY_PORT/v2/") == 401 ]]; }

# registry_command stop|start: what is in it stays.
registry_command() {
  case ${1:-} in
    stop)
      cgroup_kill registry
      cgroup_remove registry
      rm -f "$LAB/pids/registry"   # what is not reaped yet looks alive
      ;;
    start)
      if ! is_alive registry; then start_registry; fi
      wait_for registry "answer of the registry" registry_answers
      ;;
    *) die "usage: lab registry stop|start" ;;
  esac
}

# Tags, what is left of blobs, and uploads that have not come to their end.
list_registry() {
  local repositories=$LAB/registry/storage/docker/registry/v2/repositories
  [[ -d $repositories ]] || return 0
  (cd "$repositories" && find . \( -path '*/_manifests/tags/*/current/link' -o -path '*/_layers/sha256/*/link' -o -path '*/_uploads/*/data' \) -printf 'registry - %P\n')
}
