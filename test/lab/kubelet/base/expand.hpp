#pragma once
#include <string>
#include <utility>
#include <vector>

namespace kubelet {

// $(NAME) of a variable in `env` (the last one of that name) is replaced, $$ is a dollar, anything else stays.
std::string expanded(const std::string& text, const std::vector<std::pair<std::string, std::string>>& env);

}  // namespace kubelet
