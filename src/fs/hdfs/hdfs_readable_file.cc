#include "fs/hdfs/hdfs_readable_file.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/hdfs_status.h"

namespace weir {
namespace {

constexpr int64_t kStreamFrom = 1 << 20;  // smaller reads are not worth a stream
constexpr size_t kTailBytes = 256 << 10;

}  // namespace

Status HdfsReadableFile::read_at(int64_t offset, int64_t length, std::string* out) {
  out->clear();
  if (offset < 0 || length < 0)
    return invalid_argument(cat("read of ", length, " bytes at ", offset, " of ", path_));
  if (offset >= size_ || length == 0) return {};
  const int64_t wanted = std::min(length, size_ - offset);
  if (!read_on(offset, wanted, out)) {
    stream_.reset();
    WEIR_RETURN_IF_ERROR(read_range(offset, wanted, out));
  }
  position_ = offset + wanted;
  if (wanted >= kStreamFrom) tail_.assign(*out, out->size() - kTailBytes);
  else tail_.clear();
  return {};
}

StatusOr<bool> HdfsReadableFile::being_written() {
  const auto answer = client_->call(
      {HttpMethod::kGet, "GET_BLOCK_LOCATIONS", "look at the blocks of", path_}, {{"length", "1"}});
  if (answer.status.ok()) return parse_under_construction(answer.body);
  if (answer.refusal == Refusal::kInvalid) return false;  // a gateway that doesn't know the call
  return answer.status;
}

bool HdfsReadableFile::read_on(int64_t offset, int64_t wanted, std::string* out) {
  const int64_t again = position_ - offset;  // bytes that the last read returned already
  if (!can_stream_ || again < 0 || again > static_cast<int64_t>(tail_.size()) ||
      wanted - again < kStreamFrom)
    return false;
  if (!stream_) {
    const auto redirect = client_->call({HttpMethod::kGet, "OPEN", "read", path_, 307},
                                        {{"offset", std::to_string(position_)}});
    if (!redirect.status.ok()) return false;
    const auto data_node = data_node_of(redirect.location, "read", path_);
    if (!data_node.ok()) return false;
    stream_ = client_->http().download(data_node->url);
    can_stream_ = stream_ != nullptr;
    if (!can_stream_) return false;
  }
  out->reserve(static_cast<size_t>(wanted));
  out->assign(tail_, tail_.size() - static_cast<size_t>(again));
  return stream_->read(wanted - again, out) && static_cast<int64_t>(out->size()) == wanted;
}

Status HdfsReadableFile::read_range(int64_t offset, int64_t wanted, std::string* out) {
  out->clear();
  auto attempts = client_->attempts();
  std::string excluded;
  while (true) {
    const auto redirect = client_->call({HttpMethod::kGet, "OPEN", "read", path_, 307},
                                        {{"offset", std::to_string(offset)},
                                         {"length", std::to_string(wanted)},
                                         {excluded.empty() ? "" : "excludedatanodes", excluded}});
    Status failure = redirect.status;
    if (failure.ok()) {
      WEIR_ASSIGN_OR_RETURN(const DataNodeUrl data_node,
                            data_node_of(redirect.location, "read", path_));
      out->reserve(static_cast<size_t>(wanted));
      HttpReply reply = client_->http().get(data_node.url, wanted, std::move(*out));
      out->clear();
      excluded.clear();
      if (reply.outcome == HttpReply::Outcome::kAnswered && reply.status == 200) {
        if (static_cast<int64_t>(reply.body.size()) != wanted) {
          return data_loss(cat("read of ", path_, " on HDFS: ", data_node.origin, " has ",
                               reply.body.size(), " of the ", wanted, " bytes at ", offset,
                               " of a file that was ", size_,
                               " bytes long when it was opened; was it replaced?"));
        }
        *out = std::move(reply.body);
        return {};
      }
      if (reply.outcome == HttpReply::Outcome::kAnswered) {
        const auto answer =
            client_->refused(reply, data_node.origin, "read", path_, redirect.namenode);
        if (!is_worth_another_attempt(*answer.refusal)) return answer.status;
        failure = answer.status;
      } else {
        const bool unreached = reply.outcome == HttpReply::Outcome::kNotSent;
        failure = unreached ? data_node_unreachable(reply, data_node, "read", path_)
                            : client_->no_answer(reply, data_node.origin, "read", path_);
        excluded = data_node.host;  // another replica, for once
      }
    } else if (excluded.empty()) {
      return failure;  // call() has used up its attempts
    } else {
      excluded.clear();  // there may be no other replica
    }
    if (!attempts.another(client_->options().retry.attempts_max, failure)) return failure;
  }
}

}  // namespace weir
