// The four patch formats. All return the patched object and leave the given one alone.
#pragma once

#include "json.hpp"

namespace ms2m::lab {

Json merge_patch(Json object, const Json& patch);  // RFC 7386
// Lists of objects merge by their key (containers by name, tolerations by key, ports by containerPort, …), with the
// directives $patch: delete|replace and $retainKeys ignored. Other lists are replaced.
Json strategic_patch(Json object, const Json& patch);
// RFC 6902. Throws ApiError 422 when it cannot be applied and 400 when it is no patch.
Json json_patch(const Json& object, const Json& patch);
// Server-side apply without field ownership: a strategic merge that never removes.
Json apply_patch(Json object, const Json& patch);

}  // namespace ms2m::lab
