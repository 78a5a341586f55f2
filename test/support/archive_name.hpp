// A checkpoint's file, as a kubelet names it.
#pragma once
#include <string>

namespace ms2m::test {

inline const std::string kArchiveName = "checkpoint-consumer-0_default-consumer-2026-11-21T21:21:02+01:00.tar";

}  // namespace ms2m::test
