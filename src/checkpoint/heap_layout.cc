#include "checkpoint/heap_layout.h"

#include "base/status_macros.h"
#include "base/strings.h"
#include "weir/detail/types/canonical.h"

namespace weir {
namespace {

using Kind = KeyedStateInfo::Kind;

constexpr uint8_t kListSeparator = ',';

/// Skips one value of a type as Flink sees it.
void skip_value(const TypeDescription& type, BinaryReader& in) {
  switch (type.kind) {
    case TypeKind::kBool:
    case TypeKind::kInt8:
    case TypeKind::kVoid: (void)in.get_u8(); return;
    case TypeKind::kInt16: (void)in.get_u16(); return;
    case TypeKind::kInt32:
    case TypeKind::kFloat: (void)in.get_u32(); return;
    case TypeKind::kInt64:
    case TypeKind::kDouble: (void)in.get_u64(); return;
    case TypeKind::kTimeWindow: (void)in.get_raw(16); return;
    case TypeKind::kString: (void)in.get_flink_string(); return;
    case TypeKind::kBytes: (void)in.get_bytes(); return;
    case TypeKind::kTuple:
      for (const TypeDescription& field : type.children) skip_value(field, in);
      return;
    case TypeKind::kList: {
      const size_t count = in.get_count(1);
      for (size_t i = 0; i < count && in.ok(); ++i) skip_value(type.children[0], in);
      return;
    }
    case TypeKind::kMap: {
      const size_t count = in.get_count(2);
      for (size_t i = 0; i < count && in.ok(); ++i) {
        skip_value(type.children[0], in);
        if (!in.get_bool()) skip_value(type.children[1], in);
      }
      return;
    }
    default: in.fail("a type that Flink does not have");
  }
}

class GroupConverter {
 public:
  GroupConverter(const KeyedStreamHeader& header, std::string_view bytes, BinaryReader& in,
                 detail::CanonicalGroupWriter& out)
      : header_(header), bytes_(bytes), in_(in), out_(out) {}

  void convert_state(int id) {
    const KeyedStateInfo& state = header_.states[static_cast<size_t>(id)];
    out_.begin_state(id);
    const size_t count = in_.get_count(1);
    for (size_t i = 0; i < count && in_.ok(); ++i) {
      if (state.kind == Kind::kTimers) {
        convert_timer(state);
      } else {
        convert_entry(state);
      }
    }
  }

 private:
  /// The bytes that `skip` skips.
  template <class Skip>
  std::string_view taken(Skip&& skip) {
    const size_t begin = in_.position();
    skip();
    return in_.ok() ? bytes_.substr(begin, in_.position() - begin) : std::string_view();
  }
  std::string_view value_of(const TypeDescription& type) {
    return taken([&] { skip_value(type, in_); });
  }

  void convert_timer(const KeyedStateInfo& state) {
    const std::string_view timer = taken([&] {
      (void)in_.get_u64();
      skip_value(header_.key_type, in_);
      skip_value(state.name_space, in_);
    });
    if (!in_.ok()) return;
    out_.begin_key().put_raw(timer);
    out_.begin_value();
    out_.end_entry();
  }

  void convert_entry(const KeyedStateInfo& state) {
    const std::string_view name_space = value_of(state.name_space);
    const std::string_view key = value_of(header_.key_type);
    const auto begin_key = [&]() -> BinaryWriter& {
      BinaryWriter& composite = out_.begin_key();
      composite.put_raw(key);
      composite.put_raw(name_space);
      return composite;
    };
    if (state.kind == Kind::kMap) {
      const size_t count = in_.get_count(2);
      for (size_t i = 0; i < count && in_.ok(); ++i) {
        const std::string_view user_key = value_of(state.value.children[0]);
        const std::string_view value = taken([&] {
          if (!in_.get_bool()) skip_value(state.value.children[1], in_);
        });
        if (!in_.ok()) return;
        begin_key().put_raw(user_key);
        out_.begin_value().put_raw(value);
        out_.end_entry();
      }
    } else if (state.kind == Kind::kList) {
      const size_t count = in_.get_count(1);
      if (!in_.ok() || count == 0) return;  // the canonical layout has no entry for an empty list
      begin_key();
      BinaryWriter& value = out_.begin_value();
      for (size_t i = 0; i < count && in_.ok(); ++i) {
        if (i > 0) value.put_u8(kListSeparator);
        value.put_raw(value_of(state.value));
      }
      out_.end_entry();
    } else {
      const std::string_view value = value_of(state.value);
      if (!in_.ok()) return;
      begin_key();
      out_.begin_value().put_raw(value);
      out_.end_entry();
    }
  }

  const KeyedStreamHeader& header_;
  const std::string_view bytes_;
  BinaryReader& in_;
  detail::CanonicalGroupWriter& out_;
};

}  // namespace

Status heap_group_to_canonical(const KeyedStreamHeader& header, int key_group, int max_parallelism,
                               std::string_view bytes, BinaryWriter& out) {
  BinaryReader in(bytes);
  if (in.get_i32() != key_group) in.fail("another key group");
  detail::CanonicalGroupWriter group(out, key_group, max_parallelism > 128);
  GroupConverter converter(header, bytes, in, group);
  std::vector<bool> seen(header.states.size());
  for (size_t i = 0; i < header.states.size() && in.ok(); ++i) {
    const size_t id = in.get_u16();
    if (id >= seen.size() || seen[id]) {
      in.fail("a state that is not there, or twice");
      break;
    }
    seen[id] = true;
    converter.convert_state(static_cast<int>(id));
  }
  WEIR_RETURN_IF_ERROR(in.status(cat("key group ", key_group)));
  group.end_group();
  return {};
}

}  // namespace weir
