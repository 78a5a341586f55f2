#include "image/name.hpp"

#include <regex>

namespace kubelet {
namespace {

std::string with_host(const std::string& repository) {
  const auto slash = repository.find('/');
  if (slash == std::string::npos) return "docker.io/library/" + repository;
  const std::string host = repository.substr(0, slash);
  if (host == "localhost" || host.find_first_of(".:") != std::string::npos) return repository;
  return "docker.io/" + repository;
}

ImageName invalid(const std::string& text, const std::string& why) {
  ImageName name;
  name.error = "Failed to apply default image tag \"" + text + "\": couldn't parse image name \"" + text + "\": " + why;
  return name;
}

}  // namespace

ImageName parse_image_name(const std::string& text) {
  static const std::regex hex64("[a-f0-9]{64}");
  static const std::regex pattern(
      "((?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?"
      "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*)"
      "(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[a-f0-9]{64}))?");
  if (std::regex_match(text, hex64)) {
    return invalid(text, "invalid repository name (" + text + "), cannot specify 64-byte hexadecimal strings");
  }
  std::smatch match;
  if (!std::regex_match(text, match, pattern)) {
    std::string lower = text;
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    const bool only_case = lower != text && std::regex_match(lower, pattern);
    return invalid(text, only_case ? "invalid reference format: repository name (" + text.substr(0, text.find(':')) +
                                         ") must be lowercase"
                                   : "invalid reference format");
  }
  ImageName name;
  name.valid = true;
  name.repository = with_host(match[1]);
  name.tag = match[2].matched ? match[2].str() : "latest";
  name.digest = match[3];
  return name;
}

}  // namespace kubelet
