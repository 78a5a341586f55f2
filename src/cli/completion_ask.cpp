// The names that only the cluster, the kubeconfig or the journals know.
#include "cli/command_line.hpp"
#include "cli/completion.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

std::string given(const Candidates& at, const char* option) {
  const auto found = at.given.find(option);
  return found == at.given.end() ? "" : found->second;
}

KubeOptions kube_options(const Candidates& at) {
  KubeOptions options;
  options.kubeconfig = given(at, "kubeconfig");
  options.context = given(at, "context");
  options.ns = given(at, "namespace");
  options.flags.cluster = given(at, "cluster");
  options.flags.user = given(at, "user");
  options.flags.server = given(at, "server");
  options.flags.token_file = given(at, "token-file");
  options.flags.as = given(at, "as");
  return options;
}

std::vector<Candidate> objects(Kind kind, const Candidates& at, Backend& backend, const StopToken& stop) {
  const auto cluster = backend.cluster(kube_options(at), stop);
  const std::string ns = given(at, "namespace").empty() ? cluster->default_namespace() : given(at, "namespace");
  std::vector<Candidate> found;
  for (const auto& object : cluster->list(kind, kind == Kind::pod ? ns : "", "", "", stop))
    found.push_back({name_of(object), pod_node(object)});
  return found;
}

/// pod/NAME, in the way in which the user began to write it.
std::vector<Candidate> pods(const Candidates& at, Backend& backend, const StopToken& stop) {
  const auto slash = at.value.find('/');
  std::string kind = slash == std::string::npos ? "" : at.value.substr(0, slash + 1);
  if (slash == std::string::npos && std::string("pod/").starts_with(at.value)) kind = "pod/";
  auto found = objects(Kind::pod, at, backend, stop);
  for (auto& pod : found) pod.word.insert(0, kind);
  return found;
}

std::vector<Candidate> migrations(const Backend& backend) {
  std::vector<Candidate> found;
  for (const auto& journal : backend.journals())
    found.push_back({journal.id, journal.error.empty() ? journal.ns + "/" + journal.source_pod + " to " +
                                                             journal.target_node + ", " + journal.state
                                                       : journal.state});
  return found;
}

std::vector<Candidate> plain(const std::vector<std::string>& words) {
  std::vector<Candidate> found;
  for (const auto& word : words) found.push_back({word, ""});
  return found;
}

std::vector<Candidate> answers(const Candidates& at, Backend& backend, const StopToken& stop) {
  switch (at.ask) {
    case Ask::pods:
      return pods(at, backend, stop);
    case Ask::nodes:
      return objects(Kind::node, at, backend, stop);
    case Ask::namespaces:
      return plain(backend.namespaces(kube_options(at), stop));
    case Ask::contexts:
      return plain(backend.contexts(given(at, "kubeconfig")));
    case Ask::migrations:
      return migrations(backend);
    case Ask::files:
    case Ask::nothing:
      break;
  }
  return {};
}

/// A line of a shell's list: what an object or a journal says must not begin another one.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

}  // namespace

std::string completion_lines(const std::vector<std::string>& words, Backend& backend, const StopToken& stop) {
  Candidates at = candidates_of(words);
  try {
    for (const auto& [word, description] : answers(at, backend, stop.within(kCompletionLimit)))
      if (word.starts_with(at.value)) at.words.push_back({at.before + word, description});
  } catch (const Error&) {
    at.words.clear();  // not to be reached, not allowed, too slow
  } catch (const Cancelled&) {
    at.words.clear();
  }
  std::string text;
  for (const auto& [word, description] : at.words)
    text += one_line(word) + (description.empty() ? "" : "\t" + one_line(description)) + "\n";
  return text + (at.ask == Ask::files ? ":0\n" : ":4\n");
}

}  // namespace ms2m::cli
