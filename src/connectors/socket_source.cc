#include "weir/connector/socket_source.h"

#include <deque>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "config/options.h"
#include "platform/tcp_client.h"
#include "weir/types/bytes.h"

namespace weir {
namespace {

constexpr auto kConnectTimeout = std::chrono::seconds(10);
/// How long one read may occupy a thread of the I/O pool.
constexpr auto kReadTimeout = std::chrono::milliseconds(200);
constexpr size_t kReadBytes = 64 << 10;

class SocketReader final : public SourceReader<std::string> {
 public:
  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }

  void add_splits(std::vector<std::string> splits) override {
    std::move(splits.begin(), splits.end(), std::back_inserter(splits_));
  }

  std::vector<std::string> snapshot() override { return {splits_.begin(), splits_.end()}; }

  PollResult poll(BatchOf<std::string>& out, size_t max_records) override {
    if (splits_.empty()) return {PollResult::Status::kEnd};
    while (out.size() < max_records) {
      const size_t line_end = text_.find('\n', at_);
      if (line_end == std::string::npos) break;
      if (line_end - at_ > context_->max_record_bytes()) return too_long();
      add(out, line_end - at_);
      at_ = line_end + 1;
    }
    if (!out.empty()) return {};
    text_.erase(0, at_);
    at_ = 0;
    if (text_.size() > context_->max_record_bytes()) return too_long();
    if (ended_ && !reading_) {
      if (!text_.empty()) {
        add(out, text_.size());
        text_.clear();
        return {};
      }
      next_server();
      return {};
    }
    if (!reading_) read();
    return {PollResult::Status::kNothingNow};
  }

 private:
  PollResult too_long() {
    context_->fail(
        invalid_argument(cat("the server sent a line of more than ", context_->max_record_bytes(),
                             " bytes (", options::kMaxRecordBytes.name, ")")));
    return {PollResult::Status::kNothingNow};
  }

  /// The result of one turn on the I/O pool.
  struct Turn {
    Status status;
    std::shared_ptr<TcpClient> client;
    std::string bytes;
    bool end = false;
  };

  void add(BatchOf<std::string>& out, size_t length) {
    if (length > 0 && text_[at_ + length - 1] == '\r') --length;
    out.add(text_.substr(at_, length));
  }

  void read() {
    reading_ = true;
    context_->run_blocking(
        [this, client = client_, server = splits_.front()]() -> std::function<void()> {
          auto turn = std::make_shared<Turn>();
          turn->client = client;
          turn->status = take_turn(server, *turn);
          return [this, turn] {
            reading_ = false;
            if (!turn->status.ok()) return context_->fail(turn->status);
            client_ = turn->client;
            text_ += turn->bytes;
            ended_ = turn->end;
          };
        });
  }

  static Status take_turn(const std::string& server, Turn& turn) {
    if (!turn.client) {
      BinaryReader in(server);
      const std::string host(in.get_bytes());
      const int port = in.get_i32();
      WEIR_RETURN_IF_ERROR(in.status("a split of a socket source"));
      WEIR_ASSIGN_OR_RETURN(turn.client, connect_tcp(host, port, kConnectTimeout));
    }
    return turn.client->read(kReadBytes, kReadTimeout, &turn.bytes, &turn.end);
  }

  void next_server() {
    WEIR_LOG(kInfo) << context_->operator_name()
                    << ": the server has closed the connection, which ends the source";
    splits_.pop_front();
    client_.reset();
    ended_ = false;
  }

  OperatorContext* context_ = nullptr;
  std::deque<std::string> splits_;
  std::shared_ptr<TcpClient> client_;  ///< belongs to the work on the I/O pool while reading_
  std::string text_;
  size_t at_ = 0;
  bool reading_ = false;
  bool ended_ = false;
};

}  // namespace

StatusOr<std::vector<std::string>> SocketSource::enumerate(FileSystemRegistry&, int) const {
  if (host_.empty() || port_ <= 0 || port_ > 65535) {
    return invalid_argument(
        cat("'", host_, ":", port_,
            "' is no address to read from: give a host and a port between 1 and 65535"));
  }
  BinaryWriter split;
  split.put_bytes(host_);
  split.put_i32(port_);
  return std::vector<std::string>{split.take()};
}

std::unique_ptr<SourceReader<std::string>> SocketSource::create_reader() const {
  return std::make_unique<SocketReader>();
}

}  // namespace weir
