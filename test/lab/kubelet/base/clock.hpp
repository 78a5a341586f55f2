#pragma once
#include <chrono>
#include <string>

namespace kubelet {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

std::string rfc3339(WallTime time);       // 2026-11-21T21:15:27Z
std::string rfc3339_nano(WallTime time);  // 2026-11-21T21:15:27.123456789Z
inline WallTime wall_now() { return std::chrono::system_clock::now(); }
inline SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

// One line of the kubelet's own log, on standard error.
void log_line(const std::string& text);

}  // namespace kubelet
