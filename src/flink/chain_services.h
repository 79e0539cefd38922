#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "flink/chain_world.h"
#include "platform/mailbox.h"
#include "runtime/operator_host.h"

namespace weir {

/// Runs blocking work of a chain's operators. Continuations wait until the host's thread, which is
/// also the operators', runs them. Thread: the host's.
class ChainServices final : public TaskServices {
 public:
  /// `world` outlives it and all blocking work.
  explicit ChainServices(ChainWorld& world);

  void run_blocking(std::string_view executor,
                    std::function<std::function<void()>()> work) override;
  int64_t wall_ms() const override { return world_.clock().wall_ms(); }
  FileSystemRegistry& files() override { return world_.files(); }

  /// Runs the continuations of finished work; false if there are none. Their exceptions pass
  /// through.
  bool run_continuations();
  /// Number of pieces of work whose continuation has not run.
  int under_way() const { return under_way_; }

 private:
  using Done = Mailbox<std::function<void()>>;  ///< a continuation may be null

  ChainWorld& world_;
  const std::shared_ptr<Done> done_;
  std::vector<std::function<void()>> taken_;
  size_t next_ = 0;  ///< index into taken_
  int under_way_ = 0;
};

}  // namespace weir
