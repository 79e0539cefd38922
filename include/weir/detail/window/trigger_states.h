#pragma once

#include <memory>
#include <type_traits>

#include "weir/detail/window/window_key.h"
#include "weir/window/triggers.h"

namespace weir::detail {

/// The state of a trigger by key and window: "trigger-state". Nothing is stored for a trigger
/// without state. Thread: the operator's.
template <class K, class State>
class TriggerStates {
 public:
  using At = WindowKey<K>;

  void open(KeyedBackend<K>& backend) {
    if constexpr (kStored) {
      require_serializable<State>();
      auto table =
          std::make_unique<Table>("trigger-state", KeyedStateInfo::Kind::kValue, backend.tracker());
      table_ = table.get();
      backend.add(std::move(table));
    }
  }
  /// The state, made if it does not exist. Valid until the next call.
  State& of(const At& at) {
    if constexpr (kStored) return table_->find_or_insert(at, [] { return State{}; }).value;
    else return scratch_;
  }
  /// The state, or a fresh one that is not stored.
  State& of_timer(const At& at) {
    if (State* state = find(at)) return *state;
    return scratch_ = State{};
  }
  State* find(const At& at) {
    if constexpr (kStored) return table_->find(at);
    else return &scratch_;
  }
  void erase(const At& at) {
    if constexpr (kStored) table_->erase(at);
  }

 private:
  static constexpr bool kStored = !std::is_same_v<State, NoTriggerState>;
  using Table = WindowTable<K, std::conditional_t<kStored, State, char>,
                            ValueEntries<std::conditional_t<kStored, State, char>>>;
  Table* table_ = nullptr;
  State scratch_{};
};

}  // namespace weir::detail
