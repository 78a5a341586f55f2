// How a request's settings stand in a journal, for who goes on with it.
#pragma once
#include "ms2m/json.hpp"
#include "ms2m/request.hpp"

namespace ms2m {

/// Those that a second migration of the same move needs: protocol, limits, windows, the way to the kubelet.
Json settings_json(const MigrationRequest& request);
/// Json::exception when they are none.
void apply_settings(const Json& settings, MigrationRequest& request);

}  // namespace ms2m
