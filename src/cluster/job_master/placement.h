#pragma once

#include <string>
#include <vector>

namespace weir {

struct WorkerOffer {
  std::string worker;
  std::string host;
  int slots = 1;
};

/// Which of the workers (an index into `offers`) runs each of `shards` shards. There must be slots
/// for all. A shard runs subtask i of every vertex, so forward edges stay within a process whatever
/// comes out here. A shard stays with the worker that had it before, where its state may lie; the
/// others go evenly over hosts, then over the workers of a host. The same offers, in whatever
/// order, give the same workers the same shards. `before`: the names of the workers that had the
/// shards, in their order; may be shorter, or longer. Pure.
std::vector<int> place_shards(const std::vector<WorkerOffer>& offers, int shards,
                              const std::vector<std::string>& before = {});

}  // namespace weir
