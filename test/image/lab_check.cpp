// By hand, against two real nodes (the lab is up): MS2M_SSH_CONFIG=... ms2m_lab_check [MB]. Moves random bytes in a tar
// from worker-1 to worker-2, imports, finds, re-points and removes the image there; prints the seconds of each step.
#include <cstdlib>
#include <iostream>

#include "image/skopeo_store.hpp"
#include "ms2m/error.hpp"
#include "node/ssh_relay.hpp"

using namespace ms2m;

namespace {

void timed(const char* what, const std::function<void()>& act) {
  const auto start = Clock::now();
  act();
  std::cout << what << ": " << seconds_between(start, Clock::now()) << " s\n";
}

void check(const std::string& megabytes) {
  SshOptions ssh;
  if (const char* config = std::getenv("MS2M_SSH_CONFIG")) ssh.config = config;
  SshShell shell(ssh);
  SshRelay relay(shell);
  SkopeoStore store(shell);
  timed("connect to both", [&] {
    shell.open("worker-1", {});
    shell.open("worker-2", {});
  });
  timed("one command", [&] { shell.run("worker-1", {"true"}, "", {}); });
  const std::string make = "mkdir -p /var/tmp/c && head -c " + megabytes +
                           "000000 /dev/urandom >/var/tmp/c/pages-1.img && "
                           "tar cf /var/tmp/ms2m-check.tar -C /var/tmp c && rm -r /var/tmp/c";
  if (!shell.run("worker-1", {"sh", "-c", make}, "", {}).ok()) throw Error(ErrorKind::failed, "no archive was made");
  CheckpointImage image;
  image.directory = std::string(kLayoutRoot) + "/check";
  image.name = "localhost/ms2m/check:1";
  image.container = "c";
  timed("move", [&] {
    const auto moved = relay.move({"worker-1", "/var/tmp/ms2m-check.tar", "worker-2", image.directory}, {}, {});
    image.sha256 = moved.sha256;
    image.bytes = moved.bytes;
  });
  shell.run("worker-1", {"rm", "/var/tmp/ms2m-check.tar"}, "", {});
  std::string id;
  timed("import", [&] { id = store.import_checkpoint("worker-2", image, {}); });
  timed("find", [&] {
    const auto found = store.find("worker-2", image.name, {});
    if (!found || found->id != id) throw Error(ErrorKind::failed, "not found under its name");
  });
  const auto original = store.find("worker-2", "localhost/ms2m-consumer:latest", {});
  if (original) timed("point name", [&] { store.point_name("worker-2", image.name, original->id, {}); });
  timed("remove image", [&] { store.remove_image("worker-2", id, {}); });
  if (original) timed("remove name", [&] { store.remove_name("worker-2", image.name, {}); });
  const bool gone = !store.find("worker-2", id, {}) && !store.find("worker-2", image.name, {});
  const bool kept = !original || store.find("worker-2", original->id, {});
  std::cout << store.probe("worker-2", {}) << ", " << (gone && kept ? "clean" : "NOT CLEAN") << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  try {
    check(argc > 1 ? argv[1] : "20");
  } catch (const Error& error) {
    std::cerr << error.what() << "\n" << error.remedy() << "\n";
    return 1;
  }
}
