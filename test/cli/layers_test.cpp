// The rooms of the source, and the one direction of their #include lines:
//   main -> cli -> engine -> strategy -> steps -> ports (include/ms2m) <- adapters -> wrap/X, the only user of its C
//   library.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/temp_dir.hpp"
#include "support/catch.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = MS2M_SOURCE_DIR;

/// What each room may see beside itself, the C++ library and include/ms2m. A room may lie in another one's folder.
const std::map<std::string, std::set<std::string>> kMaySee{
    {"base", {}},
    {"wrap/posix", {}},
    {"wrap/curl", {"wrap/posix"}},
    {"wrap/amqp", {"wrap/posix"}},
    {"wrap/pcre", {}},
    {"wrap/tls", {"wrap/posix"}},
    {"wrap/zstd", {}},
    {"kube", {"base", "node/protocol", "wrap/curl", "wrap/posix"}},
    {"broker", {"base", "wrap/amqp", "wrap/curl", "wrap/pcre", "wrap/posix"}},
    {"node/protocol", {}},
    {"node/runtime", {"base", "node/protocol", "wrap/posix"}},
    {"node/restore", {"node/protocol", "wrap/posix"}},
    {"node/setup", {"node/protocol", "node/runtime", "wrap/posix"}},
    {"node/tar", {}},
    {"node/criu", {"node/tar", "wrap/posix"}},
    {"node/dump", {"node/runtime", "node/tar", "wrap/posix"}},
    {"node/program",
     {"base", "node/protocol", "node/runtime", "node/restore", "node/setup", "node/tar", "node/criu", "node/dump",
      "wrap/posix", "wrap/tls", "wrap/zstd"}},
    {"node/handler", {"node/protocol", "node/restore", "node/runtime", "node/tar", "node/program", "wrap/posix"}},
    {"node/session", {"node/protocol", "wrap/posix"}},
    {"carry", {"base", "node/protocol", "node/runtime", "node/session", "wrap/posix"}},
    {"agent", {"node/protocol", "wrap/posix", "wrap/tls"}},
    {"report", {}},
    {"live", {"base", "report", "wrap/posix"}},
    {"hook", {"base", "report", "wrap/posix"}},
    {"kube/objects", {"base"}},
    {"journal", {"base", "wrap/posix"}},
    {"handover", {"base", "kube/objects"}},
    {"plan", {"base", "kube/objects", "journal", "handover"}},
    {"preflight", {"base", "kube/objects", "handover", "plan"}},
    {"undo", {"base", "kube/objects", "journal", "handover"}},
    {"steps", {"base", "kube/objects", "journal", "handover", "plan", "preflight", "undo"}},
    {"strategy", {"base", "kube/objects", "journal", "handover", "plan", "undo", "steps"}},
    {"engine", {"base", "kube/objects", "journal", "handover", "plan", "preflight", "undo", "steps", "strategy"}},
    {"cli", {"base", "kube/objects", "report"}},
};

// wiring alone names adapters.
const std::set<std::string> kWiringSees{"kube", "broker", "node/session", "carry", "agent", "live", "hook", "engine"};

// A C library's headers, and the rooms that may include them; libssl serves the AMQP socket, the nodes' connections and
// the agent, libcrypto hashes, and makes the agent's keys.
const std::vector<std::pair<std::regex, std::set<std::string>>> kLibraries{
    {std::regex(R"(curl/.*)"), {"wrap/curl"}},
    {std::regex(R"((amqp|rabbitmq-c/).*)"), {"wrap/amqp"}},
    {std::regex(R"(pcre2.*\.h)"), {"wrap/pcre"}},
    {std::regex(R"(httplib\.h)"), {"agent"}},
    {std::regex(R"(regex)"), {}},  // what comes from outside overflows its stack
    {std::regex(R"(openssl/(ssl|err|x509.*)\.h)"), {"wrap/amqp", "wrap/tls", "agent"}},
    {std::regex(R"(openssl/(evp|sha|pem|rand|crypto)\.h)"), {"wrap/posix", "wrap/tls", "agent"}},
    {std::regex(R"(zstd.*\.h)"), {"wrap/zstd"}},
    {std::regex(R"((archive|archive_entry|zlib|libssh.*)\.h)"), {}},
};

/// Fields of Kubernetes' objects. Who else needs one asks kube/objects for a value.
const std::set<std::string> kFields = [] {
  std::istringstream words(R"(metadata spec status labels annotations nodeName uid ownerReferences generation
    observedGeneration deletionTimestamp managedFields conditions replicas template containers initContainers
    ephemeralContainers containerStatuses initContainerStatuses containerID imageID restartCount podIP podIPs
    volumeMounts hostNetwork valueFrom fieldRef labelSelector holderIdentity nodeInfo taints tolerations livenessProbe
    terminationGracePeriodSeconds)");
  return std::set<std::string>{std::istream_iterator<std::string>(words), {}};
}();

