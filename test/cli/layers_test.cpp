// The direction of the #include lines:
//   main -> cli -> migration -> ports (include/ms2m) <- adapters -> wrap/X, the only user of its C library.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace {

namespace fs = std::filesystem;

struct Include {
  std::string file;    // relative to the source directory
  std::string target;  // as written
  bool quoted;
};

const fs::path kRoot = MS2M_SOURCE_DIR;

std::vector<Include> includes_below(const std::string& folder) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*(["<])([^">]+)[">].*)");
  std::vector<Include> found;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
    const auto extension = entry.path().extension();
    if (extension != ".cpp" && extension != ".hpp") continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);)
      if (std::smatch match; std::regex_match(line, match, kInclude))
        found.push_back({fs::relative(entry.path(), kRoot).string(), match[2], match[1] == "\""});
  }
  return found;
}

bool begins(const std::string& text, const std::string& prefix) { return text.compare(0, prefix.size(), prefix) == 0; }

/// "wrap/curl" of "src/wrap/curl/x.cpp" and of "wrap/curl/x.hpp"; "kube" of "kube/x.hpp".
std::string layer_of(std::string path) {
  if (begins(path, "src/")) path.erase(0, 4);
  const auto first = path.find('/');
  if (path.substr(0, first) != "wrap") return path.substr(0, first);
  return path.substr(0, path.find('/', first + 1));
}

// What each layer may see beside itself, the C++ library and include/ms2m.
const std::map<std::string, std::set<std::string>> kMaySee{
    {"base", {}},
    {"wrap/posix", {}},
    {"wrap/curl", {"wrap/posix"}},
    {"wrap/amqp", {"wrap/posix"}},
    {"wrap/pcre", {}},
    {"kube", {"wrap/curl", "wrap/posix"}},
    {"broker", {"wrap/amqp", "wrap/curl", "wrap/pcre", "wrap/posix"}},
    {"node", {"wrap/posix"}},
    {"image", {"wrap/posix"}},
    {"report", {}},
    {"migration", {"wrap/posix"}},
    {"cli", {"report"}},
};

// wiring alone names adapters.
const std::set<std::string> kWiringSees{"kube", "broker", "node", "image", "migration"};

bool is_wiring(const std::string& file) { return begins(file, "src/cli/wiring"); }

// A C library's headers, and the one layer that may include them; libssl serves the AMQP socket, libcrypto hashes.
const std::vector<std::pair<std::regex, std::string>> kLibraries{
    {std::regex(R"(curl/.*)"), "wrap/curl"},
    {std::regex(R"((amqp|rabbitmq-c/).*)"), "wrap/amqp"},
    {std::regex(R"(pcre2.*\.h)"), "wrap/pcre"},
    {std::regex(R"(regex)"), "nobody"},  // what comes from outside overflows its stack
    {std::regex(R"(openssl/(ssl|err|x509.*)\.h)"), "wrap/amqp"},
    {std::regex(R"(openssl/(evp|sha)\.h)"), "wrap/posix"},
    {std::regex(R"((archive|archive_entry|zlib|zstd|libssh.*)\.h)"), "nobody"},
};

}  // namespace

TEST_CASE("every layer is known to this test") {
  for (const auto& include : includes_below("src")) {
    INFO(include.file);
    CHECK(kMaySee.count(layer_of(include.file)) == 1);
  }
}

TEST_CASE("layers see each other in one direction only") {
  for (const auto& include : includes_below("src")) {
    if (!include.quoted || begins(include.target, "ms2m/")) continue;
    const auto from = layer_of(include.file);
    const auto to = layer_of(include.target);
    const bool allowed =
        from == to || kMaySee.at(from).count(to) != 0 || (is_wiring(include.file) && kWiringSees.count(to) != 0);
    INFO(include.file << " includes " << include.target);
    CHECK(allowed);
  }
}

TEST_CASE("a C library has one user") {
  for (const auto& include : includes_below("src"))
    for (const auto& [header, owner] : kLibraries) {
      if (include.quoted || !std::regex_match(include.target, header)) continue;
      INFO(include.file << " includes " << include.target << ", which belongs to " << owner);
      CHECK(layer_of(include.file) == owner);
    }
}

TEST_CASE("the public headers are contracts: the C++ library, JSON, and each other") {
  for (const auto& include : includes_below("include")) {
    INFO(include.file << " includes " << include.target);
    if (include.quoted)
      CHECK(begins(include.target, "ms2m/"));
    else
      CHECK((include.target.find('.') == std::string::npos || include.target == "nlohmann/json.hpp"));
  }
}
