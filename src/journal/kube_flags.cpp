#include "journal/kube_flags.hpp"

#include <array>
#include <utility>

namespace ms2m {
namespace {

constexpr std::array<std::pair<const char*, std::string KubeFlags::*>, 6> kTexts{
    {{"cluster", &KubeFlags::cluster},
     {"user", &KubeFlags::user},
     {"server", &KubeFlags::server},
     {"token_file", &KubeFlags::token_file},
     {"as", &KubeFlags::as},
     {"as_uid", &KubeFlags::as_uid}}};
constexpr const char* kGroups = "as_groups";

}  // namespace

Json to_json(const KubeFlags& flags) {
  Json json = Json::object();
  for (const auto& [name, field] : kTexts)
    if (!(flags.*field).empty()) json[name] = flags.*field;
  if (!flags.as_groups.empty()) json[kGroups] = flags.as_groups;
  return json;
}

KubeFlags kube_flags_in(const Json& begin) {
  KubeFlags flags;
  const auto json = begin.find("kube");
  if (json == begin.end() || !json->is_object()) return flags;
  for (const auto& [name, field] : kTexts) flags.*field = json->value(name, "");
  flags.as_groups = json->value(kGroups, std::vector<std::string>());
  return flags;
}

}  // namespace ms2m
