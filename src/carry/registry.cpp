#include "carry/registry.hpp"

#include "carry/flow.hpp"
#include "carry/registry_answers.hpp"
#include "ms2m/json.hpp"
#include "node/runtime/oci_layout.hpp"
#include "wrap/posix/sha256.hpp"

namespace ms2m {
namespace {

using node::FrameKind;

constexpr std::chrono::seconds kTidying{5};  // for what a failed move has begun in the registry
constexpr const char* kNobody = "0000000000000000000000000000000000000000000000000000000000000000";  // a digest

std::string tag_of(const std::string& id) { return "ms2m-" + id; }

/// What must not hide why it is done.
template <class Act>
void quietly(const Act& act) {
  try {
    act(StopToken().within(kTidying));
  } catch (const std::exception&) {
  }
}

class RegistryFlow : private Flow {
 public:
  RegistryFlow(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop, SshNodes& nodes,
               RegistryClient& client, std::string id)
      : Flow(request, progress, stop), nodes_(nodes), client_(client), id_(std::move(id)) {}

  /// Until the image is in the registry. `describing`: told before the manifest is sent there.
  template <class Tell>
  void push(const RegistryAsker& source, const Tell& describing) {
    on_side(source_, [&] {
      RegistryClient::Upload upload = client_.begin(source, stop_);
      try {
        client_.open(source, upload, id_, stop_);
        read(source);
        upload = client_.sent(source, id_, stop_);
        client_.commit(source, upload, said_.sha256, "", stop_);
      } catch (...) {
        tidy([&](const RegistryAsker& by, const StopToken& soon) { client_.cancel(by, upload, soon); });
        throw;
      }
      try {
        describing();
        describe(source);
      } catch (...) {
        tidy([&](const RegistryAsker& by, const StopToken& soon) {
          client_.remove(by, RegistryClient::What::blob, said_.sha256, soon);
        });
        throw;
      }
    });
  }

  MoveResult pull(const RegistryAsker& target) {
    return on_side(target_, [&] {
      const auto manifest = client_.manifest(target, "sha256:" + image_.manifest_digest, stop_);
      if (!manifest || *manifest != image_.manifest)
        throw Error(ErrorKind::failed, "registry " + client_.place().shown() +
                                           (manifest ? " gives another manifest than it was given"
                                                     : " does not have the manifest that it was given"));
      client_.fetch(target, said_.sha256, id_, stop_);
      to_ = target.session.start(writing(id_), doing_);
      to_->end(node::print_message(said_));
      write();
      return result(Carriage::registry);
    });
  }

 private:
  /// By the source's node, whose session may be another one by now.
  template <class Act>
  void tidy(const Act& act) const {
    quietly([&](const StopToken& soon) {
      const auto session = nodes_.session(request_.from_node, soon);
      act(RegistryAsker{*session, request_.from_node}, soon);
    });
  }

  /// Each of both ways is half of it.
  void tell(Bytes gone, std::uint64_t before) {
    done_.count = (before + gone.count) / 2;
    report(false);
  }

  void read(const RegistryAsker& source) {
    from_ = source.session.start(reading(node::PassageUse{id_, request_.per_second, true}), doing_);
    bool announced = false, ended = false;
    for (;;) {
      const node::Frame frame = next_of_source(source);
      if (frame.kind == FrameKind::answer) break;
      if (frame.kind == FrameKind::end) {
        said_ = node::parse_message<node::StreamEnd>(frame.payload);
        ended = true;
      } else if (frame.kind != FrameKind::progress) {
        throw unexpected();
      } else if (const auto told = node::parse_message<node::StreamProgress>(frame.payload); announced) {
        tell(told.done, 0);
      } else {
        announced_ = told;
        announced = true;
        report(true);
        from_->grant(1);
      }
    }
    if (!announced || !ended || said_.bytes != announced_.total) throw unexpected();
  }

  /// A registry that does not take it says why.
  node::Frame next_of_source(const RegistryAsker& source) {
    try {
      return from_->next(stop_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::failed) throw;
      if (!source.session.alive()) throw;
      try {
        client_.sent(source, id_, stop_);
      } catch (const Error& why) {
        if (why.kind() != ErrorKind::not_found) throw;
      }
      throw;
    }
  }

