// Pages that a dump has kept back, where that cannot be.
#include "carry/restore_lab.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
using Catch::StartsWith;

TEST_CASE("pages of a dump that is not there: nothing begins, and the restore is as it was", "[carry]") {
  RestoreLab lab;
  const PagesRequest request{"worker-1", lab.id, "worker-2", {4096}, {}};
  const auto thrown = [&](const PagesRequest& of) {
    try {
      lab.carrier.bring_pages(
          of, [] { FAIL("it was opened"); }, {}, StopToken().within(std::chrono::seconds(60)));
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorKind::failed, "nothing was thrown");
  };
  Error error = thrown(request);
  CHECK(error.kind() == ErrorKind::not_found);
  CHECK_THAT(error.what(), StartsWith("target worker-2: ") && Contains("restore " + lab.id + " is not known"));
  lab.prepare();
  error = thrown(request);
  CHECK(error.kind() == ErrorKind::not_found);
  CHECK_THAT(error.what(), StartsWith("source worker-1: ") && Contains("no dump " + lab.id));
  CHECK(lab.restores.list("worker-2", {}).at(lab.id).state == RestoreState::prepared);
  CHECK(thrown({"worker-1", "../etc", "worker-2", {}, {}}).kind() == ErrorKind::usage);
}
