// What kubelets and API servers answer: a checkpoint's archive or why there is none, pods, configuration, metrics.
#include "kube/checkpoint_answer.hpp"
#include "kube/kubelet_answers.hpp"
#include "kube/status.hpp"
#include "kube/watch.hpp"
#include "target.hpp"

using namespace ms2m;

namespace {

void ask_checkpoint(const std::string& body) {
  const CheckpointCall call{"worker-1", "default", "consumer-0", "consumer"};
  test::read([&] {
    const auto archive = parse_checkpoint_archive(call, body);
    test::must(archive.path.find("/../") == std::string::npos, "no other file than an archive");
  });
  for (const int status : {403, 404, 500, 504}) {
    const HttpResponse answer{status, {{"content-type", "text/plain"}}, body};
    test::read([&] { throw_checkpoint_error(call, answer); });
    is_object_missing(answer, "consumer-0");
    status_error(answer);
  }
  boil_down(body);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body = test::text_of(data, size);
  test::read([&] { ask_checkpoint(body); });
  parse_go_duration(body);
  runtime_patience(body);
  test::read([&] { kubelet_server("worker-1", body); });
  if (const auto pods = pods_in(body)) ends_in(*pods, "0d8cc079-10d9-44fb-801b-1d9ac8d4ac81");
  FeatureGateFinder finder;
  LineSplitter whole;
  std::size_t bytes = 0;
  bool more = true;
  for (std::size_t at = 0; at < size; at += 7) {
    const auto chunk = std::string_view(body).substr(at, 7);
    more = more && finder.feed(chunk);
    whole.feed(chunk, [&](std::string_view line) {
      bytes += line.size();
      return true;
    });
  }
  test::must(bytes <= size, "no line that did not come");
  return 0;
}
