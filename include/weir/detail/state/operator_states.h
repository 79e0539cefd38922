#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/state/keyed_backend.h"
#include "weir/operator/operator.h"
#include "weir/state/operator_state.h"
#include "weir/types/types.h"

namespace weir::detail {

/// One list or broadcast map of an operator. Thread: the operator's.
class OperatorStateEntry {
 public:
  OperatorStateEntry(std::string name, ListStateMode mode) : name_(std::move(name)), mode_(mode) {}
  virtual ~OperatorStateEntry() = default;
  const std::string& name() const { return name_; }
  ListStateMode mode() const { return mode_; }
  /// The elements for a snapshot.
  virtual std::vector<std::string> write() const = 0;

 private:
  const std::string name_;
  const ListStateMode mode_;
};

/// A list that a ListState of a function refers to.
template <class T>
class OperatorList final : public ValueAccess<CowBox<std::vector<T>>>, public OperatorStateEntry {
 public:
  using Box = CowBox<std::vector<T>>;

  OperatorList(std::string name, ListStateMode mode)
      : ValueAccess<Box>(&kNoKey), OperatorStateEntry(std::move(name), mode) {}

  static TypeDescription describe() { return Serializer<T>::describe(); }
  void read(BinaryReader& in) {
    T element{};
    Serializer<T>::read(in, element);
    in.expect_end();
    if (!in.ok()) return;
    if (!list_) list_.emplace();
    list_->write().push_back(std::move(element));
  }
  std::vector<std::string> write() const override {
    std::vector<std::string> elements;
    if (!list_) return elements;
    for (const T& element : list_->read()) {
      BinaryWriter out;
      Serializer<T>::write(out, element);
      elements.push_back(out.take());
    }
    return elements;
  }

 private:
  static constexpr uint64_t kNoKey = 0;  // the key never changes, because there is none

  const Box* find_in_table() override { return list_ ? &*list_ : nullptr; }
  Box* find_mutable_in_table() override { return list_ ? &*list_ : nullptr; }
  Box& insert_into_table(Box list) override { return list_.emplace(std::move(list)); }
  void erase_from_table() override { list_.reset(); }

  std::optional<Box> list_;
};

/// A broadcast state, as one element.
template <class K, class V>
class BroadcastMap final : public OperatorStateEntry {
 public:
  using Map = typename BroadcastState<K, V>::Map;

  BroadcastMap(std::string name, ListStateMode mode) : OperatorStateEntry(std::move(name), mode) {}

  static TypeDescription describe() { return MapEntries<K, V>::describe(); }
  Map& map() { return map_; }
  void read(BinaryReader& in) {
    const size_t count = in.get_count(0);
    for (size_t i = 0; i < count && in.ok(); ++i) {
      K key{};
      V value{};
      Serializer<K>::read(in, key);
      Serializer<V>::read(in, value);
      if (in.ok()) map_.insert_or_assign(std::move(key), std::move(value));
    }
    in.expect_end();
  }
  std::vector<std::string> write() const override {
    BinaryWriter out;
    out.put_count(map_.size(), "entries");
    for (const auto& [key, value] : map_) {
      Serializer<K>::write(out, key);
      Serializer<V>::write(out, value);
    }
    return {out.take()};
  }

 private:
  Map map_;
};

/// The operator state of the functions of one operator. Thread: the operator's.
class OperatorStates {
 public:
  void open(OperatorContext& context) { context_ = &context; }

  /// Declare states in open() only. The second declaration of a name returns the same state. Throws
  /// std::invalid_argument if another state has that name. If the state cannot be restored, returns
  /// an empty one, and status() has the reason.
  template <class T>
  ListState<T> list(const ListStateDescriptor<T>& descriptor, ListStateMode mode) {
    require_serializable<T>();
    return ListState<T>(&declared<OperatorList<T>>(descriptor.name, mode));
  }
  template <class K, class V>
  BroadcastState<K, V> broadcast(const MapStateDescriptor<K, V>& descriptor) {
    require_serializable<K>();
    require_serializable<V>();
    using State = BroadcastMap<K, V>;
    return BroadcastState<K, V>(&declared<State>(descriptor.name, ListStateMode::kBroadcast).map());
  }
  const Status& status() const { return status_; }

  /// Returns a broadcast state that was declared. Throws std::invalid_argument if there is none of
  /// that name and type.
  template <class K, class V>
  BroadcastState<K, V> find(const MapStateDescriptor<K, V>& descriptor) {
    OperatorStateEntry* entry = find(descriptor.name);
    if (entry == nullptr || entry->mode() != ListStateMode::kBroadcast) {
      throw std::invalid_argument("broadcast state '" + descriptor.name +
                                  "' is used but not declared: give its descriptor to broadcast()");
    }
    return BroadcastState<K, V>(&typed<BroadcastMap<K, V>>(*entry).map());
  }

  void snapshot(SnapshotContext& context) const {
    for (const auto& entry : entries_) context.put_list(entry->name(), entry->write());
  }

 private:
  OperatorStateEntry* find(const std::string& name) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const auto& entry) { return entry->name() == name; });
    return found == entries_.end() ? nullptr : found->get();
  }
  template <class State>
  static State& typed(OperatorStateEntry& entry) {
    auto* same = dynamic_cast<State*>(&entry);
    if (same == nullptr) {
      throw std::invalid_argument("operator state '" + entry.name() +
                                  "' is used with two different types");
    }
    return *same;
  }
  template <class State>
  State& declared(const std::string& name, ListStateMode mode) {
    if (OperatorStateEntry* known = find(name)) {
      if (known->mode() != mode) {
        throw std::invalid_argument("operator state '" + name +
                                    "' is declared twice, in different modes");
      }
      return typed<State>(*known);
    }
    auto state = std::make_unique<State>(name, mode);
    State& added = *state;
    entries_.push_back(std::move(state));
    restore(added);
    return added;
  }
  template <class State>
  void restore(State& state) {
    auto elements =
        context_->operator_state().declare(state.name(), state.mode(), State::describe());
    if (!elements.ok()) return fail(elements.status());
    for (const std::string& element : *elements) {
      BinaryReader in(element);
      state.read(in);
      if (!in.ok()) return fail(in.status("operator state '" + state.name() + "'"));
    }
  }
  void fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  OperatorContext* context_ = nullptr;
  std::vector<std::unique_ptr<OperatorStateEntry>> entries_;
  Status status_;
};

}  // namespace weir::detail
