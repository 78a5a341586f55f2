#include <optional>

#include "engine/timed_ports.hpp"

namespace ms2m {
namespace {

using Call = MainLine::Call;
using Kind = MainLine::Kind;

class TimedNodes final : public Nodes {
 public:
  TimedNodes(Nodes& inner, MainLine& line) : inner_(inner), line_(line) {}
  void open(const std::string& node, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "session on " + node);
    inner_.open(node, stop);
  }

 private:
  Nodes& inner_;
  MainLine& line_;
};

class TimedInspector final : public NodeInspector {
 public:
  TimedInspector(NodeInspector& inner, MainLine& line) : inner_(inner), line_(line) {}
  NodeLook look(const std::string& node, const LookAt& at, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "look at " + node, Kind::look);
    return inner_.look(node, at, stop);
  }
  NodeTools tools(const std::string& node, const std::string& container_id, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "tools of " + node, Kind::look);
    return inner_.tools(node, container_id, stop);
  }

 private:
  NodeInspector& inner_;
  MainLine& line_;
};

class TimedArchives final : public CheckpointArchives {
 public:
  TimedArchives(CheckpointArchives& inner, MainLine& line) : inner_(inner), line_(line) {}
  std::vector<ArchiveFile> list(const std::string& node, const ArchivesOf& of, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "archives of " + node, Kind::look);
    return inner_.list(node, of, stop);
  }
  std::vector<ArchiveFile> list_new(const std::string& node, const ArchivesOf& of, const NewArchive& news,
                                    const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "a new archive on " + node);
    return inner_.list_new(node, of, news, stop);
  }
  void wait_complete(const std::string& node, const std::string& path, const StopToken& stop) override {
    const Call call(line_, WaitFor::disk, "an archive on " + node);
    inner_.wait_complete(node, path, stop);
  }
  bool remove(const std::string& node, const std::string& path, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "remove an archive on " + node);
    return inner_.remove(node, path, stop);
  }

 private:
  CheckpointArchives& inner_;
  MainLine& line_;
};

class TimedCarrier final : public Carrier {
 public:
  TimedCarrier(Carrier& inner, MainLine& line) : inner_(inner), line_(line) {}
  Landing landing(const std::string& node, const std::string& id, Unpack as) const override {
    return inner_.landing(node, id, as);
  }
  std::optional<std::string> obstacle(const std::string& from_node, const std::string& to_node,
                                      const StopToken& stop) override {
    const Call call(line_, WaitFor::network, "connection from " + from_node + " to " + to_node);
    return inner_.obstacle(from_node, to_node, stop);
  }
  MoveResult move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) override {
    const Call call(line_, WaitFor::network, "archive to " + request.to_node);
    return inner_.move(request, progress, stop);
  }
  Bytes bring_pages(const PagesRequest& request, const std::function<void()>& open, const ProgressFn& progress,
                    const StopToken& stop) override {
    std::optional<Call> call;
    if (!request.lazy)
      call.emplace(line_, WaitFor::network, "pages to " + request.to_node);  // they come beside the rest
    return inner_.bring_pages(request, open, progress, stop);
  }

 private:
  Carrier& inner_;
  MainLine& line_;
};

class TimedProcesses final : public ContainerProcess {
 public:
  TimedProcesses(ContainerProcess& inner, MainLine& line) : inner_(inner), line_(line) {}
  bool freeze(const std::string& node, const std::string& container, const FreezeTerms& terms,
              const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "freeze on " + node);
    return inner_.freeze(node, container, terms, stop);
  }
  bool holds(const std::string& node, const std::string& container) const override {
    return inner_.holds(node, container);
  }
  bool thaw(const std::string& node, const std::string& container, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "thaw on " + node);
    return inner_.thaw(node, container, stop);
  }
  bool kill(const std::string& node, const std::string& container, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "kill on " + node);
    return inner_.kill(node, container, stop);
  }
  void attend_checkpoint(const std::string& node, const std::string& container, bool over,
                         const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "attend the checkpoint on " + node);
    inner_.attend_checkpoint(node, container, over, stop);
  }
  bool mend_checkpoint(const std::string& node, const std::string& container, const StopToken& stop) override {
    const Call call(line_, WaitFor::runtime, "end of the checkpoint on " + node);
    return inner_.mend_checkpoint(node, container, stop);
  }

 private:
  ContainerProcess& inner_;
  MainLine& line_;
};

class TimedDumps final : public RuntimeCheckpoints {
 public:
  TimedDumps(RuntimeCheckpoints& inner, MainLine& line) : inner_(inner), line_(line) {}
  DumpResult take(const std::string& node, const std::string& id, const std::string& container,
                  const StopToken& stop) override {
    const Call call(line_, WaitFor::runtime, "checkpoint on " + node);
    return inner_.take(node, id, container, stop);
  }
  DumpResult take_without_pages(const std::string& node, const std::string& id, const std::string& container,
                                Millis limit, const StopToken& stop) override {
    const Call call(line_, WaitFor::runtime, "checkpoint on " + node);
    return inner_.take_without_pages(node, id, container, limit, stop);
  }
  bool remove(const std::string& node, const std::string& id, const StopToken& stop) override {
    const Call call(line_, WaitFor::node, "remove a dump on " + node);
    return inner_.remove(node, id, stop);
  }

 private:
  RuntimeCheckpoints& inner_;
  MainLine& line_;
};

}  // namespace

std::unique_ptr<Nodes> timed(Nodes& nodes, MainLine& line) { return std::make_unique<TimedNodes>(nodes, line); }
std::unique_ptr<NodeInspector> timed(NodeInspector& inspector, MainLine& line) {
  return std::make_unique<TimedInspector>(inspector, line);
}
std::unique_ptr<CheckpointArchives> timed(CheckpointArchives& archives, MainLine& line) {
  return std::make_unique<TimedArchives>(archives, line);
}
std::unique_ptr<Carrier> timed(Carrier& carrier, MainLine& line) {
  return std::make_unique<TimedCarrier>(carrier, line);
}
std::unique_ptr<ContainerProcess> timed(ContainerProcess& processes, MainLine& line) {
  return std::make_unique<TimedProcesses>(processes, line);
}
std::unique_ptr<RuntimeCheckpoints> timed(RuntimeCheckpoints& dumps, MainLine& line) {
  return std::make_unique<TimedDumps>(dumps, line);
}

}  // namespace ms2m
