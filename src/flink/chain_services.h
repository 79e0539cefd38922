#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "flink/chain_world.h"
#include "platform/mailbox.h"
#include "runtime/operator_host.h"

namespace weir {

/// Blocking work of a chain's operators: what comes back waits until the host's thread, which is
/// the operators', runs it. Thread: the host's.
class ChainServices final : public TaskServices {
 public:
  /// `world` outlives it and all blocking work.
  explicit ChainServices(ChainWorld& world);

  void run_blocking(std::string_view executor,
                    std::function<std::function<void()>()> work) override;
  int64_t wall_ms() const override { return world_.clock().wall_ms(); }
  FileSystemRegistry& files() override { return world_.files(); }

  /// Runs the continuations of what has come back; false if there is nothing. What they throw
  /// passes through.
  bool run_continuations();
  /// Pieces of work of which the continuation has not run.
  int under_way() const { return under_way_; }

 private:
  using Done = Mailbox<std::function<void()>>;  ///< a continuation may be null

  ChainWorld& world_;
  const std::shared_ptr<Done> done_;
  std::vector<std::function<void()>> taken_;
  size_t next_ = 0;  ///< of taken_
  int under_way_ = 0;
};

}  // namespace weir
