#pragma once

#include <atomic>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fs/hdfs/hdfs_retry.h"
#include "fs/hdfs/namenode_address.h"
#include "fs/hdfs/webhdfs_error.h"
#include "http/http.h"
#include "platform/clock.h"

namespace weir {

struct WebHdfsOptions : HdfsRetryOptions {
  NameNodes namenodes;
  std::string user;
  std::string proxy_user;      ///< `user` acts for this one; empty: for itself
  bool authenticated = false;  ///< requests prove who `user` is
};

/// Calls to the NameNodes of one HDFS over WebHDFS: finds the active one, retries where that can
/// help, and interprets answers. A call may be carried out more than once when its answer is lost;
/// `earlier_unknown` reports that, and the caller checks. With several NameNodes, one is trusted
/// only after it has accepted a call that changes something, which only the active one does: an
/// observer also answers reads, but from older data. This proof is repeated after each failover,
/// and every few seconds. Thread: any.
class WebHdfsClient {
 public:
  using Parameters = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  struct Call {
    HttpMethod method;
    std::string_view op;    ///< "MKDIRS"
    std::string_view what;  ///< "make the directory", for messages
    const std::string& path;
    /// The HTTP status of success.
    int success = 200;
  };
  struct Answer {
    Status status;                   ///< OK, or the message for the user
    std::optional<Refusal> refusal;  ///< set if a server refused
    bool earlier_unknown = false;    ///< an earlier attempt may have been carried out
    size_t namenode = 0;             ///< which NameNode gave the answer
    std::string body;
    std::string location;
  };

  WebHdfsClient(WebHdfsOptions options, std::unique_ptr<Http> http)
      : options_(std::move(options)), http_(std::move(http)) {}

  Answer call(const Call& call, Parameters parameters);

  /// For something larger than a call, such as an upload.
  HdfsAttempts attempts() const { return HdfsAttempts(options_); }

  /// Interprets the refusal of the DataNode that `namenode` named. After a StandbyException the
  /// next call goes to another NameNode.
  Answer refused(const HttpReply& reply, const std::string& server, std::string_view what,
                 const std::string& path, size_t namenode);
  /// The Status for an exchange that brought no answer.
  Status no_answer(const HttpReply& reply, const std::string& server, std::string_view what,
                   const std::string& path) const;

  Http& http() { return *http_; }
  const WebHdfsOptions& options() const { return options_; }

 private:
  /// Does nothing if another thread has already moved on from `from`.
  void fail_over(size_t from);
  /// True if the NameNode must prove that it is active before the next call.
  bool is_doubted(size_t namenode) const;
  /// The call for that proof: makes the directory "/", which exists.
  HttpReply ask_whether_active(size_t namenode);
  /// The parameters that say who calls.
  std::string identity() const;
  MonotonicTime now() const { return options_.now ? options_.now() : MonotonicTime(0); }

  const WebHdfsOptions options_;
  const std::unique_ptr<Http> http_;
  std::atomic<size_t> active_{0};
  std::atomic<bool> reached_{false};
  std::atomic<size_t> proven_{SIZE_MAX};  ///< the NameNode that last proved to be active
  std::atomic<MonotonicTime> proven_at_{MonotonicTime(0)};
};

}  // namespace weir
