#include "cluster/placement.h"

#include <map>
#include <set>
#include <tuple>

#include "weir/detail/check.h"

namespace weir {

std::vector<int> place_shards(const std::vector<WorkerOffer>& offers, int shards) {
  // Hosts by how much they carry, and within each its workers likewise; names break ties.
  struct Host {
    int used = 0;
    std::set<std::tuple<int, std::string, int>> free;  // used, worker, index
  };
  std::map<std::string, Host> hosts;
  for (int i = 0; i < static_cast<int>(offers.size()); ++i) {
    if (offers[i].slots > 0) hosts[offers[i].host].free.insert({0, offers[i].worker, i});
  }
  std::set<std::tuple<int, std::string>> order;
  for (const auto& [name, host] : hosts) order.insert({0, name});
  std::vector<int> placed;
  while (static_cast<int>(placed.size()) < shards) {
    WEIR_CHECK(!order.empty());
    const auto [used_on_host, name] = *order.begin();
    order.erase(order.begin());
    Host& host = hosts.at(name);
    auto [used, worker, index] = *host.free.begin();
    host.free.erase(host.free.begin());
    placed.push_back(index);
    if (++used < offers[index].slots) host.free.insert({used, worker, index});
    ++host.used;
    if (!host.free.empty()) order.insert({host.used, name});
  }
  return placed;
}

}  // namespace weir
