// CRIU's settings for one call of an OCI runtime alone.
#pragma once
#include <string>
#include <vector>

namespace ms2m::node {

/// Lines of CRIU's settings that stand in no runtime's options: crun has none for lazy pages, and CRIU reads the
/// runtime's file after everything else (criu/cr-service.c). `file` (OciRuntime::criu_file) with `lines` behind it, as
/// text. Error{refused}, with the cure: the node has no such file.
std::string criu_settings_with(const std::string& file, const std::vector<std::string>& lines);

/// For the calling thread and what it starts from now on, `own` stands in the place of `file`: in a mount namespace of
/// its own, which sees what is mounted outside later, and shows nothing of itself there. Nobody else's CRIU reads it.
/// Error{failed}.
void put_in_place_of(const std::string& file, const std::string& own);

}  // namespace ms2m::node
