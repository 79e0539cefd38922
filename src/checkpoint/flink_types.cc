#include "checkpoint/flink_types.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/status_macros.h"
#include "base/strings.h"
#include "types/compatibility.h"

namespace weir {
namespace {

constexpr int32_t kSnapshotVersion = 2;
constexpr int32_t kSimpleVersion = 3;
constexpr int32_t kCompositeVersion = 3;
constexpr int32_t kCompositeMagic = 911108;
constexpr int32_t kNestedMagic = 1333245;
constexpr int32_t kNestedVersion = 1;
// Real types are not nested deeper; a damaged file must not exhaust the stack.
constexpr int kMaxDepth = 64;

struct SimpleClass {
  TypeKind kind;
  std::string_view name;
};
#define WEIR_BASE "org.apache.flink.api.common.typeutils.base."
constexpr SimpleClass kSimple[] = {
    {TypeKind::kString, WEIR_BASE "StringSerializer$StringSerializerSnapshot"},
    {TypeKind::kInt64, WEIR_BASE "LongSerializer$LongSerializerSnapshot"},
    {TypeKind::kInt32, WEIR_BASE "IntSerializer$IntSerializerSnapshot"},
    {TypeKind::kInt16, WEIR_BASE "ShortSerializer$ShortSerializerSnapshot"},
    {TypeKind::kInt8, WEIR_BASE "ByteSerializer$ByteSerializerSnapshot"},
    {TypeKind::kDouble, WEIR_BASE "DoubleSerializer$DoubleSerializerSnapshot"},
    {TypeKind::kFloat, WEIR_BASE "FloatSerializer$FloatSerializerSnapshot"},
    {TypeKind::kBool, WEIR_BASE "BooleanSerializer$BooleanSerializerSnapshot"},
    {TypeKind::kBytes,
     WEIR_BASE "array.BytePrimitiveArraySerializer$BytePrimitiveArraySerializerSnapshot"},
    {TypeKind::kVoid,
     "org.apache.flink.runtime.state.VoidNamespaceSerializer$VoidNamespaceSerializerSnapshot"},
    {TypeKind::kTimeWindow,
     "org.apache.flink.streaming.api.windowing.windows.TimeWindow$Serializer$"
     "TimeWindowSerializerSnapshot"},
};

struct CompositeClass {
  TypeKind kind;
  std::string_view tuple_name;  ///< distinguishes a timer and a TTL value from a plain tuple
  std::string_view name;
  int32_t outer_version;
  size_t children;  ///< 0: any number up to the size of Flink's longest tuple
};
constexpr CompositeClass kComposite[] = {
    {TypeKind::kList, "", WEIR_BASE "ListSerializerSnapshot", 1, 1},
    {TypeKind::kMap, "", WEIR_BASE "MapSerializerSnapshot", 1, 2},
    {TypeKind::kTuple, kTimerTuple,
     "org.apache.flink.streaming.api.operators.TimerSerializerSnapshot", 2, 2},
    {TypeKind::kTuple, kTtlTuple,
     "org.apache.flink.runtime.state.ttl.TtlStateFactory$TtlSerializerSnapshot", 2, 2},
    {TypeKind::kTuple, "", "org.apache.flink.api.java.typeutils.runtime.TupleSerializerSnapshot", 2,
     0},
};
#undef WEIR_BASE
constexpr std::string_view kTupleClass = "org.apache.flink.api.java.tuple.Tuple";
constexpr size_t kLongestTuple = 25;

const SimpleClass* simple_of(TypeKind kind) {
  const auto* found = std::find_if(std::begin(kSimple), std::end(kSimple),
                                   [&](const SimpleClass& c) { return c.kind == kind; });
  return found == std::end(kSimple) ? nullptr : found;
}

void put_versioned(BinaryWriter& out, const TypeDescription& type) {
  if (const SimpleClass* simple = simple_of(type.kind)) {
    out.put_utf(simple->name);
    out.put_i32(kSimpleVersion);
    return;
  }
  const auto* composite =
      std::find_if(std::begin(kComposite), std::end(kComposite), [&](const CompositeClass& c) {
        return c.kind == type.kind && (c.kind != TypeKind::kTuple || c.tuple_name == type.name);
      });
  // flink_view() returns only kinds from the two tables.
  out.put_utf(composite->name);
  out.put_i32(kCompositeVersion);
  out.put_i32(kCompositeMagic);
  out.put_i32(composite->outer_version);
  if (composite->children == 0) out.put_utf(cat(kTupleClass, type.children.size()));
  out.put_i32(kNestedMagic);
  out.put_i32(kNestedVersion);
  out.put_count(type.children.size());
  for (const TypeDescription& child : type.children) put_versioned(out, child);
}

Status unknown(std::string_view what, std::string_view name) {
  return failed_precondition(cat("weir does not know ", what, " '", name,
                                 "' and cannot read the state that it describes; state must be "
                                 "made of strings, numbers, booleans, "
                                 "byte arrays, lists, maps and tuples of these"));
}

StatusOr<TypeDescription> get_versioned(BinaryReader& in, int depth) {
  const auto damaged = [&](std::string_view what) -> Status {
    if (!in.ok()) return in.status("a serializer");
    return data_loss(cat("a serializer is malformed before offset ", in.position(), ": ", what));
  };
  if (depth > kMaxDepth) return damaged("types inside types, too deep");
  const std::string name = in.get_utf();
  const int32_t version = in.get_i32();
  if (!in.ok()) return damaged("");
  TypeDescription type;

  for (const SimpleClass& simple : kSimple) {
    if (simple.name != name) continue;
    if (version != kSimpleVersion && version != 2)
      return unknown(cat("version ", version, " of"), name);
    if (version == 2) (void)in.get_utf();
    type.kind = simple.kind;
    return in.ok() ? StatusOr<TypeDescription>(std::move(type)) : damaged("");
  }

  const auto* composite = std::find_if(std::begin(kComposite), std::end(kComposite),
                                       [&](const CompositeClass& c) { return c.name == name; });
  if (composite == std::end(kComposite)) return unknown("Flink's serializer snapshot", name);
  if (version != kCompositeVersion) return unknown(cat("version ", version, " of"), name);
  if (in.get_i32() != kCompositeMagic) return damaged("no magic number of a composite");
  if (const int32_t outer = in.get_i32(); in.ok() && outer != composite->outer_version) {
    return unknown(cat("outer version ", outer, " of"), name);
  }
  std::string tuple_class;
  if (composite->children == 0) tuple_class = in.get_utf();
  if (in.get_i32() != kNestedMagic) return damaged("no magic number of nested serializers");
  if (const int32_t nested = in.get_i32(); in.ok() && nested != kNestedVersion) {
    return unknown(cat("nested version ", nested, " of"), name);
  }
  const auto count = static_cast<size_t>(static_cast<uint32_t>(in.get_i32()));
  if (!in.ok()) return damaged("");
  if (composite->children == 0) {
    if (count < 1 || count > kLongestTuple)
      return damaged("a tuple with an impossible number of fields");
    if (tuple_class != cat(kTupleClass, count)) return unknown("the tuple class", tuple_class);
  } else if (count != composite->children) {
    return damaged("another number of nested serializers than the class has");
  }
  type.kind = composite->kind;
  type.name = composite->tuple_name;
  for (size_t i = 0; i < count; ++i) {
    WEIR_ASSIGN_OR_RETURN(TypeDescription child, get_versioned(in, depth + 1));
    type.children.push_back(std::move(child));
  }
  return type;
}

}  // namespace

void put_serializer_snapshot(BinaryWriter& out, const TypeDescription& type) {
  out.put_i32(kSnapshotVersion);
  put_versioned(out, flink_view(type));
}

StatusOr<TypeDescription> get_serializer_snapshot(BinaryReader& in) {
  const int32_t version = in.get_i32();
  if (!in.ok()) return in.status("a serializer snapshot");
  if (version != kSnapshotVersion) {
    return failed_precondition(cat("version ", version,
                                   " of serializer snapshots is unknown; weir reads version ",
                                   kSnapshotVersion));
  }
  WEIR_ASSIGN_OR_RETURN(TypeDescription type, get_versioned(in, 0));
  type.flink_only = true;
  return type;
}

}  // namespace weir
