// What the journal says of the source's end.
#pragma once
#include <optional>
#include <string>

#include "journal/journal.hpp"

namespace ms2m {

/// The copy beside the source that serves before the source is ended, if that was not done yet.
std::optional<std::string> open_retirement(const Journal& journal);

}  // namespace ms2m
