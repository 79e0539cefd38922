#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/transport.h"
#include "sim_world.h"

namespace weir::sim {

/// Hosts that can't reach each other: nothing gets from `a` to `b`, nor back unless one_way is set.
/// A host always reaches itself.
struct Partition {
  std::vector<std::string> a;
  std::vector<std::string> b;
  bool one_way = false;
};

/// A connection between hosts that must learn of partitions. Registered while it exists.
class SimLink {
 public:
  explicit SimLink(SimWorld& world);
  SimLink(const SimLink&) = delete;
  SimLink& operator=(const SimLink&) = delete;
  virtual ~SimLink();
  /// Called when a partition has begun or ended: see SimNetwork::reaches().
  virtual void partitions_changed() = 0;
  /// Called while the process is being killed. Implementations may make events, but must not call
  /// other code.
  virtual void process_died(const Life& life) = 0;

 protected:
  SimWorld& world_;

 private:
  const uint64_t id_;
};

/// A listener. Active while this exists and its process lives.
struct Listening {
  std::shared_ptr<Life> life;
  Acceptor acceptor;
};

/// The hosts, their listeners and the partitions between them. A host exists as soon as it is
/// named: each process is on one (Life::host), and an HDFS disk has its own (SimDisk::host()).
class SimNetwork {
 public:
  explicit SimNetwork(SimWorld& world) : world_(world) {}

  /// True if a message from `from` would arrive at `to` now.
  bool reaches(const std::string& from, const std::string& to) const;

  /// Cuts from now until heal() with the returned number. Several partitions add up.
  uint64_t cut(Partition partition);
  /// Cuts for `duration`.
  void cut_for(Partition partition, MonotonicTime duration);
  void heal(uint64_t number);
  void heal_all();
  int64_t partitions() const { return static_cast<int64_t>(next_number_); }  ///< number so far

  /// Port 0 selects the lowest free port. So a restarted process on the same host gets the port of
  /// the previous one.
  StatusOr<int> listen(const std::string& host, int port, const std::shared_ptr<Listening>& who);
  /// The current listener there; null if there is none.
  std::shared_ptr<Listening> find(const std::string& host, int port) const;

  void process_died(const Life& life);

 private:
  friend class SimLink;
  void tell_links(const std::function<void(SimLink&)>& what);

  SimWorld& world_;
  uint64_t next_number_ = 0;
  std::map<uint64_t, Partition> partitions_;
  std::map<std::pair<std::string, int>, std::weak_ptr<Listening>> listening_;
  uint64_t next_link_ = 0;
  std::map<uint64_t, SimLink*> links_;
};

}  // namespace weir::sim
