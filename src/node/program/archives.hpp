// The checkpoint archives of this node's kubelet (ms2m/archive.hpp).
#pragma once
#include <string>

#include "node/program/channel.hpp"
#include "node/program/kept_memory.hpp"
#include "node/protocol/messages.hpp"

namespace ms2m::node {

ArchiveList list_archives(const ListArchives& request, const StopToken& stop);
Nothing wait_archive(const WaitArchive& request, const StopToken& stop);
Found remove_archive(const RemoveArchive& request);
StreamEnd read_archive(const ReadArchive& request, KeptMemory& kept, Channel& channel);

}  // namespace ms2m::node
