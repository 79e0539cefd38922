#include "runtime/exchange.h"

#include <algorithm>
#include <atomic>

#include "base/status_macros.h"
#include "base/strings.h"
#include "graph/execution_graph.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

/// The channels of one connection by their ids, which are added in ascending order.
template <class End>
class ById {
 public:
  void add(uint32_t id, std::shared_ptr<End> end) {
    WEIR_CHECK(ends_.empty() || ends_.back().first < id);
    ends_.emplace_back(id, std::move(end));
  }
  /// Null if there is none.
  End* find(uint32_t id) const {
    const auto found =
        std::lower_bound(ends_.begin(), ends_.end(), id,
                         [](const auto& entry, uint32_t i) { return entry.first < i; });
    return found == ends_.end() || found->first != id ? nullptr : found->second.get();
  }
  const auto& all() const { return ends_; }
  Id128 hash() const {
    std::string text = "weir channels";
    for (const auto& [id, end] : ends_) text += cat(" ", id);
    return murmur3_128(text);
  }

 private:
  std::vector<std::pair<uint32_t, std::shared_ptr<End>>> ends_;
};

}  // namespace

Status check_can_be_distributed(const JobGraph& graph) {
  std::string problems;
  for (const JobEdge& edge : graph.edges) {
    // A forward edge leads from shard i to shard i.
    if (edge.partitioning == Partitioning::kForward || edge.codec != nullptr) continue;
    const JobVertex& sender = graph.vertices[static_cast<size_t>(edge.from)];
    const JobOperator& from = sender.chain[sender_of(sender, edge)];
    const auto& to = graph.vertices[static_cast<size_t>(edge.to)].chain.front();
    problems += cat(
        problems.empty() ? "" : "\n", "the records that operator '", from.name,
        "' sends to operator '", to.name,
        "' would have to leave their process, and weir cannot serialize their type; "
        "list its fields with WEIR_FIELDS "
        "(weir/types/fields.h) or specialise weir::UserSerializer (weir/types/serializer.h) and "
        "give it a default constructor, or run "
        "the job in one process");
  }
  return problems.empty() ? Status() : failed_precondition(std::move(problems));
}

Status check_placement(const JobGraph& graph, const Placement& placement, bool reachable) {
  if (placement.worker_of_shard.empty()) return {};
  size_t slots = 1;
  for (const JobVertex& vertex : graph.vertices)
    slots = std::max(slots, static_cast<size_t>(vertex.parallelism));
  const size_t workers = placement.data_addresses.size();
  if (placement.worker_of_shard.size() < slots)
    return invalid_argument(cat("a placement of ", placement.worker_of_shard.size(),
                                " shards for a job that wants ", slots));
  std::vector<int> own;
  for (size_t shard = 0; shard < slots; ++shard) {
    if (placement.worker_of_shard[shard] == placement.own) own.push_back(static_cast<int>(shard));
  }
  if (placement.own < 0 || own.empty())
    return invalid_argument(cat("a placement that has no shard for worker ", placement.own));
  const auto begin = placement.worker_of_shard.begin();
  const auto end = begin + slots_within_reach(graph, own);
  const auto elsewhere = [&](int worker) { return worker != placement.own; };
  if (!reachable && std::any_of(begin, end, elsewhere))
    return invalid_argument(
        "a placement on several workers for one that other workers cannot reach");
  const auto unknown = [&](int worker) {
    return elsewhere(worker) && (worker < 0 || static_cast<size_t>(worker) >= workers);
  };
  if (std::any_of(begin, end, unknown))
    return invalid_argument(
        cat("a placement on workers that have no address; there are ", workers));
  return {};
}

/// The connection to a worker that gets records from this one. Thread: the connection's callbacks,
/// unless stated otherwise.
class Exchange::Outgoing {
 public:
  Outgoing(Exchange& exchange, int peer) : exchange_(exchange), peer_(peer) {}

  // Thread: the worker's.
  void add(uint32_t id, std::shared_ptr<RemoteWriter> writer) {
    writers_.add(id, std::move(writer));
  }
  void dial() {
    connection_ =
        exchange_.transport_.dial(exchange_.placement_.data_addresses[static_cast<size_t>(peer_)],
                                  Endpoint{[this](std::string frame) { on_frame(frame); },
                                           [this](Status reason) { on_break(std::move(reason)); }});
    asked_.store(connection_.get(), std::memory_order_release);
    connection_->send(
        encode_hello({kDataProtocolVersion, exchange_.graph_.fingerprint, writers_.hash(),
                      exchange_.options_.attempt, exchange_.placement_.own}));
  }
  void close() { connection_.reset(); }

