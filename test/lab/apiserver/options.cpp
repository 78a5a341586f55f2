#include "options.hpp"

#include <map>
#include <stdexcept>

namespace ms2m::lab {

Options parse_options(int argc, char** argv) {
  Options options;
  std::string listen;
  const std::map<std::string, std::string*> values{{"--listen", &listen},
                                                   {"--tls-cert", &options.tls_cert},
                                                   {"--tls-key", &options.tls_key},
                                                   {"--client-ca", &options.client_ca},
                                                   {"--tokens", &options.tokens},
                                                   {"--manifests", &options.manifests},
                                                   {"--kubelet-client-cert", &options.kubelet_client_cert},
                                                   {"--kubelet-client-key", &options.kubelet_client_key}};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--faults")
      options.faults = true;
    else if (argument == "--no-controllers")
      options.controllers = false;
    else if (argument == "--exit-with-parent")
      options.exit_with_parent = true;
    else if (!values.contains(argument))
      throw std::runtime_error("unknown option " + argument);
    else if (++i == argc)
      throw std::runtime_error(argument + " needs a value");
    else
      *values.at(argument) = argv[i];
  }
  for (const char* needed :
       {"--listen", "--tls-cert", "--tls-key", "--client-ca", "--kubelet-client-cert", "--kubelet-client-key"})
    if (values.at(needed)->empty()) throw std::runtime_error(std::string(needed) + " is missing");
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) throw std::runtime_error("--listen takes ADDRESS:PORT");
  options.host = listen.substr(0, colon);
  options.port = std::stoi(listen.substr(colon + 1));
  return options;
}

}  // namespace ms2m::lab
