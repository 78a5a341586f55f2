// One kubeconfig file, parsed, and the merge of several. Private to kube.
#pragma once
#include <yaml-cpp/yaml.h>

#include <map>
#include <string>

namespace ms2m {

/// A named cluster, user or context and the file it stands in (relative paths start at that file's directory).
struct KubeconfigEntry {
  YAML::Node value;
  std::string file;
};

struct KubeconfigFiles {
  std::string current_context;
  std::map<std::string, KubeconfigEntry> clusters, users, contexts;
  bool empty() const { return current_context.empty() && clusters.empty() && users.empty() && contexts.empty(); }
};

/// The scalar under `key`; "" for none and for what is no scalar.
std::string text_of(const YAML::Node& map, const char* key);
/// A path that stands in `file`. "" stays "".
std::string absolute(const std::string& path, const std::string& file);

/// Adds what `file` has and `into` has not. Error{usage} when it cannot be read or is no kubeconfig.
void merge_kubeconfig_file(const std::string& file, KubeconfigFiles& into);

}  // namespace ms2m
