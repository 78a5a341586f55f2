// A template of -o jsonpath, of a document that has every kind of value.
#include "cli/json_path.hpp"

#include "target.hpp"

using namespace ms2m;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2000) return 0;
  test::read([&] {
    const cli::JsonPath path(test::text_of(data, size));
    test::read([&] {
      path.of(Json::parse(R"({"kind": "status", "n": -7, "a.b": 0.5, "none": null, "items": [
        {"id": "a", "error": null, "open": [], "hot": true},
        {"id": "b", "error": "e", "open": ["x", [1, {"id": 2}]], "hot": false}]})"));
    });
    test::read([&] { path.of(Json::array()); });
    test::read([&] { path.of(Json("text")); });
  });
  return 0;
}
