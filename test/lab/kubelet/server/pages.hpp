#pragma once
#include <string>

#include "server/server.hpp"

namespace kubelet {

std::string metrics_page(const ServerConfig& config);
// `patience_ms`: what a fault has put in place of its time limit; 0: nothing.
std::string configz_page(const ServerConfig& config, long patience_ms);
std::string http_date();
std::string last_lines(const std::string& text, long count);

}  // namespace kubelet
