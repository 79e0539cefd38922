#include "flink/chain_services.h"

namespace weir {

ChainServices::ChainServices(ChainWorld& world) : world_(world), done_(std::make_shared<Done>()) {
  done_->set_wake([&world] { world.wake(); });
}

void ChainServices::run_blocking(std::string_view executor,
                                 std::function<std::function<void()>()> work) {
  ++under_way_;
  world_.run_blocking(executor, [done = done_, work = std::move(work)] { done->post(work()); });
}

bool ChainServices::run_continuations() {
  if (under_way_ == 0) return false;
  if (next_ == taken_.size()) {
    next_ = 0;
    if (!done_->take(taken_)) return false;
  }
  while (next_ < taken_.size()) {
    const std::function<void()> continuation = std::move(taken_[next_++]);
    --under_way_;
    if (continuation) continuation();
  }
  return true;
}

}  // namespace weir
