// An archive that a kubelet wrote, with what a container put into it: its members, and its memory's images.
#include <algorithm>
#include <cstring>

#include "node/criu/increment.hpp"
#include "node/tar/reader.hpp"
#include "node/tar/writer.hpp"
#include "target.hpp"

using namespace ms2m;

namespace {

node::ReadBytes bytes_of(const std::string& all) {
  return [&all, at = std::size_t{0}](char* into, std::size_t size) mutable {
    const auto some = std::min({size, all.size() - at, std::size_t{777}});
    std::memcpy(into, all.data() + at, some);
    at += some;
    return some;
  };
}

void read_members(const std::string& archive) {
  node::TarReader tar(bytes_of(archive));
  std::uint64_t contents = 0;
  while (const auto entry = tar.next()) {
    // A reader that passes over the contents sees the same as one that reads them.
    char chunk[1000];
    if (entry->name.size() % 2 == 0)
      while (const auto got = tar.read(chunk, sizeof chunk)) contents += got;
    test::read([&] {
      const std::string header = node::tar_header(*entry);
      test::must(header.size() % 512 == 0, "whole blocks");
      node::TarReader again(bytes_of(header));
      const auto same = again.next();
      test::must(same && same->name == entry->name && same->link == entry->link &&
                     (entry->kind != node::TarEntry::Kind::file || same->size == entry->size) &&
                     same->mode == entry->mode && same->xattrs == entry->xattrs,
                 "a member is written as it was read");
    });
  }
  test::must(contents <= archive.size(), "no contents that did not come");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string archive = test::text_of(data, size);
  test::read([&] { read_members(archive); });
  using node::Increment;
  for (const auto members : {Increment::Members::all, Increment::Members::memory})
    test::read([&] {
      const Increment increment([&] { return bytes_of(archive); }, nullptr, members);
      std::uint64_t written = 0;
      increment.write([&](std::string_view bytes) { written += bytes.size(); });
      test::must(written == increment.size().count, "as much as was said");
      if (!increment.memory()) return;
      const Increment second([&] { return bytes_of(archive); }, &*increment.memory(), members);
      test::must(second.differing() == 0, "the same memory does not differ");
      second.write([](std::string_view) {});
    });
  return 0;
}