/// Where such a word is another one's: below a folder all of them, or in a file these.
const std::map<std::string, std::set<std::string>> kOtherWords{
    {"src/node/", kFields},  // no object of Kubernetes comes to a node: OCI, CRI-O, tar and what is sent there
    {"src/journal/operation_fields.hpp", {"uid", "replicas", "labels"}},  // what the journal records
    {"src/preflight/pod.cpp", {"containers"}},                            // the name of a check
    {"src/cli/status.cpp", {"status"}},                                   // the command's name
    {"src/report/status_report.cpp", {"status"}},                         // and that of what it prints
};

bool is_other_word(const std::string& file, const std::string& word) {
  return std::any_of(kOtherWords.begin(), kOtherWords.end(),
                     [&](const auto& where) { return file.starts_with(where.first) && where.second.count(word) != 0; });
}

struct Include {
  std::string file;    // relative to the root
  std::string target;  // as written
  bool quoted;
};

std::vector<Include> includes_below(const fs::path& root, const std::string& folder) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*(["<])([^">]+)[">].*)");
  std::vector<Include> found;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    const auto extension = entry.path().extension();
    if (extension != ".cpp" && extension != ".hpp") continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);)
      if (std::smatch match; std::regex_match(line, match, kInclude))
        found.push_back({fs::relative(entry.path(), root).string(), match[2], match[1] == "\""});
  }
  return found;
}

/// The innermost room of "src/kube/objects/x.cpp" or "kube/objects/x.hpp"; empty: none.
std::string room_of(const std::string& file) {
  fs::path path = file;
  for (path = path.parent_path(); !path.empty(); path = path.parent_path()) {
    std::string name = path.string();
    if (name.starts_with("src/")) name.erase(0, 4);
    if (kMaySee.count(name) != 0) return name;
  }
  return "";
}

bool is_wiring(const std::string& file) { return file.starts_with("src/cli/wiring"); }

/// "x.cpp includes y.hpp" for every line that goes in another direction than kMaySee allows.
std::vector<std::string> wrong_directions(const fs::path& root) {
  std::vector<std::string> wrong;
  for (const Include& include : includes_below(root, "src")) {
    if (!include.quoted || include.target.starts_with("ms2m/")) continue;
    const std::string from = room_of(include.file), to = room_of(include.target);
    const bool allowed = !from.empty() && (from == to || kMaySee.at(from).count(to) != 0 ||
                                           (is_wiring(include.file) && kWiringSees.count(to) != 0));
    if (!allowed) wrong.push_back(include.file + " includes " + include.target);
  }
  return wrong;
}

/// "x.cpp names nodeName" for every text in quotes outside src/kube that is such a field, or a path to one ("/spec/x").
std::vector<std::string> named_fields(const fs::path& root) {
  static const std::regex kText(R"re("(/(metadata|spec|status)/[A-Za-z/]+|[A-Za-z]+)")re");
  std::vector<std::string> named;
  for (const auto& entry : fs::recursive_directory_iterator(root / "src")) {
    const std::string file = fs::relative(entry.path(), root).string();
    if (!entry.is_regular_file() || file.starts_with("src/kube/")) continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      line.resize(std::min(line.find("//"), line.size()));
      for (std::sregex_iterator text(line.begin(), line.end(), kText), end; text != end; ++text) {
        const std::string word = (*text)[1];
        if (word[0] != '/' && kFields.count(word) == 0) continue;
        if (!is_other_word(file, word)) named.push_back(file + " names " + word);
      }
    }
  }
  return named;
}

/// x of x.hpp, x.cpp and x_impl.hpp, which is the private half of x.hpp.
std::string component_of(const std::string& file) {
  const std::string name = file.substr(0, file.rfind('.'));
  return name.ends_with("_impl") ? name.substr(0, name.size() - 5) : name;
}

/// Files of which each includes the next, the last one the first: "a -> b -> a".
class Circles {
 public:
  explicit Circles(const fs::path& root) {
    for (const Include& include : includes_below(root, "src")) {
      if (!include.quoted || include.target.starts_with("ms2m/")) continue;
      const std::string from = component_of(include.file.substr(4)), to = component_of(include.target);
      if (from != to) edges_[from].insert(to);
    }
    for (const auto& [from, to] : edges_) visit(from);
  }
  const std::vector<std::string>& found() const { return found_; }

