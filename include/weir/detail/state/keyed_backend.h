#pragma once

// Keyed state by the type of its key, for operators and user functions.

#include <string>
#include <utility>

#include "weir/detail/state/declared_states.h"
#include "weir/detail/state/keyed_states.h"
#include "weir/types/types.h"

namespace weir::detail {

/// All keyed state of one operator in one subtask. Thread: the operator's.
template <class K>
class KeyedBackend final : public KeyedStates {
 public:
  KeyedBackend(std::string label, KeyGroupRange range, int max_parallelism)
      : KeyedStates(std::move(label), Serializer<K>::describe(),
                    PlaceSpace(range, max_parallelism)) {
    require_key<K>();
  }

  explicit KeyedBackend(OperatorContext& context)
      : KeyedBackend(context.operator_name(), context.key_groups(), context.max_parallelism()) {
    attach(context);
  }

  /// `key` must stay valid and in place until the next call.
  void set_current_key(const K& key, uint64_t place) { states_.current().set(key, place); }
  /// From now until the next set_current_key(), an access to a state throws.
  void clear_current_key() { states_.current().clear(); }
  const CurrentKey<K>& current() const { return states_.current(); }

  /// See DeclaredStates.
  template <class T, class Entries>
  TableState<K, T, Entries>& table_state(const std::string& name,
                                         std::optional<T> default_value = {}) {
    return states_.template table<T, Entries>(name, std::move(default_value));
  }
  template <class Descriptor>
  auto state(const Descriptor& descriptor) {
    return states_.state(descriptor);
  }

  /// Calls `f(key, state)` for each key that has a value in a declared state; meanwhile it is the
  /// current key. Throws std::invalid_argument if the state was not declared.
  template <class Descriptor, class F>
  void for_each_key(const Descriptor& descriptor, F&& f) {
    const std::string& name = state_name(descriptor);
    auto* const declared = dynamic_cast<KeyedEntries<K>*>(find(name));
    if (declared == nullptr) {
      throw std::invalid_argument("state '" + name +
                                  "' is used for all keys but not declared: declare it in open()");
    }
    auto state = this->state(descriptor);
    for (const K& key : declared->keys()) {
      set_current_key(key, places().place(Serializer<K>::hash(key), table_hash(key)));
      f(key, state);
    }
    clear_current_key();
  }

 private:
  DeclaredStates<K> states_{*this};
};

}  // namespace weir::detail
