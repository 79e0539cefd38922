#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/detail/types/canonical.h"
#include "weir/state/keyed_state.h"

namespace weir {

/// One entry of a keyed state. The bytes live during the call.
struct KeyedEntry {
  const TypeDescription& key_type;
  const KeyedStateInfo& state;
  int state_id = 0;
  int key_group = 0;
  std::string_view key;  ///< key, namespace [and user key], as in docs/formats/keyed_state.md
  std::string_view value;
};
/// Returns false to end the reading.
using VisitEntry = std::function<bool(const KeyedEntry&)>;

/// Receives the bytes of entries as an operator would that restores them.
class VisitedState : public KeyedState {
 public:
  explicit VisitedState(int max_parallelism) : max_parallelism_(max_parallelism) {}

  std::unique_ptr<KeyedStateSnapshot> snapshot() override { return nullptr; }
  Status begin_restore(const TypeDescription* key_type, const std::vector<KeyedStateInfo>& states,
                       bool ignore_unclaimed) override;

  const TypeDescription& key_type() const { return key_type_; }
  const std::vector<KeyedStateInfo>& states() const { return states_; }

 protected:
  /// Calls f(entry) for each entry of a key group.
  template <class F>
  Status read_part(int key_group, BinaryReader& in, const F& f) const;

 private:
  const int max_parallelism_;
  TypeDescription key_type_;
  std::vector<KeyedStateInfo> states_;
};

/// Passes each entry on.
class VisitedEntries final : public VisitedState {
 public:
  VisitedEntries(int max_parallelism, const VisitEntry& visit)
      : VisitedState(max_parallelism), visit_(visit) {}
  Status read_group(int key_group, BinaryReader& in) override;
  bool stopped() const { return stopped_; }

 private:
  const VisitEntry& visit_;
  bool stopped_ = false;
};

/// One key group of an incremental checkpoint: applies its layers.
class MergedGroup final : public VisitedState {
 public:
  using VisitedState::VisitedState;
  Status read_group(int key_group, BinaryReader& in) override;
  Status read_changes(int key_group, BinaryReader& in) override;
  /// Passes on all entries, by state and key. Returns false if `visit` has ended it.
  bool visit(int key_group, const VisitEntry& visit) const;

 private:
  void remove(int state, const std::string& key);

  std::map<std::pair<int, std::string>, std::string> entries_;
};

}  // namespace weir
