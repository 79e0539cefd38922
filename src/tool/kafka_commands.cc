// Transactions of Kafka sinks. Only built with the component kafka.

#include <algorithm>
#include <fstream>

#include "base/status_macros.h"
#include "base/strings.h"
#include "kafka/open_transaction.h"
#include "offline/snapshot_reader.h"
#include "platform/real_clock.h"
#include "tool/commands.h"
#include "weir/types/bytes.h"

namespace weir::tool {
namespace {

using kafka::Fate;
using kafka::TransactionAdmin;
using kafka::TransactionHandle;
using kafka::TransactionState;

constexpr const char* kCommittables = "committables";  ///< the state of a sink

/// The properties of librdkafka in a file, NAME=VALUE, and the brokers.
StatusOr<kafka::KafkaProperties> properties_of(const Arguments& arguments) {
  kafka::KafkaProperties properties;
  if (const std::string path = arguments.option("command-config"); !path.empty()) {
    std::ifstream file(path);
    if (!file) return invalid_argument(cat("cannot read ", path, " of --command-config"));
    for (std::string text; std::getline(file, text);) {
      const std::string_view line = trim(text);
      if (line.empty() || line.starts_with('#')) continue;
      const size_t equals = line.find('=');
      if (equals == std::string_view::npos)
        return invalid_argument(cat("'", line, "' in ", path, " is not NAME=VALUE"));
      properties[std::string(trim(line.substr(0, equals)))] = trim(line.substr(equals + 1));
    }
  }
  if (arguments.has("brokers")) properties["bootstrap.servers"] = arguments.option("brokers");
  WEIR_RETURN_IF_ERROR(kafka::check_properties(kafka::Client::Kind::kProducer, properties));
  return properties;
}

std::string seconds_text(int64_t ms) { return cat(ms / 1000, " s"); }

std::string text_of(const std::string& id, const TransactionState& state) {
  const int64_t age_ms = RealClock().wall_ms() - state.start_ms;
  return cat(id, "  ", state.state, "  open for ", seconds_text(age_ms), " of ",
             seconds_text(state.timeout_ms), "  producer ", state.producer_id, " epoch ",
             state.epoch, "\n");
}

/// The open transactions whose ids begin with `prefix`.
Status list(TransactionAdmin& admin, const std::string& prefix) {
  WEIR_ASSIGN_OR_RETURN(std::vector<std::string> ids, admin.ongoing(prefix));
  std::sort(ids.begin(), ids.end());
  for (const std::string& id : ids) {
    WEIR_ASSIGN_OR_RETURN(const TransactionState state, admin.describe(id));
    print(text_of(id, state));
  }
  if (ids.empty()) print("no transaction is open\n");
  return {};
}

/// The transactions that a checkpoint has prepared.
StatusOr<std::vector<TransactionHandle>> handles_in(const std::string& path,
                                                    FileSystemRegistry& files) {
  WEIR_ASSIGN_OR_RETURN(SnapshotReader reader, SnapshotReader::open(path, files, true));
  std::vector<TransactionHandle> handles;
  for (const OperatorSnapshotState& op : reader.operators()) {
    WEIR_ASSIGN_OR_RETURN(const auto elements, reader.list_elements(op, kCommittables));
    for (const std::string& element : elements) {
      BinaryReader outer(element);
      BinaryReader in(outer.get_bytes());
      in.get_i64();
      in.get_i32();
      const auto handle = TransactionHandle::decode(in.get_bytes());
      if (in.ok() && handle.ok()) handles.push_back(*handle);  // otherwise of another sink
    }
  }
  if (handles.empty())
    return failed_precondition(cat(path, " has no prepared transactions of a KafkaSink"));
  return handles;
}

Status commit(TransactionAdmin& admin, const std::string& path, FileSystemRegistry& files) {
  WEIR_ASSIGN_OR_RETURN(const auto handles, handles_in(path, files));
  size_t lost = 0;
  for (const TransactionHandle& handle : handles) {
    WEIR_ASSIGN_OR_RETURN(const Fate fate, admin.commit(handle));
    lost += fate != Fate::kCommitted;
    print(cat(handle.id, "  ",
              fate == Fate::kCommitted ? "committed"
              : fate == Fate::kAborted ? "was aborted by the broker"
                                       : "is unknown to the broker",
              "  records ", handle.records, "\n"));
  }
  if (lost == 0) return {};
  return failed_precondition(cat(lost, " of ", handles.size(),
                                 " transactions could not be committed: their records are not "
                                 "visible to readers"));
}

Status abort(TransactionAdmin& admin, const std::string& id, bool yes) {
  WEIR_ASSIGN_OR_RETURN(const TransactionState state, admin.describe(id));
  if (state.error != kafka::error::kNone)
    return failed_precondition(cat("there is no transactional id '", id, "'"));
  if (!yes) {
    print(text_of(id, state));
    print("Its records are lost if a checkpoint has prepared it. --yes aborts it\n");
    return {};
  }
  WEIR_RETURN_IF_ERROR(admin.fence(id));
  print(cat(id, "  aborted\n"));
  return {};
}

Status run(const Arguments& arguments, FileSystemRegistry& files) {
  const std::string& what = arguments.operands[0];
  const std::string& action = arguments.operands[1];
  const bool named = arguments.operands.size() > 2;
  const bool wanted = action == "commit" || action == "abort";
  if (what != "transactions" || (!wanted && action != "list") || named != wanted)
    return invalid_argument(
        "it is `weir kafka transactions list`, `… commit CHECKPOINT` or `… abort ID`");
  WEIR_ASSIGN_OR_RETURN(const kafka::KafkaProperties properties, properties_of(arguments));
  WEIR_ASSIGN_OR_RETURN(const auto admin, kafka::make_transaction_admin(properties));
  if (action == "list") return list(*admin, arguments.option("prefix"));
  if (action == "commit") return commit(*admin, arguments.operands[2], files);
  return abort(*admin, arguments.operands[2], arguments.has("yes"));
}

}  // namespace

int kafka_transactions(const Arguments& arguments, FileSystemRegistry& files) {
  const Status status = run(arguments, files);
  return status.ok() ? kDone : report(status);
}

}  // namespace weir::tool
