// What a call throws.
#pragma once
#include <functional>

#include "ms2m/error.hpp"
#include "support/catch.hpp"

namespace ms2m::test {

/// The test fails when it throws no Error.
inline Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error");
  throw;
}

}  // namespace ms2m::test
