// Operations as they stand in a journal.
#pragma once
#include <stdexcept>

#include "journal/operation.hpp"

namespace ms2m {

/// The version of records that this ms2m writes. 1: the stage is a number ("prio"), and some operations have other
/// names. 2: there is no "thaw", an adoption knows no hold queue, and lines have no checksum.
inline constexpr int kRecordVersion = 3;

/// It is none that a record of its version can hold: unknown, without one of its fields, or of another stage.
struct NoOperation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// {"op": its name, "stage": its word, its fields}
Json record_of(const Operation& operation);
/// Of a record of that version, at most kRecordVersion. NoOperation.
Operation operation_of(const Json& record, int version);

}  // namespace ms2m
