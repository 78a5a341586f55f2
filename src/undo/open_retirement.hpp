// What the journal says of the source's end.
#pragma once
#include "journal/journal.hpp"
#include "ms2m/json.hpp"

namespace ms2m {

/// What ends the source once a copy beside it serves, if that was not done yet; else null.
Json open_retirement(const Journal& journal);

}  // namespace ms2m
