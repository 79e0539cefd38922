#pragma once

// The fields of types, state handles and restore plans in messages.

#include <vector>

#include "cluster/codec/archive.h"

namespace weir::codec {

inline constexpr int kMaxTypeDepth = 64;

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

}  // namespace weir::codec
