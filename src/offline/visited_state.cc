#include "offline/visited_state.h"

#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

/// Key groups of an operator with more groups have a prefix of two bytes.
constexpr int kOneByteGroups = 128;

}  // namespace

Status VisitedState::begin_restore(const TypeDescription* key_type,
                                   const std::vector<KeyedStateInfo>& states, bool) {
  key_type_ = key_type != nullptr ? *key_type : TypeDescription();
  states_ = states;
  return {};
}

template <class F>
Status VisitedState::read_part(int key_group, BinaryReader& in, const F& f) const {
  detail::CanonicalGroupReader group(in, key_group, max_parallelism_ > kOneByteGroups);
  for (detail::CanonicalEntry entry; group.next(&entry);) {
    if (entry.state < 0 || static_cast<size_t>(entry.state) >= states_.size())
      return data_loss(cat("key group ", key_group, " has an entry of an unknown state"));
    f(entry);
  }
  return in.status(cat("key group ", key_group));
}

Status VisitedEntries::read_group(int key_group, BinaryReader& in) {
  return read_part(key_group, in, [&](const detail::CanonicalEntry& entry) {
    if (stopped_) return;
    const auto& state = states()[static_cast<size_t>(entry.state)];
    stopped_ = !visit_({key_type(), state, entry.state, key_group, entry.key, entry.value});
  });
}

Status MergedGroup::read_group(int key_group, BinaryReader& in) {
  return read_part(key_group, in, [this](const detail::CanonicalEntry& entry) {
    entries_.insert_or_assign({entry.state, std::string(entry.key)}, std::string(entry.value));
  });
}

Status MergedGroup::read_changes(int key_group, BinaryReader& in) {
  constexpr uint8_t kRemovedPart = 1;
  if (in.get_u8() == kRemovedPart) {
    WEIR_RETURN_IF_ERROR(read_part(key_group, in, [this](const detail::CanonicalEntry& entry) {
      remove(entry.state, std::string(entry.key));
    }));
    if (in.ok() && in.remaining() == 0) return {};
    in.get_u8();
  }
  return read_group(key_group, in);
}

bool MergedGroup::visit(int key_group, const VisitEntry& visit) const {
  for (const auto& [at, value] : entries_) {
    const KeyedStateInfo& state = states()[static_cast<size_t>(at.first)];
    if (!visit({key_type(), state, at.first, key_group, at.second, value})) return false;
  }
  return true;
}

/// Removes the entry of a key, or all entries of its map: their keys begin with it. No other key
/// does, because serialized keys contain their lengths.
void MergedGroup::remove(int state, const std::string& key) {
  auto at = entries_.lower_bound({state, key});
  while (at != entries_.end() && at->first.first == state && at->first.second.starts_with(key))
    at = entries_.erase(at);
}

}  // namespace weir
