#!/bin/sh
# make_pki.sh DIR: a certificate authority, the server's certificate and those of its clients.
set -eu
cd "$1"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=lab-test 2>/dev/null
printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' > san
while read -r name subject; do
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -out "$name.csr" -subj "$subject" 2>/dev/null
  openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile san -out "$name.crt" 2>/dev/null
done <<'END'
apiserver /CN=kube-apiserver
admin /O=system:masters/CN=kubernetes-admin
nobody /CN=rig-nobody
kubelet-client /CN=kube-apiserver-kubelet-client
worker-1 /O=system:nodes/CN=system:node:worker-1
END
