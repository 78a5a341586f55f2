#include <system_error>

#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "ms2m/standing.hpp"
#include "wrap/posix/files.hpp"

namespace ms2m {
namespace {

std::filesystem::path file_of(const std::filesystem::path& root, const std::string& id) {
  return root / id / "outcome.json";
}

}  // namespace

void keep_outcome(const std::filesystem::path& root, const std::string& id, const Json& outcome) {
  std::error_code unknown;
  if (!std::filesystem::is_directory(root / id, unknown)) return;
  posix::write_file_atomically(file_of(root, id), outcome.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::optional<Json> kept_outcome(const std::filesystem::path& root, const std::string& id) {
  std::string text;
  try {
    text = posix::read_file(file_of(root, id));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found) return std::nullopt;
    throw;
  }
  Json outcome = Json::parse(text, nullptr, false);
  if (!outcome.is_object())
    throw Error(ErrorKind::failed, file_of(root, id).string() + " is not what an ms2m writes",
                remedy::command(remedy::Command::remove_file, {}, {file_of(root, id).string()}));
  return outcome;
}

}  // namespace ms2m
