#include "cluster/job_master/placement.h"

#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "weir/detail/base/check.h"

namespace weir {
namespace {

/// Workers with free slots. The order is by used slots of the host, then of the worker, then by
/// name. Placing a shard takes logarithmic time.
class FreeSlots {
 public:
  explicit FreeSlots(const std::vector<WorkerOffer>& offers)
      : offers_(offers), used_(offers.size()) {
    for (size_t i = 0; i < offers.size(); ++i) {
      if (offers[i].slots > 0) hosts_[offers[i].host].workers.emplace(0, offers[i].worker, i);
    }
    for (const auto& [name, host] : hosts_) order_.emplace(0, name);
  }

  /// False if it has no free slot.
  bool take(size_t offer) {
    if (used_[offer] >= offers_[offer].slots) return false;
    const auto found = hosts_.find(offers_[offer].host);
    auto& [name, host] = *found;
    order_.erase({host.used++, name});
    host.workers.erase({used_[offer]++, offers_[offer].worker, offer});
    if (used_[offer] < offers_[offer].slots)
      host.workers.emplace(used_[offer], offers_[offer].worker, offer);
    if (!host.workers.empty()) order_.emplace(host.used, name);
    return true;
  }
  size_t take_best() {
    WEIR_CHECK(!order_.empty());
    const size_t best = std::get<size_t>(*hosts_.at(order_.begin()->second).workers.begin());
    take(best);
    return best;
  }

 private:
  struct Host {
    int used = 0;
    /// Workers with free slots: used slots, name, index.
    std::set<std::tuple<int, std::string_view, size_t>> workers;
  };
  const std::vector<WorkerOffer>& offers_;
  std::vector<int> used_;
  std::map<std::string_view, Host> hosts_;
  std::set<std::pair<int, std::string_view>> order_;  ///< hosts with free slots: used slots, name
};

}  // namespace

std::vector<int> place_shards(const std::vector<WorkerOffer>& offers, int shards,
                              const std::vector<std::string>& before) {
  FreeSlots free(offers);
  std::vector<int> placed(static_cast<size_t>(shards), -1);
  std::unordered_map<std::string_view, size_t> by_name;
  for (size_t i = 0; i < offers.size(); ++i) by_name.emplace(offers[i].worker, i);
  for (size_t shard = 0; shard < placed.size() && shard < before.size(); ++shard) {
    const auto same = by_name.find(before[shard]);
    if (same != by_name.end() && free.take(same->second))
      placed[shard] = static_cast<int>(same->second);
  }
  for (int& worker : placed) {
    if (worker < 0) worker = static_cast<int>(free.take_best());
  }
  return placed;
}

}  // namespace weir
