// What is told of CRIU's log when it fails.
#include "node/runtime/criu_log.hpp"

#include "support/catch.hpp"

using ms2m::node::last_errors_of_criu;

TEST_CASE("of CRIU's log the errors are told that are no mere consequences", "[criu_log]") {
  CHECK(last_errors_of_criu("(00.1) all is well\n").empty());
  CHECK(last_errors_of_criu("(00.1) Error (a.c:1): only one\n") == "(00.1) Error (a.c:1): only one");
  CHECK(last_errors_of_criu("Error (b.c:1): Dumping FAILED.\n") == "Error (b.c:1): Dumping FAILED.");
  // As a restore ends below runc whose root file system has another mode (CRIU 4.2.1).
  CHECK(last_errors_of_criu("(00.01) 1: Error (criu/files-reg.c:2198): File . has bad mode 040700 (expect 040755)\n"
                            "(00.02) 1: Error (criu/mount.c:1): Can't open root\n"
                            "(00.02) Error (criu/cr-restore.c:2331): Restoring FAILED.\n"
                            "(00.03) Error (criu/cgroup.c:2055): cg: cgroupd: recv req error: File exists\n") ==
        "(00.01) 1: Error (criu/files-reg.c:2198): File . has bad mode 040700 (expect 040755); "
        "(00.02) 1: Error (criu/mount.c:1): Can't open root");
}
