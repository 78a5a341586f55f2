// nodes/NODE/proxy/…, pods/POD/log and pods/POD/proxy/…: the API server as a client of the kubelets, and of pods.
#pragma once

#include "call.hpp"
#include "store.hpp"

namespace ms2m::lab {

class KubeletProxy {
 public:
  // The certificate that the kubelets know the API server by. Their own certificates are not verified, as in a kubeadm
  // cluster without --kubelet-certificate-authority.
  KubeletProxy(const Store& store, std::string client_cert, std::string client_key)
      : store_(store), cert_(std::move(client_cert)), key_(std::move(client_key)) {}

  // Status, content type and body of the kubelet pass unchanged. 404 Status when there is no such node, 503 Status when
  // its kubelet cannot be reached. Gives up (and closes the connection to the kubelet) when the client goes away.
  Answer node(const Call& call) const;
  Answer pod_log(const Call& call) const;
  // What listens in a pod: "https:NAME:PORT", "NAME:PORT" or "NAME". Its certificate is not verified. All headers pass
  // but those of a connection and Authorization, which the API server keeps for itself.
  Answer pod(const Call& call) const;

 private:
  struct Target {
    std::string host;
    int port;
    bool tls = true;
    bool kubelet = true;  // knows the API server by its certificate, and is given few headers
  };
  Target find_node(const std::string& name, const std::string& port) const;
  Answer forward(const Call& call, const Target& target, const std::string& path) const;

  const Store& store_;
  std::string cert_;
  std::string key_;
};

}  // namespace ms2m::lab
