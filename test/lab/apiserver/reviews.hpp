// The questions that a client may ask about rights and tokens; nothing of it is stored.
#pragma once

#include "authn.hpp"
#include "rbac.hpp"

namespace ms2m::lab {

// selfsubjectaccessreviews, subjectaccessreviews, localsubjectaccessreviews, selfsubjectrulesreviews, tokenreviews,
// selfsubjectreviews. nullopt when the call is for none of them.
std::optional<Answer> answer_review(const Call& call, const Rbac& rbac, const Authenticator& authenticator);

}  // namespace ms2m::lab
