#pragma once

// Adapters between a sink with committables of a type and the engine, where committables are bytes.

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/connector/sink.h"
#include "weir/detail/types/value_bytes.h"

namespace weir::detail {

template <class Committable>
std::vector<std::string> encode_committables(std::vector<Committable> committables) {
  if constexpr (std::is_same_v<Committable, std::string>) {
    return committables;
  } else {
    std::vector<std::string> encoded;
    for (const Committable& each : committables) encoded.push_back(to_bytes(each));
    return encoded;
  }
}

template <class Committable>
class TypedCommitter final : public Committer<> {
 public:
  explicit TypedCommitter(std::unique_ptr<Committer<Committable>> committer)
      : committer_(std::move(committer)) {}

  Status commit(const std::vector<std::string>& committables) override {
    auto decoded = decode(committables);
    return decoded.ok() ? committer_->commit(*decoded) : decoded.status();
  }
  StatusOr<std::vector<std::string>> find_orphans(const SinkStart<>& start) override {
    auto pending = decode(start.pending);
    if (!pending.ok()) return pending.status();
    return committer_->find_orphans({.pending = *std::move(pending),
                                     .restored_checkpoint = start.restored_checkpoint,
                                     .uid = start.uid,
                                     .run_nonce = start.run_nonce,
                                     .continues_run = start.continues_run});
  }
  Status remove_orphans(const std::vector<std::string>& names) override {
    return committer_->remove_orphans(names);
  }

 private:
  static StatusOr<std::vector<Committable>> decode(const std::vector<std::string>& committables) {
    std::vector<Committable> decoded;
    for (const std::string& bytes : committables) {
      auto committable = from_bytes<Committable>(bytes, "a committable");
      if (!committable.ok())
        return committable.status().with_context(
            "the sink cannot read a committable of the checkpoint; has their type changed? Let the "
            "program that wrote the checkpoint commit them, by ending it with a savepoint, or give "
            "the sink another uid and so leave them uncommitted");
      decoded.push_back(*std::move(committable));
    }
    return decoded;
  }

  const std::unique_ptr<Committer<Committable>> committer_;
};

template <class Committable>
std::unique_ptr<Committer<>> untyped(std::unique_ptr<Committer<Committable>> committer) {
  if constexpr (std::is_same_v<Committable, std::string>) {
    return committer;
  } else {
    if (committer == nullptr) return nullptr;
    return std::make_unique<TypedCommitter<Committable>>(std::move(committer));
  }
}

}  // namespace weir::detail
