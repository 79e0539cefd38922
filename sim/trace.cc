#include "trace.h"

#include <cstdio>
#include <cstring>

#include "base/strings.h"
#include "platform/splitmix.h"

namespace weir::sim {

uint64_t hash_bytes(std::string_view bytes) {
  uint64_t hash = bytes.size() * kSplitmixGamma;
  while (!bytes.empty()) {
    const size_t n = bytes.size() < 8 ? bytes.size() : 8;
    uint64_t word = 0;
    for (size_t i = 0; i < n; ++i)
      word |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    hash = splitmix_output(hash + word);
    bytes.remove_prefix(n);
  }
  return hash;
}

void Trace::note(MonotonicTime time, std::string_view what, std::string_view who, uint64_t value) {
  hash_ = splitmix_output(hash_ + static_cast<uint64_t>(time.count()));
  hash_ = splitmix_output(hash_ ^ hash_bytes(what));
  hash_ = splitmix_output(hash_ ^ hash_bytes(who));
  hash_ = splitmix_output(hash_ + value);
  ++events_;
  if (lines_max_ == 0) return;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.9f s  ", static_cast<double>(time.count()) * 1e-9);
  lines_.push_back(cat(seconds, what, ' ', who, ' ', value));
  if (lines_.size() > lines_max_) lines_.pop_front();
}

}  // namespace weir::sim
