#include "server/checkpoints.hpp"

#include <charconv>
#include <future>

#include "base/clock.hpp"
#include "base/files.hpp"

namespace kubelet {

TextAnswer Checkpoints::take(const std::string& ns, const std::string& pod, const std::string& container,
                             const std::string* timeout) {
  const auto worker = pods_.find(ns, pod);
  if (!worker) return {404, TextAnswer{}.type, "pod does not exist"};
  if (!worker->has_container(container)) return {404, TextAnswer{}.type, "container " + container + " does not exist"};
  long seconds = 0;
  if (timeout != nullptr) {
    const auto [end, error] = std::from_chars(timeout->data(), timeout->data() + timeout->size(), seconds);
    if (error != std::errc{} || end != timeout->data() + timeout->size())
      return {404, TextAnswer{}.type, "cannot parse value of timeout parameter"};
  }
  const auto failed = [&](const std::string& why) {
    return TextAnswer{500, TextAnswer{}.type,
                      "checkpointing of " + ns + "/" + pod + "/" + container + " failed (" + why + ")"};
  };
  const auto running = worker->running_container(container);
  if (!running) return failed("container " + container + " not found");
  if (seconds < 0) return failed("CheckpointContainer requires the timeout value to be > 0");
  const std::string path = "/var/lib/kubelet/checkpoints/checkpoint-" + pod + "_" + ns + "-" + container + "-" +
                           rfc3339(wall_now()) + ".tar";
  // Only a larger value than the runtime's own has an effect.
  const std::string error =
      checkpoint(running, path, std::max<std::chrono::milliseconds>(runtime_timeout_, std::chrono::seconds(seconds)));
  if (!error.empty()) return failed(error);
  return {200, "application/json", "{\"items\":[\"" + path + "\"]}"};
}

// Empty, or the error. After the time limit the dump goes on without anybody to tell.
std::string Checkpoints::checkpoint(std::shared_ptr<Container> container, const std::string& path,
                                    std::chrono::milliseconds limit) {
  make_dirs("/var/lib/kubelet/checkpoints", 0700);
  auto done = std::make_shared<std::promise<std::string>>();
  auto result = done->get_future();
  std::thread([this, container, path, limit, done] {
    std::string error;
    const auto begin = steady_now();
    try {
      runtime_.checkpoint(*container, path, limit);
    } catch (const std::exception& failure) {
      error = failure.what();
    }
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(steady_now() - begin).count();
    log_line("checkpoint " + path + " " + (error.empty() ? "written" : "failed") + " after " + std::to_string(took) +
             " ms " + error);
    done->set_value(error);
  }).detach();
  if (result.wait_for(limit) == std::future_status::ready) return result.get();
  return "rpc error: code = DeadlineExceeded desc = stream terminated by RST_STREAM with error code: CANCEL";
}

}  // namespace kubelet
