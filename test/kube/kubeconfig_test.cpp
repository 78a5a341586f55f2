// kubeconfig files: choice, merge, paths, and the sentence for each thing that can be wrong.
#include "kube/kubeconfig.hpp"

#include "base/base64.hpp"
#include "support.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

struct Files {
  posix::TempDir dir;
  std::map<std::string, std::string> env{{"HOME", dir.path().string()}};

  std::string write(const std::string& name, const std::string& text) {
    write_file(dir.path() / name, text);
    return (dir.path() / name).string();
  }
  KubeconfigSource source(const std::string& file = {}, const std::string& context = {}) const {
    KubeconfigSource source;
    source.file = file;
    source.context = context;
    source.env = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = env.find(name);
      return found == env.end() ? std::nullopt : std::optional(found->second);
    };
    source.service_account = (dir.path() / "sa").string();
    return source;
  }
};

constexpr const char* kSimple = R"(apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c1
  cluster: {server: "https://10.0.0.1:6443/", insecure-skip-tls-verify: true, proxy-url: "http://proxy:3128", tls-server-name: kube.test}
- name: c2
  cluster: {server: "https://10.0.0.2:6443"}
users:
- name: u1
  user: {token: first, as: boss, as-groups: [a, b], as-user-extra: {scope: [x]}}
- name: u2
  user: {username: joe, password: secret}
contexts:
- name: one
  context: {cluster: c1, user: u1, namespace: apps}
- name: two
  context: {cluster: c2, user: u2}
- name: no-such-cluster
  context: {cluster: c9, user: u1}
- name: no-such-user
  context: {cluster: c1, user: u9}
)";

}  // namespace

TEST_CASE("a context's cluster, user and namespace are taken together") {
  Files files;
  const std::string file = files.write("config", kSimple);
  const KubeAccess one = load_kube_access(files.source(file));
  CHECK(one.server == "https://10.0.0.1:6443");
  CHECK(one.tls.insecure);
  CHECK(one.tls.server_name == "kube.test");
  CHECK(one.proxy == "http://proxy:3128");
  CHECK(one.ns == "apps");
  CHECK(one.user == "u1");
  CHECK(one.token == "first");
  CHECK(one.as == "boss");
  CHECK(one.as_groups == std::vector<std::string>{"a", "b"});
  CHECK(one.as_extra == std::vector<std::pair<std::string, std::string>>{{"scope", "x"}});
  const KubeAccess two = load_kube_access(files.source(file, "two"));
  CHECK(two.server == "https://10.0.0.2:6443");
  CHECK(two.ns == "default");
  CHECK(two.username == "joe");
  CHECK(two.password == "secret");
  CHECK_FALSE(two.tls.insecure);
}

