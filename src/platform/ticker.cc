#include "platform/ticker.h"

namespace weir {

Ticker::Ticker(std::chrono::milliseconds period, std::function<void()> tick)
    : period_(period), tick_(std::move(tick)), thread_([this] {
        while (true) {
          wakeup_.wait(period_);
          if (stopping_) return;
          tick_();
        }
      }) {}

Ticker::~Ticker() {
  stopping_ = true;
  wakeup_.wake();
  thread_.join();
}

}  // namespace weir
