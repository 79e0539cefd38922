#pragma once

#include <string>
#include <vector>

namespace weir {

struct WorkerOffer {
  std::string worker;
  std::string host;
  int slots = 1;
};

/// Which of the workers (an index into `offers`) runs each of `shards` shards. There must be slots for all. A shard runs subtask i of every
/// vertex, so forward edges stay within a process whatever comes out here. Evenly over hosts, then over the workers of a host; the same
/// offers, in whatever order, give the same workers the same shards. Pure.
std::vector<int> place_shards(const std::vector<WorkerOffer>& offers, int shards);

}  // namespace weir
