// Operations that send the source or the copy of a stream on.
#pragma once
#include <optional>

#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// The source says that it serves the stream. False also when it does not answer.
bool reads_stream(const Migrator::Ports& ports, const op::ResumeStream& o, const StopToken& stop);
/// Returns when it does, or is not there.
void resume_stream(const Migrator::Ports& ports, const op::ResumeStream& o, const StopToken& stop);

/// As the copy says; nullopt: it does not answer.
std::optional<bool> serves_stream(Broker& broker, const op::ServeStream& o, const StopToken& stop);
/// Returns when the copy says that it serves. END_REPLAY, which must have been sent once, is sent again to one that
/// answers and does not: it was started again since. Error{inconsistent}: its pod is lost; Error{timeout}: it was asked
/// all the time and did not say so; Error{unavailable}: the broker could not be asked.
void serve_stream(const Migrator::Ports& ports, const op::ServeStream& o, const StopToken& stop);
void await_stream_served(Cluster& cluster, Broker& broker, const op::ServeStream& o, const StopToken& stop);

/// Until nobody listens to the control queue of a target whose pod is gone. Error{timeout}: somebody still does.
void await_reader_gone(Broker& broker, const std::string& control_queue, const StopToken& stop);

}  // namespace ms2m
