#include "plan/node_tools.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr const char* kCrunConf = "/etc/criu/crun.conf";
constexpr const char* kRuncConf = "/etc/criu/runc.conf";

// $1: ID of the container, or nothing. CRI-O's packages have their own crun beside the node's.
constexpr const char* kScript = R"sh(PATH=/usr/libexec/crio:$PATH:/usr/local/sbin:/usr/sbin:/sbin
tool() { command -v "$1" >/dev/null && "$1" --version 2>/dev/null | sed "s/^/$1 /"; }
settings() { sed -n "s/^[[:space:]]*\($2\)[[:space:]]*=[[:space:]]*\(.*\)$/$1 \1 \2/p"; }
echo tools
tool criu
tool crun
tool runc
for f in /etc/criu/crun.conf /etc/criu/runc.conf; do
  [ -r "$f" ] || continue
  echo "options $f"
  sed -e 's/#.*//' -e '/^[[:space:]]*$/d' -e 's/^/option /' "$f"
done
conf=
if command -v crio >/dev/null; then conf=$(timeout 5 crio status config 2>/dev/null) || conf=; fi
[ -n "$conf" ] || conf=$(cat /etc/crio/crio.conf /etc/crio/crio.conf.d/* 2>/dev/null)
if [ -n "$conf" ]; then
  echo 'crio-configured'
  printf '%s\n' "$conf" | settings crio 'enable_criu_support\|container_level_enabled\|default_runtime\|signature_policy'
fi
! grep -qsa container_level_enabled "$(command -v crio)" || echo crio-levels
conf=
if command -v containerd >/dev/null; then conf=$(timeout 5 containerd config dump 2>/dev/null) || conf=; fi
[ -n "$conf" ] || conf=$(cat /etc/containerd/config.toml 2>/dev/null)
if [ -n "$conf" ]; then
  echo 'containerd-configured'
  printf '%s\n' "$conf" | settings containerd 'enable_criu\|enable_experimental_restore_via_create'
fi
[ -n "$1" ] || exit 0
for f in $(grep -lsa -e "$1" /proc/[0-9]*/cmdline); do
  { tr '\0' '\n' <"$f" | sed -n '1{/conmon$/!q;};/^\(-r\|--runtime\)$/{n;s/^/monitor /p;q;}'; } 2>/dev/null
done
exit 0)sh";

std::string unquoted(std::string value) {
  value.resize(std::min(value.find(" #"), value.size()));
  std::erase_if(value, [](char c) { return c == '"' || c == '\'' || c == ' ' || c == '\t' || c == '\r'; });
  return value;
}

std::optional<bool> truth(const std::string& value) {
  if (value == "true") return true;
  if (value == "false") return false;
  return std::nullopt;
}

/// What follows "version" in a tool's first line ("Version: 4.2.1", "crun version 1.28").
std::string version_in(const std::string& line) {
  std::istringstream words(line);
  for (std::string word; words >> word;)
    if (word == "version" || word == "Version:") {
      words >> word;
      return word;
    }
  return "";
}

class Reader {
 public:
  explicit Reader(NodeTools& tools) : tools_(tools) {}

  void line(const std::string& text) {
    const auto space = text.find(' ');
    const std::string what = text.substr(0, space);
    const std::string rest = space == std::string::npos ? "" : text.substr(space + 1);
    if (what == "tools") tools_.asked = true;
    if (what == "criu" || what == "crun" || what == "runc") tool(what, rest);
    if (what == "options") tools_.criu_options[file_ = rest];
    if (what == "option" && !file_.empty()) option(rest);
    if (what == "crio-configured") tools_.crio_configured = true;
    if (what == "crio-levels") tools_.crio_knows_levels = true;
    if (what == "crio") crio(rest);
    if (what == "containerd-configured") tools_.containerd_configured = true;
    if (what == "containerd") containerd(rest);
    if (what == "monitor") monitor_ = rest;
  }

