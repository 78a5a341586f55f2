// Text in XML and HTML.
#pragma once
#include <string>
#include <string_view>

namespace ms2m::report {

/// `text` as the content of an element or of a quoted attribute; control characters become spaces.
std::string markup(std::string_view text);

}  // namespace ms2m::report
