#include "cluster/placement.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

#include "weir/detail/check.h"

namespace weir {

std::vector<int> place_shards(const std::vector<WorkerOffer>& offers, int shards, const std::vector<std::string>& before) {
  std::vector<int> used(offers.size());
  std::map<std::string_view, int> hosts;  // to their numbers, in the order of their names
  for (const WorkerOffer& offer : offers) hosts.emplace(offer.host, 0);
  int number = 0;
  for (auto& [name, host] : hosts) host = number++;
  std::vector<int> host_of;
  for (const WorkerOffer& offer : offers) host_of.push_back(hosts.at(offer.host));
  std::vector<int> used_on_host(hosts.size());
  std::vector<int> placed(static_cast<size_t>(shards), -1);
  const auto place = [&](size_t shard, size_t offer) {
    placed[shard] = static_cast<int>(offer);
    ++used[offer];
    ++used_on_host[static_cast<size_t>(host_of[offer])];
  };
  for (size_t shard = 0; shard < placed.size() && shard < before.size(); ++shard) {
    const auto same = std::find_if(offers.begin(), offers.end(), [&](const WorkerOffer& offer) { return offer.worker == before[shard]; });
    const auto index = static_cast<size_t>(same - offers.begin());
    if (same != offers.end() && used[index] < same->slots) place(shard, index);
  }
  // What is left goes where there is least; names break ties.
  const auto rank = [&](size_t i) {
    return std::tuple(used_on_host[static_cast<size_t>(host_of[i])], host_of[i], used[i], std::string_view(offers[i].worker));
  };
  for (size_t shard = 0; shard < placed.size(); ++shard) {
    if (placed[shard] >= 0) continue;
    size_t best = offers.size();
    for (size_t i = 0; i < offers.size(); ++i) {
      if (used[i] < offers[i].slots && (best == offers.size() || rank(i) < rank(best))) best = i;
    }
    WEIR_CHECK(best < offers.size());
    place(shard, best);
  }
  return placed;
}

}  // namespace weir
