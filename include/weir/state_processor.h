#pragma once

// Reads and writes the state of jobs in checkpoints and savepoints, without running a job: Flink's
// State Processor API. docs/state_processor.md is its guide.
//
// The templates catch no exceptions: those of the program's functions and types pass through.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/offline/bootstrap.h"
#include "weir/detail/offline/keyed_reading.h"
#include "weir/state/state_descriptors.h"
#include "weir/status.h"
#include "weir/types/types.h"

namespace weir {

/// Names an operator of a snapshot.
class OperatorIdentifier {
 public:
  /// By its uid. A string converts to this.
  OperatorIdentifier(std::string uid) : text_(std::move(uid)) {}
  OperatorIdentifier(const char* uid) : text_(uid) {}
  static OperatorIdentifier for_uid(std::string uid) { return {std::move(uid)}; }
  /// By its id: 32 hexadecimal digits, as given to set_uid_hash() or printed by `weir inspect`.
  static OperatorIdentifier for_uid_hash(std::string hash) {
    OperatorIdentifier identifier(std::move(hash));
    identifier.is_hash_ = true;
    return identifier;
  }

  const std::string& text() const { return text_; }
  bool is_hash() const { return is_hash_; }

 private:
  std::string text_;
  bool is_hash_ = false;
};

/// One state of an operator, for display.
struct StoredState {
  std::string name;
  std::string kind;  ///< "value", "list", "map", "reducing", "aggregating", "timers"; of operator
                     ///< state "split", "union", "broadcast"
  std::string type;
  bool keyed = false;
};
struct StoredOperator {
  std::string uid;  ///< empty if only the id is known, as in snapshots of Flink 1.20
  std::string id;   ///< 32 hexadecimal digits
  int parallelism = 1;
  int max_parallelism = 128;
  std::string key_type;  ///< empty without keyed state
  std::vector<StoredState> states;
};

/// Settings of file systems, such as fs.hdfs.client, by key (docs/configuration.md).
using FileSystemSettings = std::map<std::string, std::string>;

/// Reads the state of a checkpoint or savepoint, of weir or of Flink. Values of older types are
/// converted as at a restore (docs/schema_evolution.md). Every byte that is read is verified, if
/// weir has written it. Blocks. Thread: one at a time.
class SavepointReader {
 public:
  /// `path`: a URI of the snapshot's directory or of its `_metadata`.
  static StatusOr<SavepointReader> read(const std::string& path,
                                        const FileSystemSettings& settings = {});

  StatusOr<std::vector<StoredOperator>> operators() const;

  /// Calls emit(result) for each result of `function`, a KeyedStateReaderFunction. Reads the state
  /// in parts of about 64 MiB, or at least one key group.
  template <class Fn, class Emit>
  Status read_keyed_state(const OperatorIdentifier& op, const Fn& function, Emit emit) const {
    const StatusOr<detail::OfflinePart> parts = parts_of(op);
    if (!parts.ok()) return parts.status();
    for (detail::OfflinePart part = *parts; part.index < part.count; ++part.index) {
      const auto restore = [&](KeyGroupRange groups, KeyedState& into) {
        return restore_keyed(op, groups, into);
      };
      if (Status status = detail::read_keyed_part(part, function, restore, emit); !status.ok())
        return status;
    }
    return {};
  }
  /// Returns the results.
  template <class Fn>
  StatusOr<std::vector<typename Fn::Output>> read_keyed_state(const OperatorIdentifier& op,
                                                              const Fn& function) const {
    std::vector<typename Fn::Output> results;
    const Status status = read_keyed_state(
        op, function, [&](typename Fn::Output result) { results.push_back(std::move(result)); });
    if (!status.ok()) return status;
    return results;
  }

