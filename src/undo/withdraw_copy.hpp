// The way back of a move without the control protocol after its pivot.
#pragma once
#include "journal/journal.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

struct CopyPorts {
  Cluster& cluster;
  ImageStore& images;
  NodeRestores& restores;
};

/// `--protocol none`, after the pivot, and the copy does not serve (after a crash: carries out its start first). True:
/// it never ran, or `valve_held` (it ran behind a valve that was closed all the time, so it got nothing); then it was
/// removed and cannot come any more, and the source may be thawed. False: it serves, or may have had messages: only
/// forward. Throws Error when neither can be told.
bool withdraw_copy(const CopyPorts& ports, const Journal& journal, bool valve_held, const StopToken& stop);
/// For abort and resume: carries out the start of the copy if that is what the journal leads to; then as
/// withdraw_copy().
bool must_turn_back(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop);

}  // namespace ms2m
