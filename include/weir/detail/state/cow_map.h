#pragma once

// The map of one key in a MapState: a B+ tree whose nodes are shared with snapshots.
//
// A table page holds only the root of each map. A copy of a page shares the roots, and a write
// copies the nodes on the way from the root to the entry, unless nobody else sees them. So a write
// costs the same in a small map and in a map of a million entries, also during a snapshot. Nodes
// are not balanced by removals: an empty node is removed, and small neighbors become one.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "weir/detail/base/check.h"

namespace weir::detail {

/// An ordered map that is cheap to copy: a copy shares all nodes. Thread: one at a time for a map;
/// maps that share nodes may be read and destroyed on different threads.
template <class K, class V, class Order>
class CowMap {
 public:
  struct Entry {
    K key;
    V value;
  };

 private:
  struct Node {
    explicit Node(bool is_leaf) : leaf(is_leaf) {}
    std::atomic<int> users{1};
    const bool leaf;
  };
  /// A counted pointer to a node.
  class Link {
   public:
    Link() = default;
    explicit Link(Node* node) : node_(node) {}
    Link(const Link& other) : node_(other.node_) {
      if (node_ != nullptr) node_->users.fetch_add(1, std::memory_order_relaxed);
    }
    Link(Link&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Link& operator=(Link other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~Link() {
      if (node_ == nullptr || node_->users.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
      if (node_->leaf) delete static_cast<Leaf*>(node_);
      else delete static_cast<Inner*>(node_);
    }
    Node* get() const { return node_; }
    bool shared() const { return node_->users.load(std::memory_order_acquire) != 1; }

   private:
    Node* node_ = nullptr;
  };
  struct Leaf : Node {
    Leaf() : Node(true) {}
    explicit Leaf(const std::vector<Entry>& from) : Node(true), entries(from) {}
    std::vector<Entry> entries;
  };
  struct Child {
    K first;  ///< not after the child's keys, but after those of the previous child
    Link link;
  };
  struct Inner : Node {
    Inner() : Node(false) {}
    explicit Inner(const std::vector<Child>& from) : Node(false), children(from) {}
    std::vector<Child> children;
  };

  /// Two neighboring inner nodes have more than 16 children together, so 16 levels are enough for
  /// any map that fits into memory.
  static constexpr size_t kMaxDepth = 16;

 public:
  /// A leaf holds about 2 KiB, so that the copy of a leaf costs little.
  static constexpr size_t kLeafEntries =
      std::clamp<size_t>(2048 / sizeof(Entry), size_t{4}, size_t{64});
  static constexpr size_t kChildren = 32;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  /// Returns null if there is no such key. Valid until the map changes.
  const V* find(const K& key) const {
    const Node* node = root_.get();
    if (node == nullptr) return nullptr;
    while (!node->leaf) {
      const auto& children = inner(node).children;
      node = children[child_of(children, key)].link.get();
    }
    const auto& entries = leaf(node).entries;
    const auto it = lower_bound(entries, key);
    return it != entries.end() && !Order()(key, it->key) ? &it->value : nullptr;
  }
  /// The same, for writing.
  V* find_mutable(const K& key) {
    if (find(key) == nullptr) return nullptr;  // copies nothing for a missing key
    Link* link = &root_;
    while (!own(*link)->leaf) {
      auto& children = inner(link->get()).children;
      link = &children[child_of(children, key)].link;
    }
    return &lower_bound(leaf(link->get()).entries, key)->value;
  }
  /// Returns the value for writing. Inserts what `make` returns if there is none.
  template <class Make>
  V& find_or_insert(K key, Make&& make) {
    if (V* found = find_mutable(key)) return *found;
    V value = make();
    if (root_.get() == nullptr) root_ = Link(new Leaf);
    V* inserted = nullptr;
    if (auto right = insert(root_, Entry{std::move(key), std::move(value)}, &inserted)) {
      auto root = std::make_unique<Inner>();
      root->children.push_back({first_key(root_), root_});
      root->children.push_back(*std::move(right));
      root_ = Link(root.release());
    }
    ++size_;
    return *inserted;
  }
  /// Returns whether the key existed.
  bool erase(const K& key) {
    if (find(key) == nullptr) return false;
    erase_below(root_, key);
    if (--size_ == 0) {
      root_ = Link();
      return true;
    }
    while (!root_.get()->leaf && inner(root_.get()).children.size() == 1) {
      Link only = inner(root_.get()).children.front().link;
      root_ = std::move(only);
    }
    return true;
  }

  /// Calls f(const K&, const V&) for all entries in their order, while it returns true.
  template <class F>
  bool for_each(F&& f) const {
    return root_.get() == nullptr || visit(root_.get(), f);
  }
  /// Removes the entries for which remove(const K&, const V&) is true.
  template <class F>
  void erase_if(F&& remove) {
    std::vector<K> doomed;
    for_each([&](const K& key, const V& value) {
      if (remove(key, value)) doomed.push_back(key);
      return true;
    });
    for (const K& key : doomed) erase(key);
  }

  /// A position in the map. Valid until the map changes.
  class Iterator {
   public:
    using value_type = std::pair<const K&, const V&>;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(const Node* root) {
      if (root != nullptr) descend(root);
    }
    value_type operator*() const { return {leaf_->entries[at_].key, leaf_->entries[at_].value}; }
    Iterator& operator++() {
      if (++at_ == leaf_->entries.size()) go_to_next_leaf();
      return *this;
    }
    bool operator==(const Iterator& other) const {
      return leaf_ == other.leaf_ && at_ == other.at_;
    }

   private:
    struct Step {
      const Inner* node;
      size_t child;
    };
    friend CowMap;
    /// At the first entry whose key is not before `key`.
    Iterator(const Node* node, const K& key) {
      while (!node->leaf) {
        WEIR_CHECK_LT(depth_, kMaxDepth);
        const size_t child = child_of(inner(node).children, key);
        path_[depth_++] = {&inner(node), child};
        node = inner(node).children[child].link.get();
      }
      leaf_ = &leaf(node);
      at_ = static_cast<size_t>(CowMap::lower_bound(leaf_->entries, key) - leaf_->entries.begin());
      if (at_ == leaf_->entries.size()) go_to_next_leaf();
    }
    void go_to_next_leaf() {
      leaf_ = nullptr;
      at_ = 0;
      while (depth_ > 0) {
        Step& last = path_[depth_ - 1];
        if (++last.child < last.node->children.size()) {
          descend(last.node->children[last.child].link.get());
          return;
        }
        --depth_;
      }
    }
    void descend(const Node* node) {
      while (!node->leaf) {
        WEIR_CHECK_LT(depth_, kMaxDepth);
        path_[depth_++] = {&inner(node), 0};
        node = inner(node).children.front().link.get();
      }
      leaf_ = &leaf(node);
    }

    const Leaf* leaf_ = nullptr;  ///< null: the end
    size_t at_ = 0;
    size_t depth_ = 0;
    std::array<Step, kMaxDepth> path_;  // the first depth_ of them
  };
  Iterator begin() const { return Iterator(root_.get()); }
  Iterator end() const { return Iterator(); }
  /// The first entry whose key is not before `key`.
  Iterator lower_bound(const K& key) const {
    return empty() ? Iterator() : Iterator(root_.get(), key);
  }

 private:
  static Leaf& leaf(Node* node) { return *static_cast<Leaf*>(node); }
  static const Leaf& leaf(const Node* node) { return *static_cast<const Leaf*>(node); }
  static Inner& inner(Node* node) { return *static_cast<Inner*>(node); }
  static const Inner& inner(const Node* node) { return *static_cast<const Inner*>(node); }

  template <class Entries>
  static auto lower_bound(Entries& entries, const K& key) {
    return std::lower_bound(entries.begin(), entries.end(), key,
                            [](const Entry& entry, const K& k) { return Order()(entry.key, k); });
  }
  static size_t child_of(const std::vector<Child>& children, const K& key) {
    const auto after =
        std::upper_bound(children.begin() + 1, children.end(), key,
                         [](const K& k, const Child& child) { return Order()(k, child.first); });
    return static_cast<size_t>(after - children.begin()) - 1;
  }
  static const K& first_key(const Link& link) {
    return link.get()->leaf ? leaf(link.get()).entries.front().key
                            : inner(link.get()).children.front().first;
  }

  /// Copies the node if somebody else sees it.
  static Node* own(Link& link) {
    if (link.shared()) {
      link = link.get()->leaf ? Link(new Leaf(leaf(link.get()).entries))
                              : Link(new Inner(inner(link.get()).children));
    }
    return link.get();
  }

  /// Where to split a full node: in the middle, or near the end if entries come in order.
  static size_t split_at(size_t size, bool at_end) { return at_end ? size - size / 8 : size / 2; }

  /// Inserts below `link`. Returns the new right neighbor if the node was split.
  static std::optional<Child> insert(Link& link, Entry entry, V** inserted) {
    Node* node = own(link);
    return node->leaf ? insert_into(leaf(node), std::move(entry), inserted)
                      : insert_into(inner(node), std::move(entry), inserted);
  }
  static std::optional<Child> insert_into(Leaf& node, Entry entry, V** inserted) {
    auto& entries = node.entries;
    auto at = static_cast<size_t>(lower_bound(entries, entry.key) - entries.begin());
    entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(at), std::move(entry));
    *inserted = &entries[at].value;
    if (entries.size() <= kLeafEntries) return std::nullopt;
    const size_t cut = split_at(entries.size(), at == entries.size() - 1);
    auto right = std::make_unique<Leaf>();
    move_tail(entries, cut, right->entries);
    *inserted = at < cut ? &entries[at].value : &right->entries[at - cut].value;
    K first = right->entries.front().key;
    return Child{std::move(first), Link(right.release())};
  }
  static std::optional<Child> insert_into(Inner& node, Entry entry, V** inserted) {
    auto& children = node.children;
    const size_t at = child_of(children, entry.key);
    auto added = insert(children[at].link, std::move(entry), inserted);
    if (!added) return std::nullopt;
    children.insert(children.begin() + static_cast<std::ptrdiff_t>(at) + 1, *std::move(added));
    if (children.size() <= kChildren) return std::nullopt;
    const size_t cut = split_at(children.size(), at + 2 == children.size());
    auto right = std::make_unique<Inner>();
    move_tail(children, cut, right->children);
    K first = right->children.front().first;
    return Child{std::move(first), Link(right.release())};
  }
  template <class T>
  static void move_tail(std::vector<T>& from, size_t cut, std::vector<T>& to) {
    const auto tail = from.begin() + static_cast<std::ptrdiff_t>(cut);
    to.assign(std::move_iterator(tail), std::move_iterator(from.end()));
    from.erase(tail, from.end());
  }

  static size_t size_of(const Link& link) {
    return link.get()->leaf ? leaf(link.get()).entries.size() : inner(link.get()).children.size();
  }
  static void erase_below(Link& link, const K& key) {
    Node* node = own(link);
    if (node->leaf) {
      auto& entries = leaf(node).entries;
      entries.erase(lower_bound(entries, key));
      return;
    }
    auto& children = inner(node).children;
    const size_t at = child_of(children, key);
    erase_below(children[at].link, key);
    if (size_of(children[at].link) == 0) {
      children.erase(children.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      if (at > 0) join(children, at - 1);
      else if (children.size() > 1) join(children, at);
    }
  }
  /// Makes one node of the child and its right neighbor if both are small.
  static void join(std::vector<Child>& children, size_t left) {
    const size_t together = size_of(children[left].link) + size_of(children[left + 1].link);
    const bool leaves = children[left].link.get()->leaf;
    if (together > (leaves ? kLeafEntries : kChildren) / 2) return;
    Node* into = own(children[left].link);
    const Node* from = children[left + 1].link.get();
    if (leaves) {
      const auto& more = leaf(from).entries;
      leaf(into).entries.insert(leaf(into).entries.end(), more.begin(), more.end());
    } else {
      auto& all = inner(into).children;
      const size_t before = all.size();
      const auto& more = inner(from).children;
      all.insert(all.end(), more.begin(), more.end());
      // The first child of a node may hold keys before its `first`.
      all[before].first = children[left + 1].first;
    }
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(left) + 1);
  }

  template <class F>
  static bool visit(const Node* node, F& f) {
    if (node->leaf) {
      for (const Entry& entry : leaf(node).entries) {
        if (!f(entry.key, entry.value)) return false;
      }
      return true;
    }
    for (const Child& child : inner(node).children) {
      if (!visit(child.link.get(), f)) return false;
    }
    return true;
  }

  Link root_;
  size_t size_ = 0;
};

}  // namespace weir::detail
