#include "cluster/job_master/registration.h"

#include "base/strings.h"

namespace weir {

std::string reason_to_refuse(const RegisterWorker& worker, const JobGraph& graph,
                             std::string_view build) {
  if (worker.protocol != kProtocolVersion) {
    return cat("it speaks version ", worker.protocol,
               " of the protocol and the coordinator version ", kProtocolVersion,
               ": start both from the same build");
  }
  if (worker.fingerprint != graph.fingerprint.to_hex()) {
    return cat("it was started with another job graph ('", worker.job_name, "', ",
               worker.fingerprint, ") than the coordinator's ('", graph.name, "', ",
               graph.fingerprint.to_hex(),
               "): start both from the same executable with the same arguments");
  }
  if (worker.build != build) {
    return cat("it runs another build of the program (", worker.build, ") than the coordinator (",
               build, "): start both from the same executable");
  }
  if (worker.slots < 1) return "it has no slot: taskmanager.numberOfTaskSlots must be at least 1";
  return {};
}

}  // namespace weir
