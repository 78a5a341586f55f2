// The way to the kubelets.
#pragma once
#include <string>

#include "ms2m/request.hpp"

namespace ms2m {

/// How the kubelet is asked for a checkpoint and for its metrics.
struct KubeletOptions {
  KubeletPath path = KubeletPath::proxy;
  // For direct only; the credentials are those of the API server.
  std::string ca_file;    ///< verify its serving certificate against this; empty: the cluster's CA
  bool insecure = false;  ///< do not verify it: kubelets without serverTLSBootstrap sign their own
};

}  // namespace ms2m
