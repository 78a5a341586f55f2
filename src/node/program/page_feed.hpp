// The pages of a restore that begins before they have come.
#pragma once
#include <string>

#include "node/program/channel.hpp"

namespace ms2m::node {

/// Semantics: FeedPages (restore_requests.hpp). `root`: the restores'.
PagesEnd feed_pages(const std::string& root, const FeedPages& request, Channel& channel);

}  // namespace ms2m::node
