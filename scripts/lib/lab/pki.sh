# shellcheck shell=bash
# Certificates, kubeconfigs, tokens and ssh keys. All of it is made anew at each `up` and lives below $LAB.

# issue NAME SUBJECT [SAN]: key and certificate signed by the lab's authority, good as server and client.
issue() {
  local name=$1 subject=$2 san=${3:-}
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 \
    -CA "$LAB/pki/ca.crt" -CAkey "$LAB/pki/ca.key" -subj "$subject" \
    -keyout "$LAB/pki/$name.key" -out "$LAB/pki/$name.crt" \
    -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth,clientAuth \
    ${san:+-addext "subjectAltName=$san"} 2>/dev/null
}

make_pki() {
  local node
  mkdir -p "$LAB/pki"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 -subj /CN=ms2m-lab-ca \
    -keyout "$LAB/pki/ca.key" -out "$LAB/pki/ca.crt" -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature 2>/dev/null
  issue apiserver /CN=kube-apiserver "IP:$OPERATOR_IP,IP:127.0.0.1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost"
  issue admin /O=kubeadm:cluster-admins/CN=kubernetes-admin
  issue nobody /CN=nobody
  issue kubelet-client /O=kubeadm:cluster-admins/CN=kube-apiserver-kubelet-client
  issue broker /CN=broker "IP:$BROKER_IP,DNS:broker,DNS:localhost"
  for node in "${ALL_NODES[@]}"; do
    issue "$node" "/O=system:nodes/CN=system:node:$node" "DNS:$node,IP:$(node_ip "$node")"
  done
  chmod 600 "$LAB"/pki/*.key
}

random_secret() { openssl rand -hex 16; }

# token_line TOKEN ACCOUNT: one line of kube's static token file for a service account of namespace default.
token_line() {
  printf '%s,system:serviceaccount:default:%s,%s,"system:serviceaccounts,system:serviceaccounts:default,system:authenticated"\n' \
    "$1" "$2" "$(cat /proc/sys/kernel/random/uuid)"
}

# write_kubeconfig FILE USER CREDENTIALS: the last are lines of YAML, indented by the caller.
write_kubeconfig() {
  (umask 077 && cat >"$1") <<END
apiVersion: v1
kind: Config
clusters:
- name: ms2m-lab
  cluster:
    server: $API_URL
    certificate-authority-data: $(base64 -w0 "$LAB/pki/ca.crt")
contexts:
- name: $2@ms2m-lab
  context: {cluster: ms2m-lab, user: $2, namespace: default}
current-context: $2@ms2m-lab
users:
- name: $2
  user:
$3
END
}

certificate_user() {
  printf '    client-certificate-data: %s\n    client-key-data: %s' \
    "$(base64 -w0 "$LAB/pki/$1.crt")" "$(base64 -w0 "$LAB/pki/$1.key")"
}

make_kubeconfigs() {
  local account token
  write_kubeconfig "$LAB/kubeconfig" kubernetes-admin "$(certificate_user admin)"
  write_kubeconfig "$LAB/kubeconfig-nobody" nobody "$(certificate_user nobody)"
  (umask 077 && : >"$LAB/tokens.csv")
  for account in operator operator-direct setup viewer; do
    token=$(random_secret)
    token_line "$token" "ms2m-$account" >>"$LAB/tokens.csv"
    write_kubeconfig "$LAB/kubeconfig-$account" "ms2m-$account" "    token: $token"
  done
}

make_ssh() {
  local node dir=$LAB/ssh
  mkdir -p "$dir"
  chmod 700 "$dir"
  ssh-keygen -q -t ed25519 -N '' -C ms2m-lab -f "$dir/id_ed25519"
  : >"$dir/known_hosts"
  : >"$dir/config"
  for node in "${ALL_NODES[@]}"; do
    ssh-keygen -q -t ed25519 -N '' -C "$node" -f "$LAB/nodes/$node/ssh_host_ed25519_key"
    printf '%s,%s %s\n' "$node" "$(node_ip "$node")" \
      "$(cut -d' ' -f1,2 "$LAB/nodes/$node/ssh_host_ed25519_key.pub")" >>"$dir/known_hosts"
    cat >>"$dir/config" <<END
Host $node $(node_ip "$node")
  HostName $(node_ip "$node")
  HostKeyAlias $node
  User root
  IdentityFile $dir/id_ed25519
  IdentitiesOnly yes
  UserKnownHostsFile $dir/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  LogLevel ERROR
END
  done
}

# What a user who came by sudo must be able to read: the files that the tool is pointed at, not the authority's key.
give_to_caller() {
  local owner=${SUDO_UID:-0}
  [[ $owner != 0 ]] || return 0
  chown -R "$owner:${SUDO_GID:-0}" "$LAB/ssh" "$LAB"/kubeconfig* "$LAB/broker/password" "$LAB/broker/uri" "$LAB/registry/auth.json"
}
