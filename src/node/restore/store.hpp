// The restores of a node: <root>/<ID>/, root's alone, with the record, the data, and what is being waited for.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "node/restore/record.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// One ID's directory, open. Every change is a rename over the record, under the directory's lock; readers need none.
/// Not thread-safe; any number of objects, in any processes, may be for the same ID.
class RestorePlace {
 public:
  /// nullopt: there is none. Error{refused} for one that is not this process' user's alone.
  static std::optional<RestorePlace> open(const std::string& root, const std::string& id);

  const std::string& id() const noexcept { return id_; }
  const std::string& path() const noexcept { return path_; }
  int directory() const noexcept { return directory_.get(); }

  /// nullopt: there is none. Error{refused|protocol}: it cannot be read here. One that was prepared before the machine
  /// started is void: whoever prepared it has lost its session, and its data was not waited for to be on the disk,
  /// which would cost the copy seconds.
  std::optional<Record> read() const;
  /// What is told of it; `unknown` when there is no record.
  RestoreStatus status() const;
  /// Waits for the lock, which others hold for moments, reads, lets `edit` change it, and writes what was changed:
  /// on the disk when this returns. Error{conflict} for a state that may not follow (state.hpp). What `edit` throws
  /// leaves it as it was. Error{not_found}: there is no record.
  Record change(const std::function<void(Record&)>& edit);
  /// Removes all but the record. False: there was nothing else.
  bool remove_data();

 private:
  friend class RestoreStore;
  RestorePlace(std::string id, std::string path, posix::UniqueFd directory)
      : id_(std::move(id)), path_(std::move(path)), directory_(std::move(directory)) {}
  std::string id_, path_;
  posix::UniqueFd directory_;
};

struct Swept {
  std::vector<std::string> ids;
  std::vector<std::string> failures;  ///< of those that could not be removed: "restore <ID>: <why>"
};

class RestoreStore {
 public:
  explicit RestoreStore(std::string root) : root_(std::move(root)) {}
  /// Makes the directories that are missing (mode 0700) and the record; the same once more changes nothing.
  /// Error{conflict}: there is another one of that ID, or it is void, which is for ever.
  void prepare(Record record) const;
  /// IDs that have a record, sorted.
  std::vector<std::string> ids() const;
  /// With data and record. False: was not there. `limit`: for its lock.
  bool remove(const std::string& id, Millis limit = std::chrono::seconds(20)) const;
  /// Removes each that has ended (or never began in its time) and whose pod's directory is not there any more, below a
  /// kubelet's directory that is. One that cannot be removed keeps no other.
  Swept sweep() const;
  const std::string& root() const noexcept { return root_; }

 private:
  const std::string root_;
};

}  // namespace ms2m::node
