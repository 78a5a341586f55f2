// Operations on what lies on the nodes.
#pragma once
#include "journal/operation.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// Waits for an archive that comes yet, and until it is complete. Returns which ones were made too late to be told from
/// somebody else's, and are left; mostly "". Error{inconsistent}: which of several it is cannot be told;
/// Error{timeout}: the kubelet says nothing, and may still make one.
std::string remove_archives(const Migrator::Ports& ports, const op::RemoveArchives& o, const StopToken& stop);
void remove_archive(const Migrator::Ports& ports, const op::RemoveArchive& o, const StopToken& stop);
void remove_dump(const Migrator::Ports& ports, const op::RemoveDump& o, const StopToken& stop);
void remove_layout(const Migrator::Ports& ports, const op::RemoveLayout& o, const StopToken& stop);
void remove_from_registry(const Migrator::Ports& ports, const op::RemoveFromRegistry& o, const StopToken& stop);
void remove_image_name(const Migrator::Ports& ports, const op::RemoveImageName& o, const StopToken& stop);
void point_image_name(const Migrator::Ports& ports, const op::PointImageName& o, const StopToken& stop);
void remove_image(const Migrator::Ports& ports, const op::RemoveImage& o, const StopToken& stop);

}  // namespace ms2m
