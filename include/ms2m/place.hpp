// Where the operator stands.
#pragma once
#include <string>

namespace ms2m {

/// What a command (remedy.hpp) needs beside its own words to reach the same cluster and broker as ms2m did.
struct Place {
  std::string kubeconfig;  ///< a file, or a list as $KUBECONFIG has it; empty: the shell's own
  std::string context;     ///< empty: the kubeconfig's current one
  std::string vhost = "/";
};

}  // namespace ms2m