 private:
  void on_frame(std::string_view frame) {
    if (failed_) return;
    Status status = accepted_ ? on_credit(frame) : on_answer(frame);
    if (status.ok()) return;
    failed_ = true;
    exchange_.fail(
        status.with_context(cat(accepted_ ? "the data connection to " : "cannot send records to ",
                                exchange_.peer_name(peer_))));
  }
  Status on_answer(std::string_view frame) {
    WEIR_ASSIGN_OR_RETURN(const uint32_t credits, decode_answer(frame));
    Connection* const connection = asked_.load(std::memory_order_acquire);
    if (connection == nullptr) return data_loss("the answer came before the hello was sent");
    accepted_ = true;
    for (const auto& [id, writer] : writers_.all()) writer->open(connection, credits);
    exchange_.one_ready();
    return {};
  }
  Status on_credit(std::string_view frame) {
    WEIR_ASSIGN_OR_RETURN(const DataCredit credit, decode_credit(frame));
    RemoteWriter* const writer = writers_.find(credit.channel);
    if (writer == nullptr)
      return data_loss(
          cat("a credit came for channel ", credit.channel, ", which is not on this connection"));
    return writer->on_credit(credit.taken);
  }
  void on_break(Status reason) {
    if (failed_) return;
    failed_ = true;
    exchange_.fail(reason.with_context(
        cat(accepted_ ? "lost the data connection to " : "cannot make the data connection to ",
            exchange_.peer_name(peer_))));
  }

  Exchange& exchange_;
  const int peer_;
  ById<RemoteWriter> writers_;
  std::unique_ptr<Connection> connection_;   ///< worker's thread
  std::atomic<Connection*> asked_{nullptr};  ///< set when the hello has been sent
  bool accepted_ = false;
  bool failed_ = false;
};

/// The connection from a worker that sends records to this one. Thread: the connection's callbacks,
/// unless stated otherwise.
class Exchange::Incoming {
 public:
  Incoming(Exchange& exchange, int peer) : exchange_(exchange), peer_(peer) {}

  /// Thread: the worker's.
  void add(uint32_t id, std::shared_ptr<RemoteReader> reader) {
    readers_.add(id, std::move(reader));
  }

  /// Called by the server, under its lock.
  StatusOr<Endpoint> take(const DataHello& hello, std::unique_ptr<Connection>& connection) {
    if (connection_ != nullptr)
      return failed_precondition(cat("worker ", peer_, " has a data connection already"));
    if (hello.channels != readers_.hash())
      return failed_precondition(
          "the two workers do not agree on the channels between them; run the same build with the "
          "same settings");
    connection_ = std::move(connection);
    for (const auto& [id, reader] : readers_.all()) reader->open(connection_.get());
    return Endpoint{[this](std::string frame) { on_frame(std::move(frame)); },
                    [this](Status reason) { on_break(std::move(reason)); }};
  }
  void accept() {
    connection_->send(encode_accepted(static_cast<uint32_t>(exchange_.options_.channel_capacity)));
  }
  /// Thread: the worker's, after the server has detached this attempt.
  void close() { connection_.reset(); }

 private:
  void on_frame(std::string frame) {
    if (failed_) return;
    Status status = on_element(std::move(frame));
    if (status.ok()) return;
    failed_ = true;
    exchange_.fail(
        status.with_context(cat("the data connection from ", exchange_.peer_name(peer_))));
  }
  Status on_element(std::string frame) {
    WEIR_ASSIGN_OR_RETURN(const ElementHeader header, decode_element_header(frame));
    RemoteReader* const reader = readers_.find(header.channel);
    if (reader == nullptr)
      return data_loss(
          cat("an element came for channel ", header.channel, ", which is not on this connection"));
    return reader->on_frame(header, std::move(frame));
  }
  void on_break(Status reason) {
    if (failed_) return;
    failed_ = true;
    exchange_.fail(
        reason.with_context(cat("lost the data connection from ", exchange_.peer_name(peer_))));
  }

  Exchange& exchange_;
  const int peer_;
  ById<RemoteReader> readers_;
  std::unique_ptr<Connection> connection_;  ///< guarded by the server's lock until it is set
  bool failed_ = false;
};

Exchange::Exchange(const JobGraph& graph, Placement placement, Options options,
                   Transport& transport, DataServer* server)
    : graph_(graph),
      placement_(std::move(placement)),
      options_{options.attempt, std::max<size_t>(options.channel_capacity, 1)},
      transport_(transport),
      server_(server),
      outgoing_(placement_.data_addresses.size()),
      incoming_(placement_.data_addresses.size()) {}

Exchange::~Exchange() { close(); }

Exchange::Outgoing& Exchange::outgoing_to(int worker) {
  auto& outgoing = outgoing_[static_cast<size_t>(worker)];
  if (outgoing == nullptr) outgoing = std::make_unique<Outgoing>(*this, worker);
  return *outgoing;
}

