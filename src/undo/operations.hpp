// Carrying out undo and finish operations (journal/operation.hpp). Each is idempotent, has its own time limit and is
// reported singly. Nothing here keeps state: after a crash another process carries out the same data.
#pragma once
#include <functional>
#include <string>
#include <utility>

#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/place.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// The time that it may take at least, whatever the coordinator's limit is.
Seconds patience(const Operation& operation);
/// "delete queue ms2m.x.hold"
std::string describe(const Operation& operation);
/// The same for who does not know yet what it will be about: which archive, which image.
std::string planned_words(const Operation& operation);
/// The command by which a person does the same: a single one of kubectl or the broker where nothing else depends on it,
/// else ms2m's own for the migration `id`.
std::string command(const Operation& operation, const Place& place, const std::string& id);

class Operations {
 public:
  using RenameCopy = std::function<void(const op::Rename& operation, const StopToken& stop)>;
  explicit Operations(const Migrator::Ports& ports, RenameCopy rename = {})
      : ports_(ports), rename_(std::move(rename)) {}
  /// Throws Error when it could not be done. Cancelled passes through. Returns what a person must know of it; mostly
  /// empty.
  std::string run(const Operation& operation, const StopToken& stop);

 private:
  Migrator::Ports ports_;
  RenameCopy rename_;
};

}  // namespace ms2m
