#include "rest/operations.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir::rest {
namespace {

constexpr MonotonicTime kKept = std::chrono::minutes(5);
/// An operation whose end is never reported, because this process has stopped to lead.
constexpr MonotonicTime kLongest = std::chrono::hours(24);
constexpr size_t kMax = 1000;

}  // namespace

void Operations::forget_old() {
  const MonotonicTime now = clock_.now();
  std::erase_if(entries_, [now](const auto& item) {
    const Entry& entry = item.second;
    return now - entry.changed > (entry.state.ended ? kKept : kLongest);
  });
}

StatusOr<Operations::Begun> Operations::begin(Operation operation, const std::string& chosen) {
  std::lock_guard lock(mutex_);
  forget_old();
  std::string id = chosen;
  if (id.empty()) {
    char text[33];
    std::snprintf(text, sizeof text, "%016llx%016llx",
                  static_cast<unsigned long long>(random_.next()),
                  static_cast<unsigned long long>(random_.next()));
    id = text;
  } else if (entries_.contains(id)) {
    return Begun{id, false};
  }
  if (entries_.size() >= kMax)
    return resource_exhausted("too many operations have been started: ask again in some minutes");
  entries_[id] = Entry{operation, {}, clock_.now()};
  return Begun{std::move(id), true};
}

void Operations::end(const std::string& id, StatusOr<std::string> outcome) {
  std::lock_guard lock(mutex_);
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return;
  entry->second.changed = clock_.now();
  entry->second.state.ended = true;
  entry->second.state.outcome = std::move(outcome);
}

std::optional<Operations::State> Operations::find(Operation operation, const std::string& id) {
  std::lock_guard lock(mutex_);
  forget_old();
  const auto entry = entries_.find(id);
  if (entry == entries_.end() || entry->second.operation != operation) return std::nullopt;
  entry->second.read = entry->second.state.ended;
  return entry->second.state;
}

bool Operations::has_unread_outcome() {
  std::lock_guard lock(mutex_);
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const auto& item) { return item.second.state.ended && !item.second.read; });
}

}  // namespace weir::rest
