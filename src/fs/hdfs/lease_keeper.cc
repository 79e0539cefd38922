#include "fs/hdfs/lease_keeper.h"

namespace weir {

void LeaseKeeper::file_opened() {
  std::lock_guard lock(mutex_);
  ++open_files_;
  if (!ticker_) ticker_ = std::make_unique<Ticker>(period_, [this] { tick(); });
}

void LeaseKeeper::file_closed() {
  std::lock_guard lock(mutex_);
  --open_files_;
}

void LeaseKeeper::tick() {
  {
    std::lock_guard lock(mutex_);
    if (open_files_ == 0) return;
  }
  renew_();
}

}  // namespace weir
