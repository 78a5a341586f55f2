// The command line.
#pragma once

#include <string>

namespace ms2m::lab {

struct Options {
  std::string host;
  int port = 0;
  std::string tls_cert;
  std::string tls_key;
  std::string client_ca;
  std::string tokens;
  std::string manifests;
  std::string kubelet_client_cert;
  std::string kubelet_client_key;
  bool faults = false;
  bool controllers = true;
  bool exit_with_parent = false;  // for tests: no server outlives the one that started it
};

// Throws std::runtime_error that says what is wrong.
Options parse_options(int argc, char** argv);

}  // namespace ms2m::lab
