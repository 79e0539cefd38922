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

/// A secret that a child reads from a descriptor that it inherits: everybody on the machine can
/// read command lines.
struct InheritedSecret {
  std::string file_key;  ///< the setting that names its file
  UniqueFd file;
};

/// The secrets that worker processes of this host must be given: those of this process's own
/// command line, and, where nothing else proves who belongs to the cluster, one that is drawn,
/// which `configuration` then has too. Valid while the result lives.
StatusOr<std::vector<InheritedSecret>> secrets_for_local_workers(Configuration* configuration);

/// The command line of a worker process: `own`, without the program's name and without secrets, and
/// the settings of its role. They share their slots evenly unless taskmanager.numberOfTaskSlots is
/// set.
std::vector<std::string> local_worker_arguments(const std::vector<std::string>& own,
                                                const Configuration& configuration, int count,
                                                const Address& coordinator,
                                                const std::vector<InheritedSecret>& secrets);

/// Starts `count` worker processes on this host, of this process's own command line, that register
/// with `coordinator`. `secrets` outlives them. `report` gets a line whenever one ends unasked.
StatusOr<std::unique_ptr<ProcessGroup>> start_local_workers(
    const Configuration& configuration, int count, const Address& coordinator,
    const std::vector<InheritedSecret>& secrets, std::function<void(const std::string&)> report);

}  // namespace weir