  /// The elements of a list of all subtasks.
  template <class T>
  StatusOr<std::vector<T>> read_list_state(const OperatorIdentifier& op,
                                           const ListStateDescriptor<T>& descriptor) const {
    return read_elements<T>(op, descriptor.name, ListStateMode::kSplit);
  }
  template <class T>
  StatusOr<std::vector<T>> read_union_state(const OperatorIdentifier& op,
                                            const ListStateDescriptor<T>& descriptor) const {
    return read_elements<T>(op, descriptor.name, ListStateMode::kUnion);
  }
  /// The copy of the first subtask.
  template <class K, class V>
  StatusOr<std::map<K, V, detail::MapKeyOrder<K>>> read_broadcast_state(
      const OperatorIdentifier& op, const MapStateDescriptor<K, V>& descriptor) const {
    const auto elements = elements_of(op, descriptor.name, ListStateMode::kBroadcast,
                                      detail::BroadcastMap<K, V>::describe());
    if (!elements.ok()) return elements.status();
    detail::BroadcastMap<K, V> map(descriptor.name, ListStateMode::kBroadcast);
    if (elements->empty()) return map.map();
    BinaryReader in(elements->front());
    map.read(in);
    if (!in.ok()) return in.status("broadcast state '" + descriptor.name + "'");
    return map.map();
  }

 private:
  friend class SavepointWriter;
  struct Snapshot;
  explicit SavepointReader(std::shared_ptr<Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}

  StatusOr<detail::OfflinePart> parts_of(const OperatorIdentifier& op) const;
  Status restore_keyed(const OperatorIdentifier& op, KeyGroupRange groups, KeyedState& into) const;
  /// The elements as `declared` writes them.
  StatusOr<std::vector<std::string>> elements_of(const OperatorIdentifier& op,
                                                 const std::string& list, ListStateMode mode,
                                                 const TypeDescription& declared) const;
  template <class T>
  StatusOr<std::vector<T>> read_elements(const OperatorIdentifier& op, const std::string& list,
                                         ListStateMode mode) const {
    const auto elements = elements_of(op, list, mode, Serializer<T>::describe());
    if (!elements.ok()) return elements.status();
    std::vector<T> values;
    for (const std::string& element : *elements) {
      BinaryReader in(element);
      T value{};
      Serializer<T>::read(in, value);
      if (const Status status = in.end("list state '" + list + "'"); !status.ok()) return status;
      values.push_back(std::move(value));
    }
    return values;
  }

  std::shared_ptr<Snapshot> snapshot_;
};

/// Writes a savepoint from records and from the operators of another one. Any job whose operators
/// have these uids starts from it, at any parallelism, and Flink opens it. Thread: one.
class SavepointWriter {
 public:
  /// Without operators. `max_parallelism` must be that of the job.
  static SavepointWriter new_savepoint(int max_parallelism = 128);
  /// With all operators of an existing snapshot, which is only read.
  static SavepointWriter from_existing(const SavepointReader& existing);

  /// Adds an operator, or replaces it. Its state is made by write(), and must fit into memory.
  SavepointWriter& with_operator(OperatorIdentifier op, StateBootstrap bootstrap);
  /// Changes an operator of the existing snapshot: as with_operator(), but the function starts with
  /// the state that is there, of which it must declare everything.
  SavepointWriter& change_operator(OperatorIdentifier op, StateBootstrap bootstrap);
  SavepointWriter& remove_operator(OperatorIdentifier op);
  /// Gives an operator of the existing snapshot another uid. Its state stays as it is.
  SavepointWriter& change_operator_identifier(OperatorIdentifier from, OperatorIdentifier to);

  /// Writes everything to a new directory. FAILED_PRECONDITION: there is something already, or
  /// an operator that was named does not exist. On an error, removes what it has written.
  Status write(const std::string& path, const FileSystemSettings& settings = {}) const;

 private:
  struct Change {
    enum class Kind { kAdd, kChange, kRemove, kRename } kind;
    OperatorIdentifier op;
    OperatorIdentifier to;  ///< kRename
    StateBootstrap bootstrap{};
  };
  class Writing;

  std::shared_ptr<SavepointReader::Snapshot> existing_;  ///< or null
  int max_parallelism_ = 128;
  std::vector<Change> changes_;
};

}  // namespace weir