  /// The manifest, with the tag, and the configuration that it names.
  void describe(const RegistryAsker& source) {
    CheckpointImage image;
    image.sha256 = said_.sha256;
    image.bytes = said_.bytes;
    image.container = request_.container;
    image.architecture = request_.architecture;
    image_ = node::make_layout(image);
    client_.commit(source, client_.begin(source, stop_), image_.config_digest, image_.config, stop_);
    client_.put_manifest(source, tag_of(id_), image_.manifest, stop_);
  }

  void write() {
    for (;;) {
      const node::Frame frame = to_->next(stop_);
      if (frame.kind == FrameKind::answer) {
        done_ = announced_.total;
        take_end(node::print_message(said_));
        check(node::parse_message<node::StreamEnd>(frame.payload));
        return report(true);
      }
      if (frame.kind != FrameKind::progress) throw unexpected();
      tell(node::parse_message<node::StreamProgress>(frame.payload).done, announced_.total.count);
    }
  }

  SshNodes& nodes_;
  RegistryClient& client_;
  const std::string id_;
  node::StreamEnd said_{};  ///< by the source
  node::OciLayout image_{};
};

}  // namespace

RegistryClient& ThroughRegistry::client() const {
  if (!client_) throw Error(ErrorKind::usage, "there is no registry to go through", "name one with --registry");
  return *client_;
}

void ThroughRegistry::note(const std::string& name, bool described) {
  const std::lock_guard lock(mutex_);
  described_[name] |= described;
}

std::string ThroughRegistry::name(const std::string& id) const {
  return client_ ? client_->place().shown() + ":" + tag_of(id) : "";
}

MoveResult ThroughRegistry::move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) {
  if (request.carriage != Carriage::registry) return others_.move(request, progress, stop);
  const std::string id = check_move(request);
  if (request.from_node == request.to_node) {
    MoveRequest on_one = request;
    on_one.carriage = Carriage::relay;
    return others_.move(on_one, progress, stop);
  }
  const auto from = on_side("source", [&] { return nodes_.session(request.from_node, stop); });
  const auto to = on_side("target", [&] { return nodes_.session(request.to_node, stop); });
  const RegistryAsker source{*from, request.from_node}, target{*to, request.to_node};
  RegistryFlow flow(request, progress, stop, nodes_, client(), id);
  note(name(id), false);
  flow.push(source, [&] { note(name(id), true); });
  try {
    const MoveResult moved = flow.pull(target);
    if (request.round == Round::early) remove(request.from_node, name(id), stop);
    return moved;
  } catch (...) {
    quietly([&](const StopToken& soon) { remove(request.from_node, name(id), soon); });
    throw;
  }
}

RegistryLook ThroughRegistry::look(const std::string& node, RegistryUse use, const StopToken& stop) {
  const auto session = nodes_.session(node, stop);
  const RegistryAsker by{*session, node};
  if (use == RegistryUse::pull) {
    client().manifest(by, std::string("sha256:") + kNobody, stop);
    return {};
  }
  client().cancel(by, client().begin(by, stop), stop);
  return {client().remove(by, RegistryClient::What::manifest, kNobody, stop) != RegistryClient::Deleted::never};
}

bool ThroughRegistry::remove(const std::string& node, const std::string& name, const StopToken& stop) {
  const std::string before = client().place().shown() + ":";
  if (!name.starts_with(before))
    throw Error(ErrorKind::refused, name + " is not in the registry that ms2m was given, " + client().place().shown(),
                "name its own with --registry");
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = described_.find(name); known != described_.end() && !known->second) return false;
  }
  const auto session = nodes_.session(node, stop);
  const RegistryAsker by{*session, node};
  const auto manifest = client().manifest(by, name.substr(before.size()), stop);
  if (!manifest) return false;
  using What = RegistryClient::What;
  if (client().remove(by, What::manifest, posix::Sha256::of(*manifest), stop) == RegistryClient::Deleted::never)
    throw Error(
        ErrorKind::refused,
        "registry " + client().place().shown() + " deletes nothing, or not for this login: the checkpoint stays there",
        "delete it where the registry runs");
  // Without the manifest the registry's own collection of garbage has them, too; until then nobody is to pull them.
  for (const std::string& blob : blobs_of(*manifest)) client().remove(by, RegistryClient::What::blob, blob, stop);
  return true;
}

}  // namespace ms2m
