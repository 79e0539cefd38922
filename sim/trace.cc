#include "trace.h"

#include <cstdio>
#include <cstring>

#include "base/strings.h"
#include "platform/splitmix.h"

namespace weir::sim {

uint64_t hash_bytes(std::string_view bytes) {
  uint64_t hash = bytes.size() * kSplitmixGamma;
  for (; bytes.size() >= sizeof(uint64_t); bytes.remove_prefix(sizeof(uint64_t))) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    hash = splitmix_output(hash + word);
  }
  if (bytes.empty()) return hash;
  uint64_t word = 0;
  std::memcpy(&word, bytes.data(), bytes.size());
  return splitmix_output(hash + word);
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
