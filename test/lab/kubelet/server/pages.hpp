#pragma once
#include <string>

#include "server/server.hpp"

namespace kubelet {

std::string metrics_page(const ServerConfig& config);
std::string configz_page(const ServerConfig& config);
std::string http_date();
std::string last_lines(const std::string& text, long count);

}  // namespace kubelet
