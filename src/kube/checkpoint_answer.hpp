// What the kubelet (or the API server in front of it) says about a checkpoint, in one sentence with its cure. Pure.
// Every text matched here was read off a real cluster: kube-facts.md "Kubelet checkpoint API" and kube-transcripts/.
#pragma once
#include <string>

#include "ms2m/cluster.hpp"
#include "ms2m/error.hpp"
#include "ms2m/place.hpp"
#include "ms2m/request.hpp"
#include "wrap/curl/http_client.hpp"

namespace ms2m {

struct CheckpointCall {
  std::string node, ns, pod, container;
  KubeletPath path = KubeletPath::proxy;
  Place place{};
};

/// {"items":["/var/lib/kubelet/checkpoints/..."]}. Error{protocol} when it is something else, or the path is not that
/// of an archive of this container: nobody on the node is to read or remove another file.
CheckpointArchive parse_checkpoint_archive(const CheckpointCall& call, const std::string& body);

/// For any answer but 2xx. {not_found} pod, container or node; {forbidden} 401/403, saying who lacks what;
/// {unavailable} the kubelet cannot be reached; {timeout} the runtime's own deadline: the dump goes on; {protocol} we
/// asked wrongly; else {failed}.
Error checkpoint_error(const CheckpointCall& call, const HttpResponse& answer);

/// Throws checkpoint_error(): as NoCheckpoint when the answer is the node's and nothing goes on there.
[[noreturn]] void throw_checkpoint_error(const CheckpointCall& call, const HttpResponse& answer);

/// The cause in a runtime's error text: CRIU's decisive log line without time stamp, noise and trailer, or the text
/// without its wrappers, IDs and command lines.
std::string boil_down(const std::string& text);

}  // namespace ms2m
