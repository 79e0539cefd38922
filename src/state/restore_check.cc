#include "state/restore_check.h"

#include <algorithm>
#include <optional>

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

/// Why the values of a state cannot be read as declared; nullopt: they can. A state without a time
/// to live may also declare the values of one with it as pairs.
std::optional<std::string> why_values_differ(const TypeDescription& stored,
                                             const TypeDescription& declared, bool* with_ttl) {
  *with_ttl = has_ttl(stored);
  if (*with_ttl == has_ttl(declared)) return why_incompatible(stored, declared);
  auto why = why_incompatible(without_ttl(stored), without_ttl(declared));
  if (why && *with_ttl && !why_incompatible(stored, declared)) {
    *with_ttl = false;
    return std::nullopt;
  }
  return why;
}

constexpr std::string_view kWhatToDo =
    "; restore with the types it was written with, or give the operator a new uid to start without "
    "its state";

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
    const auto refused = [&](const std::string& was, const std::string& is) {
      return failed_precondition(cat("cannot restore state '", old.name, "' of operator '",
                                     operator_label, "': it is stored as ", was,
                                     ", the program declares ", is, kWhatToDo));
    };
    if (found->kind != old.kind)
      return refused(cat("a ", kind_name(old.kind)), cat("a ", kind_name(found->kind)));
    if (const auto why = why_incompatible(old.name_space, found->name_space)) {
      return refused(cat("state of ", old.name_space.to_string()),
                     cat("state of ", found->name_space.to_string(), " (", *why, ")"));
    }
    bool with_ttl = false;
    if (const auto why = why_values_differ(old.value, found->value, &with_ttl)) {
      return refused(old.value.to_string(), cat(found->value.to_string(), " (", *why, ")"));
    }
    claimed.push_back({static_cast<int>(found - declared.begin()), with_ttl});
  }
  return claimed;
}

}  // namespace weir
