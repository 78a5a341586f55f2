#include "lab_api.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>

extern char** environ;

namespace ms2m::lab_test {

namespace {
// Runs to the end; throws when it fails.
void run_program(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  int status = 0;
  if (posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), environ) != 0 ||
      waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error("cannot run " + arguments[0]);
}

std::filesystem::path new_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ms2m-lab-api-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  return pattern;
}

const char* const kTokens =
    "viewer-token,system:serviceaccount:default:ms2m-viewer,1,\"system:serviceaccounts,system:serviceaccounts:"
    "default\"\n"
    "admin-token,system:serviceaccount:kube-system:ms2m-admin,2,\"system:serviceaccounts,system:serviceaccounts:kube-"
    "system\"\n";

void copy_headers(const httplib::Headers& from, Reply& reply) {
  for (const auto& [name, value] : from) reply.headers[name] = value;
}
}  // namespace

LabApi::LabApi(const std::vector<std::string>& options) : directory_(new_directory()) {
  const std::string source = std::string(MS2M_SOURCE_DIR) + "/test/lab/transcripts/";
  run_program({"sh", source + "make_pki.sh", directory_.string()});
  std::filesystem::create_directory(directory_ / "manifests");
  std::filesystem::copy_file(source + "rights.yaml", directory_ / "manifests/rights.yaml");
  std::ofstream(directory_ / "tokens.csv") << kTokens;
  start(options);
}

void LabApi::start(const std::vector<std::string>& options) {
  std::vector<std::string> arguments{MS2M_LAB_APISERVER,
                                     "--listen",
                                     "127.0.0.1:0",
                                     "--tls-cert",
                                     file("apiserver.crt"),
                                     "--tls-key",
                                     file("apiserver.key"),
                                     "--client-ca",
                                     file("ca.crt"),
                                     "--tokens",
                                     file("tokens.csv"),
                                     "--manifests",
                                     file("manifests"),
                                     "--kubelet-client-cert",
                                     file("kubelet-client.crt"),
                                     "--kubelet-client-key",
                                     file("kubelet-client.key"),
                                     "--exit-with-parent"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  const int failed = posix_spawn(&process_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  if (failed != 0) throw std::runtime_error("cannot start " + arguments[0]);
  std::string said;
  char letter = 0;
  while (said.find("ready\n") == std::string::npos && read(out[0], &letter, 1) == 1) said += letter;
  close(out[0]);
  const std::string marker = "listening on 127.0.0.1:";
  const auto where = said.find(marker);
  if (where == std::string::npos) throw std::runtime_error("the server did not start: " + said);
  port_ = std::stoi(said.substr(where + marker.size()));
}

LabApi::~LabApi() {
  if (process_ > 0) {
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::unique_ptr<httplib::SSLClient> LabApi::client_for(const std::string& client) const {
  auto http =
      client == "admin" || client == "nobody" || client == "worker-1"
          ? std::make_unique<httplib::SSLClient>("127.0.0.1", port_, file(client + ".crt"), file(client + ".key"))
          : std::make_unique<httplib::SSLClient>("127.0.0.1", port_);
  http->set_ca_cert_path(file("ca.crt").c_str());
  http->set_read_timeout(read_timeout_);
  http->set_tcp_nodelay(true);
  if (client == "viewer") http->set_bearer_token_auth("viewer-token");
  if (client == "ms2m-admin") http->set_bearer_token_auth("admin-token");
  if (client == "bad-token") http->set_bearer_token_auth("not-a-token");
  return http;
}

Reply LabApi::call(const std::string& client, const std::string& method, const std::string& target,
                   const std::string& body, const std::string& content_type, const httplib::Headers& more) {
  httplib::Request request;
  request.method = method;
  request.path = target;
  request.headers = more;
  request.headers.emplace("Accept", "application/json");
  if (!content_type.empty()) request.headers.emplace("Content-Type", content_type);
  request.body = body;
  const auto http = client_for(client);
  const httplib::Result result = http->send(request);
  Reply reply;
  if (!result) return reply;
  reply.status = result->status;
  reply.body = result->body;
  copy_headers(result->headers, reply);
  return reply;
}

Reply LabApi::admin(const std::string& method, const std::string& target, const Json& body,
                    const std::string& content_type) {
  return call("admin", method, target, body.is_null() ? "" : body.dump(), body.is_null() ? "" : content_type);
}

Reply LabApi::replay(const Transcript& transcript) {
  return call(transcript.client, transcript.method, transcript.target, transcript.body, transcript.content_type);
}

std::vector<Json> LabApi::watch(const std::string& target, const std::function<void()>& ready) {
  const auto http = client_for("admin");
  std::string text;
  httplib::Request request;
  request.method = "GET";
  request.path = target;
  request.response_handler = [&](const httplib::Response&) {
    if (ready) ready();
    return true;
  };
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    text.append(data, size);
    return true;
  };
  httplib::Response response;
  auto error = httplib::Error::Success;
  http->send(request, response, error);
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace ms2m::lab_test
