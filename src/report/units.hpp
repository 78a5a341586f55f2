// Durations, sizes and percentages as people read them.
#pragma once
#include <string>
#include <string_view>

#include "ms2m/units.hpp"

namespace ms2m::report {

/// "478ms", "5.9s", "12m05s": the forms of baseline.md. Negative times count as zero.
std::string duration(Seconds time);
/// "512 B", "19.3 MiB", "1.0 GiB".
std::string size(Bytes bytes);
/// "45.1 MiB/s".
std::string byte_rate(double bytes_per_second);
/// "9.8 msg/s".
std::string message_rate(double messages_per_second);
/// "10.6%"; "<0.1%" for something that is there but rounds to nothing; "100%".
std::string percent(Seconds part, Seconds whole);

/// `text` with every control character replaced by a space: what a kubelet or a broker says must not steer a terminal.
std::string printable(std::string_view text);
/// `text` cut to `columns` code points, with "..." at the end when something was cut off.
std::string fit(std::string_view text, std::size_t columns);
/// `text` padded with spaces to `columns` code points.
std::string pad(std::string_view text, std::size_t columns);
/// Number of code points.
std::size_t width(std::string_view text);

}  // namespace ms2m::report