Exchange::Incoming& Exchange::incoming_from(int worker) {
  WEIR_CHECK(server_ != nullptr);
  auto& incoming = incoming_[static_cast<size_t>(worker)];
  if (incoming == nullptr) incoming = std::make_unique<Incoming>(*this, worker);
  return *incoming;
}

std::shared_ptr<ChannelWriter> Exchange::make_writer(uint32_t id, int to_worker,
                                                     const std::string& from_operator,
                                                     std::shared_ptr<const RecordCodec> codec,
                                                     std::function<void()> wake) {
  auto writer = std::make_shared<RemoteWriter>(
      id, std::move(codec), std::move(wake), [this, from_operator](Status reason) {
        fail(reason.with_context(cat("operator '", from_operator, "'")));
      });
  outgoing_to(to_worker).add(id, writer);
  return writer;
}

std::shared_ptr<ChannelReader> Exchange::make_reader(uint32_t id, int from_worker,
                                                     std::shared_ptr<const RecordCodec> codec,
                                                     std::function<void()> wake) {
  auto reader = std::make_shared<RemoteReader>(
      id, std::move(codec), options_.channel_capacity, std::move(wake),
      [this, from_worker](Status reason) {
        fail(reason.with_context(
            cat("what came on the data connection from ", peer_name(from_worker))));
      });
  incoming_from(from_worker).add(id, reader);
  return reader;
}

void Exchange::connect(std::function<void(Status)> on_connected,
                       std::function<void(Status)> on_broken) {
  {
    std::lock_guard lock(mutex_);
    on_connected_ = std::move(on_connected);
    on_broken_ = std::move(on_broken);
    const auto there = [](const auto& connection) { return connection != nullptr; };
    not_ready_ = 1 + static_cast<size_t>(std::count_if(outgoing_.begin(), outgoing_.end(), there) +
                                         std::count_if(incoming_.begin(), incoming_.end(), there));
  }
  if (server_ != nullptr) server_->attach(this);
  for (const auto& outgoing : outgoing_) {
    if (outgoing) outgoing->dial();
  }
  one_ready();  // all connections are started
}

StatusOr<Endpoint> Exchange::take(const DataHello& hello, std::unique_ptr<Connection>& connection) {
  if (hello.fingerprint != graph_.fingerprint) {
    return failed_precondition(
        "the two workers run different jobs, or the same one with other settings; start all "
        "processes of a job "
        "with the same program and flags");
  }
  const auto from = static_cast<size_t>(hello.from);
  if (hello.from < 0 || from >= incoming_.size() || incoming_[from] == nullptr)
    return failed_precondition(cat("no records are expected from worker ", hello.from));
  return incoming_[from]->take(hello, connection);
}

void Exchange::taken(int from) {
  incoming_[static_cast<size_t>(from)]->accept();
  one_ready();
}

void Exchange::one_ready() {
  std::unique_lock lock(mutex_);
  if (--not_ready_ > 0 || notified_ != Notified::kNo) return;
  notify_connected(std::move(lock), {});
}

void Exchange::fail(Status reason) {
  std::unique_lock lock(mutex_);
  switch (notified_) {
    case Notified::kNo: notify_connected(std::move(lock), std::move(reason)); return;
    case Notified::kPending:
      if (broken_meanwhile_.ok()) broken_meanwhile_ = std::move(reason);
      return;
    case Notified::kConnected: {
      notified_ = Notified::kClosed;
      const auto on_broken = std::move(on_broken_);
      lock.unlock();
      on_broken(std::move(reason));
      return;
    }
    case Notified::kClosed: return;
  }
}

void Exchange::notify_connected(std::unique_lock<std::mutex> lock, Status status) {
  notified_ = Notified::kPending;
  const bool connected = status.ok();
  const auto on_connected = std::move(on_connected_);
  lock.unlock();
  on_connected(std::move(status));
  lock.lock();
  if (notified_ != Notified::kPending) return;
  notified_ = connected ? Notified::kConnected : Notified::kClosed;
  if (!connected || broken_meanwhile_.ok()) return;
  notified_ = Notified::kClosed;
  const auto on_broken = std::move(on_broken_);
  lock.unlock();
  on_broken(broken_meanwhile_);
}

void Exchange::silence() {
  std::lock_guard lock(mutex_);
  notified_ = Notified::kClosed;
}

void Exchange::close() {
  silence();
  if (server_ != nullptr) server_->detach(this);
  for (const auto& outgoing : outgoing_) {
    if (outgoing) outgoing->close();
  }
  for (const auto& incoming : incoming_) {
    if (incoming) incoming->close();
  }
}

std::string Exchange::peer_name(int worker) const {
  return cat("worker ", worker, " at ",
             placement_.data_addresses[static_cast<size_t>(worker)].to_string());
}

}  // namespace weir
