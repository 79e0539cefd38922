#pragma once

#include <string>
#include <vector>

namespace weir {

struct WorkerOffer {
  std::string worker;
  std::string host;
  int slots = 1;
};

/// Assigns each of `shards` shards to a worker (an index into `offers`). There must be enough
/// slots. A shard runs subtask i of every vertex, so forward edges stay within a process under any
/// placement. A shard stays with its previous worker, which may hold a copy of its state. The other
/// shards are spread evenly over hosts, then over the workers of a host. The order of the offers
/// does not affect the result. `before`: the names of the shards' previous workers, by shard; may
/// be shorter or longer. Pure.
std::vector<int> place_shards(const std::vector<WorkerOffer>& offers, int shards,
                              const std::vector<std::string>& before = {});

}  // namespace weir
