#include "sim_network.h"

#include <algorithm>

#include "base/strings.h"

namespace weir::sim {
namespace {

constexpr int kFirstPort = 20000;

bool contains(const std::vector<std::string>& hosts, const std::string& host) {
  return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

std::string describe(const Partition& partition) {
  std::string text;
  for (const std::string& host : partition.a) text += cat(host, ' ');
  text += partition.one_way ? "->" : "<->";
  for (const std::string& host : partition.b) text += cat(' ', host);
  return text;
}

}  // namespace

SimLink::SimLink(SimWorld& world) : world_(world), id_(world.network().next_link_++) {
  world_.network().links_.emplace(id_, this);
}

SimLink::~SimLink() { world_.network().links_.erase(id_); }

bool SimNetwork::reaches(const std::string& from, const std::string& to) const {
  if (partitions_.empty() || from == to) return true;
  return std::none_of(partitions_.begin(), partitions_.end(), [&](const auto& entry) {
    const Partition& cut = entry.second;
    return (contains(cut.a, from) && contains(cut.b, to)) ||
           (!cut.one_way && contains(cut.b, from) && contains(cut.a, to));
  });
}

uint64_t SimNetwork::cut(Partition partition) {
  const uint64_t number = next_number_++;
  world_.note("partition", describe(partition), number);
  partitions_.emplace(number, std::move(partition));
  tell_links([](SimLink& link) { link.partitions_changed(); });
  return number;
}

void SimNetwork::cut_for(Partition partition, MonotonicTime duration) {
  const uint64_t number = cut(std::move(partition));
  world_.at(world_.now() + duration, nullptr, [this, number] { heal(number); });
}

void SimNetwork::heal(uint64_t number) {
  if (partitions_.erase(number) == 0) return;
  world_.note("partition ends", "", number);
  tell_links([](SimLink& link) { link.partitions_changed(); });
}

void SimNetwork::heal_all() {
  while (!partitions_.empty()) heal(partitions_.begin()->first);
}

StatusOr<int> SimNetwork::listen(const std::string& host, int port,
                                 const std::shared_ptr<Listening>& who) {
  if (port != 0 && find(host, port) != nullptr) {
    return unavailable(
        cat("cannot listen on ", host, ':', port, ": the address is taken (simulated)"));
  }
  if (port == 0) {
    for (port = kFirstPort; find(host, port) != nullptr;) ++port;
  }
  listening_[{host, port}] = who;
  world_.note("listen", host, static_cast<uint64_t>(port));
  return port;
}

std::shared_ptr<Listening> SimNetwork::find(const std::string& host, int port) const {
  const auto found = listening_.find({host, port});
  if (found == listening_.end()) return nullptr;
  std::shared_ptr<Listening> who = found->second.lock();
  return who != nullptr && who->life->alive ? who : nullptr;
}

void SimNetwork::process_died(const Life& life) {
  tell_links([&](SimLink& link) { link.process_died(life); });
}

void SimNetwork::tell_links(const std::function<void(SimLink&)>& what) {
  // Links only make events here, so the set of links does not change meanwhile.
  for (const auto& [id, link] : links_) what(*link);
}

}  // namespace weir::sim