  void conclude() {
    for (const std::string& path : {monitor_, default_}) {
      const std::string name = path.substr(path.rfind('/') + 1);
      if (tools_.oci.empty() && (name == "crun" || name == "runc")) tools_.oci = name;
    }
    if (tools_.oci.empty() && tools_.crun.empty() != tools_.runc.empty())
      tools_.oci = tools_.crun.empty() ? "runc" : "crun";
    // What each of them takes when nobody says otherwise.
    if (tools_.oci.empty() && !tools_.crun.empty() && tools_.crio_configured) tools_.oci = "crun";
    if (tools_.oci.empty() && !tools_.runc.empty() && tools_.containerd_configured) tools_.oci = "runc";
  }

 private:
  void tool(const std::string& name, const std::string& rest) {
    std::string& version = name == "criu" ? tools_.criu : name == "crun" ? tools_.crun : tools_.runc;
    if (version.empty()) version = version_in(rest);
    // The line of crun's features: "+SYSTEMD +SELINUX +CRIU +YAJL".
    if (name == "crun" && rest.starts_with("+")) tools_.crun_without_criu = rest.find("+CRIU") == std::string::npos;
  }
  void option(std::string text) {
    std::replace(text.begin(), text.end(), '=', ' ');
    std::istringstream words(text);
    std::string name, value;
    words >> name >> value;
    name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
    tools_.criu_options[file_][name] = unquoted(value);
  }
  void crio(const std::string& rest) {
    const std::string name = rest.substr(0, rest.find(' ')), value = unquoted(rest.substr(name.size()));
    if (name == "enable_criu_support") tools_.crio_criu_support = truth(value);
    if (name == "container_level_enabled") tools_.crio_level = value;
    if (name == "signature_policy") tools_.crio_signature_policy = value;
    if (name == "default_runtime") default_ = value;
  }
  void containerd(const std::string& rest) {
    const std::string name = rest.substr(0, rest.find(' '));
    const auto value = truth(unquoted(rest.substr(name.size())));
    (name == "enable_criu" ? tools_.containerd_criu : tools_.containerd_restores) = value;
  }

  NodeTools& tools_;
  std::string file_, monitor_, default_;
};

}  // namespace

std::vector<int> version_numbers(const std::string& text) {
  std::vector<int> numbers;
  std::size_t at = text.starts_with("v") ? 1 : 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    char* end = nullptr;
    numbers.push_back(static_cast<int>(std::strtol(text.c_str() + at, &end, 10)));
    at = static_cast<std::size_t>(end - text.c_str());
    if (at >= text.size() || text[at] != '.') break;
    ++at;
  }
  return numbers;
}

NodeTools look_at_tools(NodeShell& shell, const std::string& node, const std::string& container_id,
                        const StopToken& stop) {
  NodeTools tools;
  try {
    const auto result = shell.run(node, {"sh", "-c", kScript, "sh", bare_container_id(container_id)}, "", stop);
    std::istringstream lines(result.out);
    Reader reader(tools);
    for (std::string line; std::getline(lines, line);) reader.line(line);
    reader.conclude();
  } catch (const Error&) {
    // Whoever needs the node will say so.
  }
  return tools;
}

std::string criu_config_file(const NodeTools& tools) {
  return tools.oci == "runc" || (tools.criu_options.count(kCrunConf) == 0 && tools.criu_options.count(kRuncConf) > 0)
             ? kRuncConf
             : kCrunConf;
}

std::map<std::string, std::string> criu_options(const NodeTools& tools) {
  const auto found = tools.criu_options.find(criu_config_file(tools));
  return found == tools.criu_options.end() ? std::map<std::string, std::string>{} : found->second;
}

Bytes ghost_limit(const NodeTools& tools) {
  const auto options = criu_options(tools);
  const auto found = options.find("ghost-limit");
  if (found == options.end()) return {1 << 20};
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(found->second.c_str(), &end, 10);
  switch (*end) {
    case 'K':
    case 'k':
      return {number << 10};
    case 'M':
    case 'm':
      return {number << 20};
    case 'G':
    case 'g':
      return {number << 30};
    default:
      return {number};
  }
}

}  // namespace ms2m
