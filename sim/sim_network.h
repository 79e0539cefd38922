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

/// Hosts that don't reach each other: nothing goes from `a` to `b`, nor back unless it is one way.
/// A host always reaches itself.
struct Partition {
  std::vector<std::string> a;
  std::vector<std::string> b;
  bool one_way = false;
};

/// Something that spans hosts and has to know when they are cut off from each other. Registered
/// while it exists.
class SimLink {
 public:
  explicit SimLink(SimWorld& world);
  SimLink(const SimLink&) = delete;
  SimLink& operator=(const SimLink&) = delete;
  virtual ~SimLink();
  /// Partitions began or ended: see SimNetwork::reaches().
  virtual void partitions_changed() = 0;
  /// Called in the middle of whatever killed it: make events, call nobody.
  virtual void process_died(const Life& life) = 0;

 protected:
  SimWorld& world_;

 private:
  const uint64_t id_;
};

/// Somebody listens there, as long as this exists and the process lives.
struct Listening {
  std::shared_ptr<Life> life;
  Acceptor acceptor;
};

/// Which hosts there are, who listens where, and who is cut off from whom. Hosts are made by naming
/// them: each process is on one (Life::host), an HDFS disk is on one of its own (SimDisk::host()).
class SimNetwork {
 public:
  explicit SimNetwork(SimWorld& world) : world_(world) {}

  /// What `from` sends arrives at `to`, at this moment.
  bool reaches(const std::string& from, const std::string& to) const;

  /// From now until heal() with the number that is returned. Several at a time add up.
  uint64_t cut(Partition partition);
  /// Likewise, for so long.
  void cut_for(Partition partition, MonotonicTime duration);
  void heal(uint64_t number);
  void heal_all();
  int64_t partitions() const { return static_cast<int64_t>(next_number_); }  ///< so far

  /// Port 0: the lowest that is free, so a process that starts again on its host gets the port of
  /// the one before.
  StatusOr<int> listen(const std::string& host, int port, const std::shared_ptr<Listening>& who);
  /// Who listens there now; null if nobody does.
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
