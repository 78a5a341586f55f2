#include "node/session/node_program.hpp"

#include <elf.h>

#include <cstring>

#include "ms2m/error.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kBuildDigits = 16;

/// "" for a file that is no program for Linux. e_machine has the same place in 32 and 64 bits.
std::string machine_of(std::string_view bytes) {
  Elf64_Ehdr header;
  if (bytes.size() < sizeof header) return "";
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "";
  switch (header.e_machine) {
    case EM_X86_64:
      return "x86_64";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv64";
    case EM_PPC64:
      return "ppc64le";
    case EM_S390:
      return "s390x";
    default:
      return "";
  }
}

}  // namespace

NodeProgram::NodeProgram(std::string_view bytes, std::shared_ptr<const std::string> owner, const std::string& name)
    : owner_(std::move(owner)), bytes_(bytes), machine_(machine_of(bytes)) {
  if (machine_.empty()) throw Error(ErrorKind::usage, name + " is no program for a node's machine");
  build_ = posix::Sha256::of(bytes_).substr(0, kBuildDigits);
}

NodeProgram NodeProgram::read(const std::filesystem::path& file) {
  try {
    auto owner = std::make_shared<const std::string>(posix::read_file(file));
    const std::string_view bytes = *owner;
    return NodeProgram(bytes, std::move(owner), file.string());
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::usage) throw;
    throw Error(ErrorKind::usage, error.message());
  }
}

}  // namespace ms2m::node
