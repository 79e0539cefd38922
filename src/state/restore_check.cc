#include "state/restore_check.h"

#include <algorithm>
#include <optional>

#include "base/status_macros.h"
#include "base/strings.h"
#include "types/compatibility.h"
#include "weir/detail/state/ttl.h"

namespace weir {
namespace {

std::string_view kind_name(KeyedStateInfo::Kind kind) {
  switch (kind) {
    case KeyedStateInfo::Kind::kValue: return "value state";
    case KeyedStateInfo::Kind::kList: return "list state";
    case KeyedStateInfo::Kind::kMap: return "map state";
    case KeyedStateInfo::Kind::kReducing: return "reducing state";
    case KeyedStateInfo::Kind::kAggregating: return "aggregating state";
    case KeyedStateInfo::Kind::kTimers: return "set of timers";
  }
  return "state";
}

bool is_ttl(const TypeDescription& type) {
  return type.kind == TypeKind::kTuple && type.name == detail::kTtlTypeName &&
         type.children.size() == 2;
}
/// Of an element, or of the map of a key.
bool has_ttl(const TypeDescription& value) {
  return is_ttl(value) || (value.kind == TypeKind::kMap && is_ttl(value.children[1]));
}
TypeDescription without_ttl(const TypeDescription& value) {
  TypeDescription bare = is_ttl(value) ? value.children[1] : value;
  if (value.kind == TypeKind::kMap && is_ttl(value.children[1]))
    bare.children[1] = value.children[1].children[1];
  bare.flink_only = value.flink_only;
  return bare;
}

/// Decides how to read the values of a state. Returns why they cannot be read as declared, or
/// nullopt. A state without a time to live may also declare the values of one with it as pairs.
std::optional<std::string> claim_values(const KeyedStateInfo& stored,
                                        const KeyedStateInfo& declared, ClaimedState* claimed) {
  if (stored.kind == KeyedStateInfo::Kind::kTimers) return std::nullopt;
  claimed->with_ttl = has_ttl(stored.value);
  if (claimed->with_ttl && !has_ttl(declared.value) &&
      !why_incompatible(stored.value, declared.value)) {
    claimed->with_ttl = false;
    return std::nullopt;
  }
  const TypeDescription from = without_ttl(stored.value);
  const TypeDescription to = without_ttl(declared.value);
  auto why = why_incompatible(from, to);
  if (!why) return std::nullopt;
  const bool is_map = stored.kind == KeyedStateInfo::Kind::kMap;
  if (is_map && (from.flink_only || why_incompatible(from.children[0], to.children[0]))) return why;
  ConversionPlan plan =
      is_map ? plan_conversion(from.children[1], to.children[1]) : plan_conversion(from, to);
  if (plan.refused) return (is_map ? "values: " : "") + *plan.refused;
  claimed->conversion = std::move(plan.conversion);
  claimed->changes = std::move(plan.changes);
  return std::nullopt;
}

constexpr std::string_view kWhatToDo =
    "; restore with the types it was written with, or give the operator a new uid to start without "
    "its state";
constexpr std::string_view kWhatToDoWithValues =
    "; restore with the types it was written with, write a weir::Migration for values of the old "
    "type, or give the operator a new uid to start without its state";

}  // namespace

StatusOr<std::vector<ClaimedState>> match_states(const std::string& operator_label,
                                                 const TypeDescription& declared_key,
                                                 const std::vector<KeyedStateInfo>& declared,
                                                 const TypeDescription* stored_key,
                                                 const std::vector<KeyedStateInfo>& stored,
                                                 bool ignore_unclaimed) {
  if (stored_key != nullptr) {
    if (const auto why = why_incompatible(*stored_key, declared_key)) {
      return failed_precondition(cat("cannot restore operator '", operator_label,
                                     "': its state is stored by a key of type ",
                                     stored_key->to_string(), ", the program's key is of type ",
                                     declared_key.to_string(), " (", *why, ")", kWhatToDo));
    }
  }
  std::vector<ClaimedState> claimed;
  for (const KeyedStateInfo& old : stored) {
    const auto found = std::find_if(declared.begin(), declared.end(),
                                    [&](const auto& state) { return state.name == old.name; });
    if (found == declared.end()) {
      // Flink lists both kinds of timers even if the operator uses only one.
      if (!ignore_unclaimed && old.kind != KeyedStateInfo::Kind::kTimers) {
        return failed_precondition(cat(
            "cannot restore operator '", operator_label, "': the snapshot has a ",
            kind_name(old.kind), " '", old.name,
            "' that the operator does not declare; declare it, or allow state that nobody claims "
            "to be dropped"));
      }
      claimed.push_back({});
      continue;
    }
    const auto refused = [&](const std::string& was, const std::string& is,
                             std::string_view what_to_do = kWhatToDo) {
      return failed_precondition(cat("cannot restore state '", old.name, "' of operator '",
                                     operator_label, "': it is stored as ", was,
                                     ", the program declares ", is, what_to_do));
    };
    if (found->kind != old.kind)
      return refused(cat("a ", kind_name(old.kind)), cat("a ", kind_name(found->kind)));
    if (const auto why = why_incompatible(old.name_space, found->name_space)) {
      return refused(cat("state of ", old.name_space.to_string()),
                     cat("state of ", found->name_space.to_string(), " (", *why, ")"));
    }
    ClaimedState& claim = claimed.emplace_back();
    claim.kind = old.kind;
    claim.index = static_cast<int>(found - declared.begin());
    if (const auto why = claim_values(old, *found, &claim))
      return refused(old.value.to_string(), cat(found->value.to_string(), " (", *why, ")"),
                     kWhatToDoWithValues);
  }
  return claimed;
}

void convert_entry(const ClaimedState& claimed, BinaryReader& in, BinaryWriter& out) {
  const auto element = [&] {
    if (claimed.with_ttl) out.put_i64(in.get_i64());
    claimed.conversion->convert(in, out);
  };
  if (claimed.kind == KeyedStateInfo::Kind::kMap) {
    const bool null = in.get_bool();
    out.put_bool(null);
    if (null) return;
  }
  element();
  if (claimed.kind != KeyedStateInfo::Kind::kList) return;
  while (in.ok() && in.remaining() > 0) {
    out.put_u8(in.get_u8());  // the delimiter
    element();
  }
}

Status convert_list(const std::string& name, ListStateMode mode, const TypeDescription& stored,
                    const TypeDescription& declared, std::vector<std::string>* elements,
                    std::vector<std::string>* changes) {
  if (!why_incompatible(stored, declared)) return {};
  ConversionPlan plan = mode == ListStateMode::kBroadcast
                            ? plan_broadcast_conversion(stored, declared)
                            : plan_conversion(stored, declared);
  if (plan.refused) {
    return failed_precondition(cat("list state '", name, "' cannot be restored: it is stored as ",
                                   stored.to_string(), ", the program declares ",
                                   declared.to_string(), " (", *plan.refused, ")",
                                   kWhatToDoWithValues));
  }
  for (std::string& element : *elements) {
    BinaryReader in(element);
    BinaryWriter out;
    plan.conversion->convert(in, out);
    WEIR_RETURN_IF_ERROR(in.end(cat("an element of list state '", name, "'")));
    element = out.take();
  }
  *changes = std::move(plan.changes);
  return {};
}

}  // namespace weir