TEST_CASE("KUBECONFIG is a list: the first to name a thing wins, missing files are skipped") {
  Files files;
  const std::string first = files.write("a/config", R"(
clusters: [{name: c, cluster: {server: "https://first:1"}}]
users: [{name: u, user: {token: first}}]
)");
  const std::string second = files.write("b/config", R"(
current-context: x
clusters: [{name: c, cluster: {server: "https://second:2", tls-server-name: other}}]
users: [{name: u, user: {username: must-not-be-mixed-in}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
)");
  files.env["KUBECONFIG"] = first + ":/does/not/exist::" + second;
  const KubeAccess access = load_kube_access(files.source());
  CHECK(access.server == "https://first:1");
  CHECK(access.tls.server_name.empty());
  CHECK(access.token == "first");
  CHECK(access.username.empty());

  SECTION("--kubeconfig means only that file") {
    const Error e = error_of([&] { load_kube_access(files.source(first)); });
    CHECK(e.kind() == ErrorKind::usage);
    CHECK(contains(e.what(), "no current-context"));
    CHECK(contains(e.remedy(), "--context"));
  }
}

TEST_CASE("~/.kube/config is read when nothing else is given") {
  Files files;
  files.write(".kube/config", kSimple);
  CHECK(load_kube_access(files.source()).token == "first");
}

TEST_CASE("relative paths start at their own file's directory, data wins over files") {
  Files files;
  files.write("sub/ca.crt", "CA");
  files.write("sub/me.crt", "CERT");
  files.write("sub/me.key", "KEY");
  const std::string file = files.write("sub/config", R"(
current-context: x
clusters: [{name: c, cluster: {server: "https://h:1", certificate-authority: ca.crt}}]
users: [{name: u, user: {client-certificate: ./me.crt, client-key: ../sub/me.key, tokenFile: tok}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
)");
  const KubeAccess access = load_kube_access(files.source(file));
  const std::string sub = (files.dir.path() / "sub").string();
  CHECK(access.tls.ca.file == sub + "/ca.crt");
  CHECK(access.tls.certificate.file == sub + "/me.crt");
  CHECK(access.tls.key.file == sub + "/me.key");
  CHECK(access.token_file == sub + "/tok");

  const std::string data = files.write("data", R"(
current-context: x
clusters: [{name: c, cluster: {server: "https://h:1", certificate-authority: nowhere, certificate-authority-data: Q0E=}}]
users: [{name: u, user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
)");
  const KubeAccess inline_access = load_kube_access(files.source(data));
  CHECK(inline_access.tls.ca.data == "CA");
  CHECK(inline_access.tls.certificate.data == "CERT");
  CHECK(inline_access.tls.key.data == "KEY");
}

TEST_CASE("an exec plugin's fields") {
  Files files;
  const std::string file = files.write("config", R"(
current-context: x
clusters:
- name: c
  cluster:
    server: "https://h:1"
    extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: abc, n: 5, q: "5"}}]
users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./bin/login
      args: [get-token, --quiet]
      env: [{name: A, value: b}]
      installHint: get it at example.com
      provideClusterInfo: true
      interactiveMode: Never
contexts: [{name: x, context: {cluster: c, user: u}}]
)");
  const KubeAccess access = load_kube_access(files.source(file));
  REQUIRE(access.exec);
  CHECK(access.exec->command == (files.dir.path() / "bin/login").string());
  CHECK(access.exec->args == std::vector<std::string>{"get-token", "--quiet"});
  CHECK(access.exec->env == std::vector<std::pair<std::string, std::string>>{{"A", "b"}});
  CHECK(access.exec->install_hint == "get it at example.com");
  CHECK(access.exec->interactive == ExecPlugin::Interactive::never);
  CHECK(access.exec->cluster_config == Json({{"audience", "abc"}, {"n", 5}, {"q", "5"}}));
}

TEST_CASE("in-cluster: the pod's service account, when there is no kubeconfig") {
  Files files;
  files.env["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  files.env["KUBERNETES_SERVICE_PORT"] = "443";
  files.write("sa/token", "tok\n");
  files.write("sa/ca.crt", "CA");
  files.write("sa/namespace", "apps\n");
  const KubeAccess access = load_kube_access(files.source());
  CHECK(access.server == "https://[fd00::1]:443");
  CHECK(access.ns == "apps");
  CHECK(access.token.empty());
  CHECK(access.token_file == (files.dir.path() / "sa/token").string());
  CHECK(access.tls.ca.file == (files.dir.path() / "sa/ca.crt").string());
}

TEST_CASE("whatever is wrong names the file and the cure") {
  Files files;
  struct Case {
    std::string file, context, message, remedy;
  };
  const std::string simple = files.write("config", kSimple);
  const auto broken = [&](const std::string& name, const std::string& text) { return files.write(name, text); };
  const std::string user =
      "\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n"
      "clusters: [{name: c, cluster: {server: \"https://h:1\"}}]\nusers: [{name: u, user: ";
  const std::vector<Case> cases{
      {"/does/not/exist", "", "cannot read the kubeconfig /does/not/exist: No such file", "--kubeconfig"},
      {files.dir.path().string(), "", "cannot read the kubeconfig", "--kubeconfig"},
      {simple, "tree", "there is no context \"tree\" in the kubeconfig " + simple, "contexts there: no-such-cluster"},
      {simple, "no-such-cluster", "names the cluster \"c9\"", "name the cluster"},
      {simple, "no-such-user", "names the user \"u9\"", "add that user"},
      {broken("tabs", "clusters:\n- name: x\n\tcluster: {}\n"), "", "tabs is broken: line 3", "look at it: less "},
      {broken("list", "clusters: 5\n"), "", "\"clusters\" is not a list (line 1)", ""},
      {broken("word", "hello"), "", "it is not a map", ""},
      {broken("nameless", "users:\n- user: {}\n"), "", "no name (line 2)", ""},
      {broken("ca",
              "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
              "clusters: [{name: c, cluster: {server: h, certificate-authority: nope.crt}}]\n"),
       "", "nope.crt that the kubeconfig", "certificate-authority"},
      {broken("b64",
              "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
              "clusters: [{name: c, cluster: {server: h, certificate-authority-data: '!'}}]\n"),
       "", "certificate-authority-data is not base64", ""},
      {broken("half", user + "{client-certificate-data: QQ==}}]"), "", "client-certificate without client-key", ""},
      {broken("old", user + "{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}}]"), "",
       "v1alpha1\" is not supported", ""},
      {broken("mode", user + "{exec: {apiVersion: client.authentication.k8s.io/v1, command: x}}}]"), "",
       "interactiveMode must be", ""},
      {broken("legacy", user + "{auth-provider: {name: gcp}}}]"), "", "auth-provider", "exec plugin"},
  };
  for (const Case& c : cases) {
    const Error e = error_of([&] { load_kube_access(files.source(c.file, c.context)); });
    INFO(c.message << "\n" << e.what() << "\n" << e.remedy());
    CHECK(e.kind() == ErrorKind::usage);
    CHECK(contains(e.what(), c.message));
    CHECK(contains(e.remedy(), c.remedy));
  }
  const Error none = error_of([&] { load_kube_access(files.source()); });
  CHECK(none.kind() == ErrorKind::usage);
  CHECK(contains(none.what(), "no kubeconfig found (looked at " + files.dir.path().string() + "/.kube/config"));
}

TEST_CASE("base64 there and back") {
  for (const std::string text : {"", "a", "ab", "abc", "abcd", "\xff\x00\x10"})
    CHECK(base64_decode(base64_encode(text)) == text);
  CHECK(base64_decode("QU\nI") == "AB");
  CHECK_FALSE(base64_decode("A"));
  CHECK_FALSE(base64_decode("QQ==QQ=="));
  CHECK_FALSE(base64_decode("Q*=="));
}

// kubectl 1.32 gave these answers to the same files (kubectl config view --raw).
TEST_CASE("merge keys and keys that are there twice, as kubectl reads them", "[case-15]") {
  Files files;
  const KubeAccess merged =
      load_kube_access(files.source(std::string(MS2M_TEST_DATA) + "/cases/kubeconfig-merge.yaml"));
  CHECK(merged.server == "https://localhost:6443");
  CHECK(merged.tls.insecure);
  CHECK(merged.token == "t");

  const std::string head = "current-context: x\ncontexts: [{name: x, context: {cluster: x}}]\n";
  const std::string maps =
      "m1: &m1 {server: \"https://m1\"}\nm2: &m2 {server: \"https://m2\", insecure-skip-tls-verify: true}\n";
  int number = 0;
  const auto server = [&](const std::string& cluster) {
    return load_kube_access(files.source(files.write(
        "config" + std::to_string(++number), head + maps + "clusters: [{name: x, cluster: " + cluster + "}]\n")));
  };
  CHECK(server("{server: \"https://first\", server: \"https://second\"}").server == "https://second");
  CHECK(server("{<<: *m1, server: \"https://own\"}").server == "https://own");
  CHECK(server("{server: \"https://own\", <<: *m1}").server == "https://m1");
  CHECK(server("{server: \"https://a\", <<: *m1, server: \"https://b\"}").server == "https://b");
  CHECK(server("{<<: [*m1, *m2]}").server == "https://m1");
  CHECK(server("{<<: [*m1, *m2]}").tls.insecure);
  CHECK(server("{<<: *m1, <<: *m2}").server == "https://m2");
  CHECK(server("{<<: {<<: *m1, insecure-skip-tls-verify: true}}").server == "https://m1");
  CHECK_THROWS_AS(server("{\"<<\": *m1}"), Error);  // a quoted one is no merge key: no server

  const std::string clusters = "clusters: [{name: x, cluster: *m1}]\n";
  CHECK(load_kube_access(
            files.source(files.write("twice", head + maps + clusters + "clusters: [{name: x, cluster: *m2}]\n")))
            .server == "https://m2");
  CHECK(
      load_kube_access(files.source(files.write(
                           "item", head + "a: &a {name: x, cluster: {server: \"https://a\"}}\nclusters: [{<<: *a}]\n")))
          .server == "https://a");
  const auto refused = [&](const std::string& text) {
    return error_of([&] { load_kube_access(files.source(files.write("refused", head + maps + text))); });
  };
  CHECK(contains(refused("clusters: [{name: x, cluster: *m1}, {name: x, cluster: *m2}]\n").what(),
                 "two entries of the name x"));
  CHECK(contains(refused("clusters: [{name: x, cluster: {<<: abc}}]\n").what(), "line 5: a merge key needs a map"));
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) bomb += ", " + before;
    bomb += "]\n";
  }
  CHECK(contains(refused(bomb + clusters).what(), "too large"));
}

TEST_CASE("cluster, user and server that are given go over the context's, as kubectl's do") {
  Files files;
  KubeconfigSource source = files.source(files.write("config", kSimple));
  source.flags.cluster = "c2";
  CHECK(load_kube_access(source).server == "https://10.0.0.2:6443");
  CHECK_FALSE(load_kube_access(source).tls.insecure);
  CHECK(load_kube_access(source).token == "first");
  CHECK(load_kube_access(source).ns == "apps");
  source.flags.user = "u2";
  CHECK(load_kube_access(source).username == "joe");
  CHECK(load_kube_access(source).token.empty());
  source.flags = {};
  source.flags.server = "https://other:8443/";
  const KubeAccess access = load_kube_access(source);
  CHECK(access.server == "https://other:8443");
  CHECK(access.tls.server_name.empty());  // it was the other server's
  CHECK(access.tls.insecure);
  CHECK(access.proxy == "http://proxy:3128");
  CHECK(access.token == "first");
  CHECK(place_of(access).kube.server == "https://other:8443/");
  source.flags.server = "http://plain:8080";  // nobody logs in where everybody can read
  CHECK(load_kube_access(source).token.empty());
  CHECK(load_kube_access(source).as == "boss");

  const auto refused = [&](const KubeFlags& flags, const std::string& message, const std::string& cure) {
    source.flags = flags;
    const Error error = error_of([&] { load_kube_access(source); });
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(contains(error.what(), message));
    CHECK(contains(error.remedy(), cure));
  };
  refused({"c9", "", "", "", "", "", {}}, "there is no cluster \"c9\" in the kubeconfig", "clusters there: c1, c2");
  refused({"", "u9", "", "", "", "", {}}, "there is no user \"u9\" in the kubeconfig", "users there: u1, u2");
  refused({"c9", "", "https://x", "", "", "", {}}, "there is no cluster \"c9\"", "");
  refused({"", "", "ftp://x", "", "", "", {}}, "--server", "");
}

TEST_CASE("a server that is given needs no kubeconfig, a cluster no context") {
  Files files;
  KubeconfigSource source = files.source();
  source.flags.server = "one:6443";
  source.token = "t0ken";
  const KubeAccess access = load_kube_access(source);
  CHECK(access.server == "https://one:6443");
  CHECK(access.token == "t0ken");
  CHECK(access.context.empty());
  CHECK(access.kubeconfig.empty());
  source = files.source(files.write("bare", "clusters: [{name: c, cluster: {server: \"https://h:1\"}}]\n"));
  source.flags.cluster = "c";
  CHECK(load_kube_access(source).server == "https://h:1");
  source.flags.cluster.clear();
  CHECK(contains(error_of([&] { load_kube_access(source); }).what(), "no current-context"));
}

TEST_CASE("a token that is given goes over token, file and plugin of the user, never beside a password") {
  Files files;
  KubeconfigSource source = files.source(files.write("config", kSimple));
  source.token = "given";
  CHECK(load_kube_access(source).token == "given");
  source.context = "two";
  const Error both = error_of([&] { load_kube_access(source); });
  CHECK(contains(both.what(), "user \"u2\" of the kubeconfig logs in with a password"));
  CHECK_FALSE(contains(both.what(), "given\""));
  source.context = "one";
  source.token.clear();
  source.flags.token_file = files.write("token", "from-a-file\n");
  const KubeAccess access = load_kube_access(source);
  CHECK(access.token.empty());
  CHECK(access.token_file == source.flags.token_file);
  source.flags.token_file = files.write("empty", " \n");
  CHECK(contains(error_of([&] { load_kube_access(source); }).what(), "there is no token in"));
  source.flags.token_file = "/does/not/exist";
  CHECK(contains(error_of([&] { load_kube_access(source); }).what(), "/does/not/exist"));
}

TEST_CASE("who is to be impersonated goes over what the user's entry says") {
  Files files;
  KubeconfigSource source = files.source(files.write("config", kSimple));
  source.flags.as = "eve";
  CHECK(load_kube_access(source).as == "eve");
  CHECK(load_kube_access(source).as_groups == std::vector<std::string>{"a", "b"});  // as kubectl
  source.flags.as_groups = {"c"};
  source.flags.as_uid = "u-1";
  CHECK(load_kube_access(source).as_groups == std::vector<std::string>{"c"});
  CHECK(load_kube_access(source).as_uid == "u-1");
  source.context = "two";
  source.flags.as.clear();
  CHECK(contains(error_of([&] { load_kube_access(source); }).remedy(), "--as"));
}
