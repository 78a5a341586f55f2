#include "ms2m/archive.hpp"
#include "support/catch.hpp"

using namespace ms2m;

TEST_CASE("archive names") {
  const std::string good = "checkpoint-consumer-0_default-consumer-2026-11-21T21:21:02";
  CHECK(is_archive_of(good + "Z.tar", "default", "consumer-0", "consumer"));
  CHECK(is_archive_of(good + "+01:00.tar", "default", "consumer-0", "consumer"));
  CHECK_FALSE(is_archive_of(good + ".tar", "default", "consumer-0", "consumer"));
  CHECK_FALSE(is_archive_of(good + "Z.tar.gz", "default", "consumer-0", "consumer"));
  CHECK_FALSE(is_archive_of("checkpoint-consumer-0_default-consumer-b-2026-11-21T21:21:02Z.tar", "default",
                            "consumer-0", "consumer"));
  CHECK_FALSE(is_archive_of("checkpoint-consumer-0_default-consumer-.tar", "default", "consumer-0", "consumer"));
  CHECK(is_archive_name(good + "Z.tar"));
  CHECK_FALSE(is_archive_name("checkpoint-/../x.tar"));
  CHECK_FALSE(is_archive_name("passwd"));
  CHECK_FALSE(is_archive_name("checkpoint-2026-11-21T21:21:02Z.tar"));
  CHECK_FALSE(is_archive_name("checkpoint-$(id)_default-consumer-2026-11-21T21:21:02Z.tar"));
}

TEST_CASE("what root on a node reads and removes", "[case-03]") {
  const std::string file = "checkpoint-consumer-0_shop-app-2026-11-27T18:24:30Z.tar";
  for (const char* directory : {"/data/kubelet/checkpoints/", "/checkpoints/", "/var/lib/k0s/kubelet/checkpoints/",
                                "/data/my kubelet/checkpoints/", "/a..b/checkpoints/"}) {
    CHECK(is_archive_path(directory + file));
    CHECK(is_archive_path_of(directory + file, "shop", "consumer-0", "app"));
    CHECK_FALSE(is_archive_path_of(directory + file, "shop", "consumer-0", "other"));
  }
  for (const std::string& bad :
       {std::string(), file, "checkpoints/" + file, "./checkpoints/" + file, "/checkpoints/x/" + file,
        "/data/kubelet/" + file, "/data/checkpoints/../secrets/" + file, "/data/../checkpoints/" + file,
        "/data/./checkpoints/" + file, "/data//checkpoints/" + file, "//checkpoints/" + file,
        "/data/mycheckpoints/" + file, "/data/checkpoints/" + file + "/", "/data/checkpoints/" + file + "\n",
        "/data\n/checkpoints/" + file, std::string("/data/kubelet/checkpoints/checkpoint-x.tar"),
        std::string("/data/kubelet/checkpoints/shadow"), std::string("/etc/shadow")})
    CHECK_FALSE(is_archive_path(bad));
  CHECK(archive_time("/data/kubelet/checkpoints/" + file) == 1795803870);
  CHECK(archive_time("checkpoint-a_b-c-2026-11-27T19:24:30+01:00.tar") == 1795803870);
  CHECK(archive_time("checkpoint-a_b-c-2026-11-27T16:54:30-01:30.tar") == 1795803870);
  CHECK_FALSE(archive_time("checkpoint-a_b-c-2026-13-27T16:54:30Z.tar"));
  CHECK_FALSE(archive_time("checkpoint-a_b-c.tar"));
}
