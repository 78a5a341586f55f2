// gzip, as real tools write it, and as nobody does.
#include <random>

#include "ms2m/error.hpp"
#include "unpacked.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

std::string gzip(const std::string& text, const std::string& level) {
  posix::RunSpec spec;
  spec.process.argv = {"gzip", "-c", level};
  spec.input = text;
  const auto result = posix::run_process(spec, StopToken().within(std::chrono::seconds(60)), "gzip");
  REQUIRE(result.ok());
  return result.out;
}

std::string gunzip(const std::string& bytes) {
  const node::ReadBytes source = node::plain(bytes_of(bytes));
  std::string text, chunk(5000, '\0');
  while (const std::size_t size = source(chunk.data(), chunk.size())) text.append(chunk, 0, size);
  return text;
}

std::string noise(std::size_t size, unsigned different) {
  std::mt19937 random(1);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random() % different);
  return text;
}

}  // namespace

TEST_CASE("what gzip wrote is read: stored, fixed and dynamic codes, repeats over the whole window", "[node_changes]") {
  std::string repeats;
  while (repeats.size() < 300'000) repeats += noise(200, 250) + std::string(300, 'a') + repeats.substr(0, 33'000);
  for (const std::string& text :
       {std::string(), std::string("a"), std::string(100'000, 'x'), noise(200'000, 256), noise(200'000, 5), repeats})
    for (const char* level : {"-1", "-6", "-9"}) CHECK((gunzip(gzip(text, level)) == text));
  CHECK((gunzip(gzip("one", "-6") + gzip("two", "-6")) == "onetwo"));
  CHECK(gunzip("plain") == "plain");
  CHECK(gunzip("x") == "x");
  CHECK(gunzip("") == "");
}

TEST_CASE("a compressed archive is unpacked", "[node_changes]") {
  const Unpacked root;
  root.apply(gzip(TarWriter().file("x", "compressed").str(), "-6"));
  CHECK(content(root.path("x")) == "compressed");
}

TEST_CASE("bytes that are no gzip are refused, whatever is wrong with them", "[node_changes]") {
  const std::string good = gzip(noise(5000, 20), "-6");
  for (std::size_t size = 2; size < good.size(); size += 37) CHECK_THROWS_AS(gunzip(good.substr(0, size)), Error);
  for (std::size_t at = 2; at < good.size(); ++at) {
    if (at >= 4 && at < 10) continue;  // time and system: of no meaning
    std::string wrong = good;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x55);
    if (at == 3) continue;  // flags: other headers
    INFO(at);
    CHECK_THROWS_AS(gunzip(wrong), Error);
  }
}
