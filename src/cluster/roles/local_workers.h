#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "platform/process_group.h"
#include "platform/transport.h"
#include "platform/unique_fd.h"

namespace weir {

/// A secret that a child reads from an inherited descriptor, because every user of the machine can
/// read command lines.
struct InheritedSecret {
  std::string file_key;  ///< the setting that names the secret's file
  UniqueFd file;
};

/// The secrets to pass to worker processes of this host: those on this process's own command line.
/// If no other secret or certificate protects the cluster, draws one at random and adds it to
/// `configuration`. Valid while the result lives.
StatusOr<std::vector<InheritedSecret>> secrets_for_local_workers(Configuration* configuration);

/// The command line of a worker process: `own`, without the program's name and without secrets,
/// plus the settings of its role. Workers share the slots evenly unless
/// taskmanager.numberOfTaskSlots is set.
std::vector<std::string> local_worker_arguments(const std::vector<std::string>& own,
                                                const Configuration& configuration, int count,
                                                const Address& coordinator,
                                                const std::vector<InheritedSecret>& secrets);

/// Starts `count` worker processes on this host with this process's own command line. They register
/// with `coordinator`. `secrets` must outlive them. `report` gets a line whenever one ends
/// unexpectedly.
StatusOr<std::unique_ptr<ProcessGroup>> start_local_workers(
    const Configuration& configuration, int count, const Address& coordinator,
    const std::vector<InheritedSecret>& secrets, std::function<void(const std::string&)> report);

}  // namespace weir
