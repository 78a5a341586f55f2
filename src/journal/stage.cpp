#include "journal/stage.hpp"

#include <array>

namespace ms2m {
namespace {

constexpr std::array kWords{"clear_way",       "end_source",  "restore",   "own_instance",   "serve",
                            "end_idle_source", "source",      "owner",     "process",        "copy",
                            "marks",           "queues",      "exchanges", "control_queues", "copy_image_name",
                            "files",           "image_names", "images",    "staged_names",   "lease"};
static_assert(kWords.size() == static_cast<std::size_t>(Stage::lease) + 1);

}  // namespace

const char* word(Stage stage) noexcept { return kWords[static_cast<std::size_t>(stage)]; }

std::optional<Stage> stage_of(std::string_view word) noexcept {
  for (std::size_t i = 0; i < kWords.size(); ++i)
    if (word == kWords[i]) return static_cast<Stage>(i);
  return std::nullopt;
}

}  // namespace ms2m
