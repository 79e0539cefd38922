// Messages as frames: one byte for the kind, then the fields in order. Each struct lists its fields
// once, for both directions.

#include <bit>
#include <limits>
#include <map>
#include <optional>
#include <type_traits>

#include "base/strings.h"
#include "cluster/messages.h"
#include "cluster/metric_fields.h"
#include "weir/types/bytes.h"

namespace weir {
namespace {

constexpr int kMaxTypeDepth = 64;

class Encoder {
 public:
  static constexpr bool kReads = false;
  BinaryWriter out;
  bool ok() const { return true; }

  template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void operator()(T& value) {
    out.put_i64(static_cast<int64_t>(value));
  }
  void operator()(std::string& text) { out.put_bytes(text); }
  void operator()(double& value) { out.put_i64(std::bit_cast<int64_t>(value)); }
  size_t count(size_t n, size_t) {
    out.put_count(n);
    return n;
  }
};

class Decoder {
 public:
  static constexpr bool kReads = true;
  explicit Decoder(std::string_view bytes) : in(bytes) {}
  BinaryReader in;
  int type_depth = 0;
  bool in_layers = false;
  bool ok() const { return in.ok(); }

  template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void operator()(T& value) {
    const int64_t read = in.get_i64();
    if constexpr (std::is_same_v<T, bool>) {
      if (read != 0 && read != 1) in.fail("a truth value that is neither 0 nor 1");
      value = read == 1;
    } else if constexpr (std::is_integral_v<T> && sizeof(T) < 8) {
      if (read < std::numeric_limits<T>::min() ||
          read > static_cast<int64_t>(std::numeric_limits<T>::max()))
        in.fail("a number out of range");
      value = static_cast<T>(read);
    } else {
      value = static_cast<T>(read);
    }
  }
  void operator()(std::string& text) { text = in.get_bytes(); }
  void operator()(double& value) { value = std::bit_cast<double>(in.get_i64()); }
  size_t count(size_t, size_t min_element_bytes) { return in.get_count(min_element_bytes); }
};

// Every value takes at least four bytes. Empty structs take less, but there are no lists of them.
constexpr size_t kMin = 4;

template <class Archive, class T>
void operator|(Archive& archive, T& value);

template <class Archive>
void fields(Archive& a, Id128& id) {
  for (uint8_t& byte : id.bytes) a(byte);
}
template <class Archive>
void fields(Archive& a, Status& status) {
  auto code = status.code();
  std::string message(status.message());
  a(code);
  a(message);
  if constexpr (Archive::kReads) {
    if (code < StatusCode::kOk || code > StatusCode::kDataLoss) {
      a.in.fail("an unknown status code");
      return;
    }
    status = Status(code, std::move(message));
  }
}
template <class Archive>
void fields(Archive& a, TypeDescription& type) {
  if constexpr (Archive::kReads) {
    if (++a.type_depth > kMaxTypeDepth) a.in.fail("a type nested too deeply");
  }
  a | type.kind;
  a | type.name;
  a | type.field_names;
  if (a.ok()) a | type.children;
  a | type.fixed_size;
  a | type.flink_only;
  if constexpr (Archive::kReads) {
    --a.type_depth;
    if (type.kind > TypeKind::kTimeWindow) a.in.fail("an unknown kind of type");
  }
}
template <class Archive>
void fields(Archive& a, KeyGroupRange& range) {
  a | range.first;
  a | range.last;
}
template <class Archive>
void fields(Archive& a, InlineBytes& stream) {
  a | stream.bytes;
  a | stream.name;
}
template <class Archive>
void fields(Archive& a, FileSegment& stream) {
  a | stream.file;
  a | stream.offset;
  a | stream.length;
}
template <class Archive>
void fields(Archive& a, HostedPart& part) {
  a | part.operator_id;
  a | part.types;
}
template <class Archive>
void fields(Archive& a, KeyedStateHandle& handle);
/// Layers have none themselves.
template <class Archive>
void fields_of_layers(Archive& a, std::vector<KeyedStateHandle>& layers) {
  if constexpr (Archive::kReads) {
    if (a.in_layers) {
      if (a.in.get_i32() != 0) a.in.fail("layers inside a layer");
      return;
    }
    a.in_layers = true;
  }
  a | layers;
  if constexpr (Archive::kReads) a.in_layers = false;
}
template <class Archive>
void fields(Archive& a, KeyedStateHandle& handle) {
  a | handle.range;
  a | handle.offsets;
  a | handle.stream;
  a | handle.heap_max_parallelism;
  a | handle.hosted;
  a | handle.changes;
  fields_of_layers(a, handle.layers);
}
template <class Archive>
void fields(Archive& a, ListStateLocation& list) {
  a | list.mode;
  a | list.offsets;
}
template <class Archive>
void fields(Archive& a, OperatorStateHandle& handle) {
  a | handle.lists;
  a | handle.stream;
}
template <class Archive>
void fields(Archive& a, SubtaskState& state) {
  a | state.operator_state;
  a | state.keyed_state;
  a | state.finished;
}
template <class Archive>
void fields(Archive& a, OperatorSubtaskState& state) {
  a | state.operator_id;
  a | state.subtask;
  a | state.state;
}
template <class Archive>
void fields(Archive& a, DataFile& file) {
  a | file.name;
  a | file.length;
  a | file.checksum;
  a | file.block_bytes;
}
template <class Archive>
void fields(Archive& a, KeyedStateInfo& info) {
  a | info.kind;
  a | info.name;
  a | info.name_space;
  a | info.value;
}
template <class Archive>
void fields(Archive& a, ListStateInfo& info) {
  a | info.name;
  a | info.mode;
  a | info.element;
}
template <class Archive>
void fields(Archive& a, OperatorStateDescription& d) {
  a | d.operator_id;
  a | d.uid;
  a | d.key_type;
  a | d.keyed_states;
  a | d.lists;
}
template <class Archive>
void fields(Archive& a, Sidecar& sidecar) {
  a | sidecar.checkpoint_id;
  a | sidecar.operators;  // without files: each worker gets its own list
}
template <class Archive>
void fields(Archive& a, KeyedStateSelection& s) {
  a | s.handle;
  a | s.groups;
}
template <class Archive>
void fields(Archive& a, ListStateSelection& s) {
  a | s.handle;
  a | s.list;
  a | s.mode;
  a | s.elements;
}
template <class Archive>
void fields(Archive& a, SubtaskRestore& r) {
  a | r.keyed;
  a | r.lists;
}
template <class Archive>
void fields(Archive& a, OperatorRestore& r) {
  a | r.name;
  a | r.uid;
  a | r.id;
  a | r.found;
  a | r.old_parallelism;
  a | r.bytes;
  a | r.for_all;  // without selections of single subtasks: each worker gets its own
}
template <class Archive>
void fields(Archive& a, RestorePlan& plan) {
  a | plan.checkpoint_id;
  a | plan.operators;
}

template <class Archive>
void fields(Archive& a, RegisterWorker& m) {
  a | m.protocol;
  a | m.fingerprint;
  a | m.job_name;
  a | m.build;
  a | m.worker;
  a | m.host;
  a | m.data_address;
  a | m.slots;
}
template <class Archive>
void fields(Archive& a, Deployed& m) {
  a | m.attempt;
}
template <class Archive>
void fields(Archive& a, TaskFailed& m) {
  a | m.attempt;
  a | m.task;
  a | m.status;
}
template <class Archive>
void fields(Archive& a, TasksEnded& m) {
  a | m.attempt;
  a | m.finished;
}
template <class Archive>
void fields(Archive& a, Canceled& m) {
  a | m.attempt;
}
template <class Archive>
void fields(Archive& a, ProgressReport& m) {
  a | m.attempt;
  a | m.source_records;
  a | m.watermark;
  a | m.late_records;
}
template <class Archive>
void fields(Archive&, HeartbeatReply&) {}
template <class Archive>
void fields(Archive& a, MetricsOfWorker& m) {
  a | m.attempt;
  a | m.report;
}
template <class Archive>
void fields(Archive& a, TextOfProcess& m) {
  a | m.request;
  a | m.text;
}
template <class Archive>
void fields(Archive& a, TaskCheckpointFigures& f) {
  a | f.vertex;
  a | f.subtask;
  a | f.start_delay_us;
  a | f.alignment_us;
  a | f.sync_us;
  a | f.async_us;
  a | f.state_bytes;
  a | f.overtook;
  a | f.in_flight_bytes;
}
template <class Archive>
void fields(Archive& a, AcknowledgeCheckpoint& m) {
  a | m.attempt;
  a | m.id;
  a | m.process;
  a | m.states;
  a | m.files;
  a | m.descriptions;
  a | m.tasks;
}
template <class Archive>
void fields(Archive& a, DeclineCheckpoint& m) {
  a | m.attempt;
  a | m.id;
  a | m.process;
  a | m.reason;
}

template <class Archive>
void fields(Archive& a, RequestSplit& m) {
  a | m.attempt;
  a | m.vertex;
  a | m.subtask;
}

template <class Archive>
void fields(Archive& a, ReportWatermark& m) {
  a | m.attempt;
  a | m.vertex;
  a | m.subtask;
  a | m.watermark;
}

template <class Archive>
void fields(Archive& a, Registered& m) {
  a | m.epoch;
}
template <class Archive>
void fields(Archive& a, Refused& m) {
  a | m.reason;
}
template <class Archive>
void fields(Archive& a, AttemptPlan& p) {
  a | p.shards;
  a | p.worker_of_shard;
  a | p.data_addresses;
  a | p.restored_checkpoint;
  a | p.restored_directory;
  a | p.run;
  a | p.continues_run;
  a | p.max_parallelisms;
  a | p.plan;
  a | p.sidecar;
}
template <class Archive>
void fields(Archive& a, RestoredSubtask& r) {
  a | r.op;
  a | r.subtask;
  a | r.restore;
}
template <class Archive>
void fields(Archive& a, SubtaskSplits& s) {
  a | s.vertex;
  a | s.subtask;
  a | s.splits;
  a | s.more_follow;
}
template <class Archive>
void fields(Archive& a, Deploy& m) {
  a | m.attempt;
  a | m.own;
  a | m.own_shards;
  a | m.common;
  a | m.restores;
  a | m.files;
  a | m.splits;
}
template <class Archive>
void fields(Archive& a, Start& m) {
  a | m.attempt;
  a | m.stopped;
}
template <class Archive>
void fields(Archive& a, Cancel& m) {
  a | m.attempt;
}
template <class Archive>
void fields(Archive& a, AssignSplits& m) {
  a | m.attempt;
  a | m.to;
}
template <class Archive>
void fields(Archive& a, AlignWatermark& m) {
  a | m.attempt;
  a | m.vertex;
  a | m.max_allowed;
}
template <class Archive>
void fields(Archive&, Heartbeat&) {}
template <class Archive>
void fields(Archive& a, RequestText& m) {
  a | m.request;
  a | m.what;
}
template <class Archive>
void fields(Archive& a, Shutdown& m) {
  a | m.failed;
  a | m.message;
}
template <class Archive>
void fields(Archive& a, TriggerCheckpoint& m) {
  a | m.attempt;
  a | m.id;
  a | m.timestamp_ms;
  a | m.savepoint;
  a | m.stop;
  a | m.full;
  if constexpr (Archive::kReads) {
    if (m.stop > StopMode::kDrain) a.in.fail("an unknown way to stop");
  }
}
template <class Archive>
void fields(Archive& a, NotifyCheckpointComplete& m) {
  a | m.attempt;
  a | m.id;
  a | m.ends_job;
}
template <class Archive>
void fields(Archive& a, CommitWithoutCheckpoint& m) {
  a | m.attempt;
}
template <class Archive>
void fields(Archive& a, NotifyCheckpointAborted& m) {
  a | m.attempt;
  a | m.id;
}

// Containers.

/// The placement of thousands of shards is a long list of these.
template <class Archive>
void value(Archive& a, std::vector<int32_t>& list) {
  const size_t n = a.count(list.size(), sizeof(int32_t));
  if constexpr (Archive::kReads) list.assign(n, 0);
  for (int32_t& each : list) {
    if constexpr (Archive::kReads) {
      each = a.in.get_i32();
    } else {
      a.out.put_i32(each);
    }
  }
}
template <class Archive, class T>
void value(Archive& a, std::vector<T>& list) {
  const size_t n = a.count(list.size(), kMin);
  if constexpr (Archive::kReads) list.clear();
  for (size_t i = 0; i < n && a.ok(); ++i) {
    if constexpr (Archive::kReads) list.emplace_back();
    a | list[i];
  }
}
template <class Archive, class T>
void value(Archive& a, std::map<std::string, T>& map) {
  const size_t n = a.count(map.size(), kMin);
  if constexpr (Archive::kReads) {
    for (size_t i = 0; i < n && a.ok(); ++i) {
      std::string key;
      a | key;
      a | map[key];
    }
  } else {
    for (auto& [key, mapped] : map) {
      a(const_cast<std::string&>(key));
      a | mapped;
    }
  }
}
template <class Archive, class T>
void value(Archive& a, std::optional<T>& optional) {
  bool present = optional.has_value();
  a(present);
  if (!present || !a.ok()) return;
  if constexpr (Archive::kReads) optional.emplace();
  a | *optional;
}
template <class Archive, class T>
void value(Archive& a, std::shared_ptr<const T>& shared) {
  bool present = shared != nullptr;
  a(present);
  if (!present || !a.ok()) return;
  if constexpr (Archive::kReads) {
    auto made = std::make_shared<T>();
    a | *made;
    shared = std::move(made);
  } else {
    a | const_cast<T&>(*shared);
  }
}
template <class Archive, class T>
void value(Archive& a, Shared<T>& shared) {
  if constexpr (Archive::kReads) {
    T read;
    a | read;
    shared = Shared<T>(std::move(read));
  } else {
    std::string& encoded = shared.encoded();
    if (encoded.empty()) {
      Encoder once;
      once | const_cast<T&>(*shared);
      encoded = once.out.take();
    }
    a.out.put_raw(encoded);
  }
}
template <class Archive, class... T>
void value(Archive& a, std::variant<T...>& variant) {
  size_t index = variant.index();
  a(index);
  if constexpr (Archive::kReads) {
    size_t i = 0;
    const bool known = ((i++ == index ? (variant = T(), true) : false) || ...);
    if (!known || !a.ok()) {
      a.in.fail("an unknown alternative");
      return;
    }
  }
  std::visit([&](auto& alternative) { a | alternative; }, variant);
}

template <class Archive, class T>
void operator|(Archive& archive, T& v) {
  if constexpr (std::is_integral_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string> ||
                std::is_same_v<T, double>) {
    archive(v);
  } else if constexpr (requires { value(archive, v); }) {
    value(archive, v);
  } else {
    fields(archive, v);
  }
}

template <class Variant>
std::string encode_variant(const Variant& message) {
  Encoder encoder;
  encoder | const_cast<Variant&>(message);
  return encoder.out.take();
}

template <class Variant>
StatusOr<Variant> decode_variant(std::string_view frame, std::string_view from) {
  Decoder decoder(frame);
  Variant message;
  decoder | message;
  if (Status status = decoder.in.end(from); !status.ok()) return status;
  return message;
}

}  // namespace

std::string attempt_text(AttemptId attempt) {
  const int64_t counter = attempt - first_attempt_of(epoch_of(attempt));
  return epoch_of(attempt) == 0 ? cat(counter) : cat(epoch_of(attempt), '.', counter);
}

std::string encode(const FromWorker& message) { return encode_variant(message); }
std::string encode(const FromMaster& message) { return encode_variant(message); }
StatusOr<FromWorker> decode_from_worker(std::string_view frame) {
  return decode_variant<FromWorker>(frame, "a message from a worker");
}
StatusOr<FromMaster> decode_from_master(std::string_view frame) {
  return decode_variant<FromMaster>(frame, "a message from the coordinator");
}

std::optional<int32_t> protocol_of_registration(std::string_view frame) {
  static_assert(std::is_same_v<std::variant_alternative_t<0, FromWorker>, RegisterWorker>);
  BinaryReader in(frame);
  const int64_t kind = in.get_i64();
  const int64_t protocol = in.get_i64();
  if (!in.ok() || kind != 0) return std::nullopt;
  return static_cast<int32_t>(protocol);
}

}  // namespace weir
