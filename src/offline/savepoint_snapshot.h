#pragma once

#include <memory>

#include "offline/snapshot_reader.h"
#include "weir/state_processor.h"

namespace weir {

/// An open snapshot, and the file systems that it is read from.
struct SavepointReader::Snapshot {
  Snapshot(std::unique_ptr<FileSystemRegistry> its_files, SnapshotReader its_reader)
      : files(std::move(its_files)), reader(std::move(its_reader)) {}

  std::unique_ptr<FileSystemRegistry> files;
  SnapshotReader reader;
};

/// The id of an operator. INVALID_ARGUMENT: it is not 32 hexadecimal digits.
StatusOr<OperatorId> id_of(const OperatorIdentifier& op);
/// For messages.
std::string label_of(const OperatorIdentifier& op);
/// NOT_FOUND lists the operators that there are.
StatusOr<const OperatorSnapshotState*> find_operator(SnapshotReader& reader,
                                                     const OperatorIdentifier& op);
/// The file systems with these settings.
std::unique_ptr<FileSystemRegistry> file_systems_of(const FileSystemSettings& settings);

}  // namespace weir
