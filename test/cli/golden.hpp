// Compares text with a file of test/cli/golden. MS2M_UPDATE_GOLDEN=1 writes the files instead: look at the difference
// before it is committed.
#pragma once
#include <string>

namespace ms2m::test {
void check_golden(const std::string& file, const std::string& text);
}  // namespace ms2m::test
