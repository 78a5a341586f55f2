// What /proc/<pid>/mountinfo says.
#include "node/runtime/mountinfo.hpp"

#include "support/catch.hpp"

using namespace ms2m::node;

TEST_CASE("mounts, their file systems' options, and names with what separates them", "[node_dump]") {
  const auto mounts = parse_mounts(
      "1057 950 0:130 / / rw,relatime master:7 shared:8 - overlay overlay "
      "rw,lowerdir=/l\\0541:/l2,upperdir=/var/lib/a\\040b\\054c/diff,workdir=/w,userxattr\n"
      "1058 1057 0:140 / /etc/ho\\040sts ro - ext4 /dev/sda1 rw\n"
      "no mount\n"
      "1059 1057 0:141 / /proc rw - proc proc rw");
  REQUIRE(mounts.size() == 3);
  CHECK(mounts[0].point == "/");
  CHECK(mounts[0].type == "overlay");
  CHECK(mount_option(mounts[0], "upperdir") == "/var/lib/a b,c/diff");
  CHECK(mount_option(mounts[0], "lowerdir") == "/l,1:/l2");
  CHECK(mount_option(mounts[0], "userxattr") == "");
  CHECK_FALSE(mount_option(mounts[0], "upper"));
  CHECK(mounts[1].point == "/etc/ho sts");
  CHECK_FALSE(mount_option(mounts[1], "upperdir"));
  CHECK(mounts[2].type == "proc");
}
