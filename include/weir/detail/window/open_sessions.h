#pragma once

#include <iterator>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weir/detail/state/table_hash.h"
#include "weir/detail/types/same_key.h"
#include "weir/window/time_window.h"

namespace weir::detail {

/// The open sessions of each key, which neither overlap nor touch. Not in snapshots: the state and
/// the timers of the sessions say which there are. An addition costs a step for each session that
/// it merges, and a search among those of its key. Thread: the operator's.
template <class K>
class OpenSessions {
 public:
  /// The session that a new window makes, with those that become part of it, in the order of time.
  struct Merge {
    TimeWindow session;
    std::vector<TimeWindow> parts;
    /// False if the window makes a new session, or is within an existing one.
    bool changes() const { return !parts.empty() && parts.front() != session; }
  };
  /// Changes nothing. `merge` is filled again, so that it keeps its memory.
  void plan(const K& key, const TimeWindow& window, Merge& merge) const {
    merge.session = window;
    merge.parts.clear();
    const auto of_key = sessions_.find(key);
    if (of_key == sessions_.end()) return;
    const Ends& ends = of_key->second;
    auto at = ends.upper_bound(window.start);
    if (at != ends.begin() && std::prev(at)->second >= window.start) --at;
    for (; at != ends.end() && at->first <= window.end; ++at) {
      merge.parts.push_back({at->first, at->second});
      merge.session.start = std::min(merge.session.start, at->first);
      merge.session.end = std::max(merge.session.end, at->second);
    }
  }
  void apply(const K& key, const Merge& merge) {
    Ends& ends = sessions_[key];
    for (const TimeWindow& part : merge.parts) ends.erase(part.start);
    ends[merge.session.start] = merge.session.end;
  }
  /// Adds a session of a snapshot.
  void restore(const K& key, const TimeWindow& session) {
    sessions_[key][session.start] = session.end;
  }

  bool contains(const K& key, const TimeWindow& session) const {
    const auto of_key = sessions_.find(key);
    if (of_key == sessions_.end()) return false;
    const auto at = of_key->second.find(session.start);
    return at != of_key->second.end() && at->second == session.end;
  }
  void erase(const K& key, const TimeWindow& session) {
    const auto of_key = sessions_.find(key);
    if (of_key == sessions_.end()) return;
    of_key->second.erase(session.start);
    if (of_key->second.empty()) sessions_.erase(of_key);
  }
  /// Number of keys with open sessions.
  size_t keys() const { return sessions_.size(); }

 private:
  using Ends = std::map<Timestamp, Timestamp>;  // by start
  struct Hash {
    size_t operator()(const K& key) const { return static_cast<size_t>(table_hash(key)); }
  };
  struct Same {
    bool operator()(const K& a, const K& b) const { return same_key(a, b); }
  };

  std::unordered_map<K, Ends, Hash, Same> sessions_;
};

}  // namespace weir::detail
