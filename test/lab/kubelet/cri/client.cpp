// Source: grpc.io, "gRPC over HTTP2": messages have a prefix of five bytes; status and message are trailers, or headers
// where there is no answer.
#include "cri/client.hpp"

#include <array>

#include "base/files.hpp"
#include "base/process.hpp"

namespace kubelet {
namespace {

constexpr std::array<const char*, 17> kCodes = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};
constexpr int kCurlTimedOut = 28;

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string header(const std::string& headers, const std::string& name) {
  std::string value;
  for (const auto& line : split(headers, '\n')) {
    if (line.starts_with(name + ":")) value = trimmed(line.substr(name.size() + 1));
  }
  return value;
}

std::string framed(const std::string& bytes) {
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(bytes.size() >> shift & 0xff);
  return out + bytes;
}

}  // namespace

Received CriClient::call(const std::string& method, const Message& request, std::chrono::milliseconds limit) const {
  ProcessSpec spec;
  spec.argv = {"curl",
               "-s",
               "--max-time",
               std::to_string(static_cast<double>(limit.count()) / 1000),
               "--unix-socket",
               socket_,
               "-H",
               "content-type: application/grpc",
               "-H",
               "te: trailers",
               "-D",
               "/dev/stderr",
               "--data-binary",
               "@-",
               "--http2-prior-knowledge",
               "http://localhost/runtime.v1." + method};
  spec.input = framed(request.bytes());
  const ProcessResult result = run_process(spec);
  if (result.exit_code == kCurlTimedOut)
    throw CriError("DeadlineExceeded", "stream terminated by RST_STREAM with error code: CANCEL");
  const std::string status = header(result.err, "grpc-status");
  if (status.empty()) throw CriError("Unavailable", "error reading from server: EOF");
  if (const auto code = static_cast<std::size_t>(std::stoi(status)); code != 0)
    throw CriError(code < kCodes.size() ? kCodes[code] : "Unknown", unescaped(header(result.err, "grpc-message")));
  return Received(result.out.size() < 5 ? "" : result.out.substr(5));
}

}  // namespace kubelet