 private:
  void visit(const std::string& file) {
    if (done_.count(file) != 0) return;
    if (const auto at = std::find(path_.begin(), path_.end(), file); at != path_.end()) {
      std::string circle;
      for (auto each = at; each != path_.end(); ++each) circle += *each + " -> ";
      found_.push_back(circle + file);
      return;
    }
    path_.push_back(file);
    for (const std::string& next : edges_[file]) visit(next);
    path_.pop_back();
    done_.insert(file);
  }

  std::map<std::string, std::set<std::string>> edges_;
  std::vector<std::string> path_, found_;
  std::set<std::string> done_;
};

std::string lines(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& each : all) text += each + "\n";
  return text;
}

/// A copy of the sources, with a line more in one of them.
class Copy {
 public:
  Copy(const std::string& file, const std::string& line) {
    fs::copy(kRoot / "src", dir_.path() / "src", fs::copy_options::recursive);
    std::ofstream(dir_.path() / file, std::ios::app) << line << "\n";
  }
  const fs::path& root() const { return dir_.path(); }

 private:
  ms2m::test::TempDir dir_;
};

}  // namespace

TEST_CASE("rooms see each other in one direction only") {
  for (const auto& [room, others] : kMaySee) {
    std::string seen;
    for (const std::string& other : others) seen += " " + other;
    std::cout << "  " << room << " ->" << (seen.empty() ? " (nothing)" : seen) << "\n";
    CHECK(fs::is_directory(kRoot / "src" / room));
  }
  CHECK(lines(wrong_directions(kRoot)) == "");
}

TEST_CASE("no circle of files, within a room either") { CHECK(lines(Circles(kRoot).found()) == ""); }

TEST_CASE("a wrong include is seen") {
  const Copy copy("src/handover/arrival.cpp", "#include \"engine/lease.hpp\"");
  CHECK(lines(wrong_directions(copy.root())) == "src/handover/arrival.cpp includes engine/lease.hpp\n");
}

TEST_CASE("an include of a room that nobody knows is seen") {
  const Copy copy("src/cli/check.cpp", "#include \"elsewhere/x.hpp\"");
  CHECK(lines(wrong_directions(copy.root())) == "src/cli/check.cpp includes elsewhere/x.hpp\n");
}

TEST_CASE("Kubernetes' JSON ends in kube/") { CHECK(lines(named_fields(kRoot)) == ""); }

TEST_CASE("a field of Kubernetes' JSON elsewhere is seen") {
  const std::string file = "src/handover/arrival.cpp";
  const auto seen = [&](const char* line) { return lines(named_fields(Copy(file, line).root())); };
  CHECK(seen(R"(auto node = pod.at("spec").value("nodeName", "");)") ==
        file + " names spec\n" + file + " names nodeName\n");
  CHECK(seen(R"(auto node = pod["status"];)") == file + " names status\n");
  CHECK(seen(R"(auto node = pod.value("/status/a/b"_json_pointer, "");)") == file + " names /status/a/b\n");
  CHECK(seen(R"(// pod.at("spec"))").empty());
}

TEST_CASE("a circle within a room is seen") {
  const Copy copy("src/handover/queue_names.hpp", "#include \"handover/relay_drain.hpp\"");
  CHECK(lines(Circles(copy.root()).found()) ==
        "handover/queue_names -> handover/relay_drain -> handover/queue_names\n");
}

TEST_CASE("a C library has one user") {
  for (const auto& include : includes_below(kRoot, "src"))
    for (const auto& [header, owners] : kLibraries) {
      if (include.quoted || !std::regex_match(include.target, header)) continue;
      INFO(include.file << " includes " << include.target << ", which belongs to others");
      CHECK(owners.count(room_of(include.file)) == 1);
    }
}

TEST_CASE("the public headers are contracts: the C++ library, JSON, and each other") {
  for (const auto& include : includes_below(kRoot, "include")) {
    INFO(include.file << " includes " << include.target);
    if (include.quoted)
      CHECK(include.target.starts_with("ms2m/"));
    else
      CHECK((include.target.find('.') == std::string::npos || include.target == "nlohmann/json.hpp"));
  }
}

TEST_CASE("files stay small") {
  std::size_t all = 0, large = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "src")) {
    if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
    std::ifstream in(entry.path());
    const auto count = std::count(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>(), '\n');
    INFO(entry.path());
    CHECK(count <= 350);
    ++all;
    large += count > 250;
  }
  std::cout << "  " << all << " files, " << large << " of more than 250 lines\n";
  CHECK(large * 10 <= all);
}

TEST_CASE("what a remote shell is given stands in one file") {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "src")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (text.find("sh -c") != std::string::npos) files.insert(fs::relative(entry.path(), kRoot).string());
  }
  CHECK(files == std::set<std::string>{"src/node/session/push.cpp"});
}
