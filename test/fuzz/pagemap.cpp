// CRIU's images of which we read something.
#include "node/criu/pagemap.hpp"

#include "node/criu/memory_images.hpp"
#include "node/dump/control_group_image.hpp"
#include "target.hpp"

using namespace ms2m;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string image = test::text_of(data, size);
  test::read([&] {
    const auto map = node::parse_pagemap(image);
    if (!map) return;
    const std::string printed = node::print_pagemap(*map);  // numbers may have been longer than they need be
    const auto again = node::parse_pagemap(printed);
    test::must(again && again->ranges.size() == map->ranges.size() && node::print_pagemap(*again) == printed,
               "what was printed is read as the same");
  });
  test::read([&] {
    // Its pages, of which the others give one.
    node::MemoryImages images;
    if (images.begin("pagemap-1.img")) {
      images.feed(std::string_view(image).substr(0, image.size() / 2));
      images.feed(std::string_view(image).substr(image.size() / 2));
      images.end();
    }
    if (images.begin("pages-1.img")) {
      images.feed(std::string(node::kPageSize, 'x'));
      images.end();
    }
    if (const auto memory = images.memory(nullptr)) test::must(memory->pages() <= 1, "no page that is not there");
  });
  test::read([&] { test::must(node::thawed_in_image(image).size() == image.size(), "as long as it was"); });
  return 0;
}
