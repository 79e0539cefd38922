#include "flink/chain_process.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/strings.h"
#include "cluster/roles/process.h"
#include "config/options.h"
#include "flink/chain_host.h"
#include "platform/byte_pipe.h"
#include "platform/crash_report.h"
#include "platform/wakeup.h"

namespace weir {
namespace {

constexpr int kFailed = 1;
constexpr size_t kFirstRoom = 1 << 20;
constexpr size_t kMaxRoom = size_t{1} << 31;  ///< Java arrays are not larger

class ProcessWorld final : public ChainWorld {
 public:
  explicit ProcessWorld(Platform& platform) : platform_(platform) {}
  const Clock& clock() const override { return platform_.clock; }
  FileSystemRegistry& files() override { return platform_.files; }
  uint64_t nonce() override { return platform_.random.next(); }
  void run_blocking(std::string_view executor, std::function<void()> work) override {
    platform_.scheduler.run_blocking(executor, std::move(work));
  }
  void wait(std::chrono::milliseconds at_most) override { wakeup_.wait(at_most); }
  void wake() override { wakeup_.wake(); }

 private:
  Platform& platform_;
  Wakeup wakeup_;
};

/// Splits the input into requests. Keeps the memory that a large one took.
class RequestReader {
 public:
  explicit RequestReader(BytePipe& pipe)
      : pipe_(pipe), room_(kFirstRoom), buffer_(new char[kFirstRoom]) {}

  /// The next request without its length, valid until the next call; false at the end of input.
  StatusOr<bool> next(std::string_view* request) {
    filled_ -= used_;
    std::memmove(buffer_.get(), buffer_.get() + used_, filled_);
    used_ = 0;
    size_t wanted = 4;
    while (true) {
      if (filled_ >= 4) wanted = 4 + size_t{BinaryReader({buffer_.get(), 4}).get_u32()};
      if (filled_ >= wanted) break;
      if (wanted > kMaxRoom)
        return data_loss(
            cat("a request of ", wanted - 4,
                " bytes: what comes on standard input is not from weir's operator in Flink"));
      // Grows by the bytes received, not by the announced length.
      if (filled_ == room_) grow(std::min(wanted, room_ * 2));
      auto count = pipe_.read_some(buffer_.get() + filled_, room_ - filled_);
      if (!count.ok()) return count.status();
      if (*count == 0) return false;
      filled_ += *count;
    }
    used_ = wanted;
    *request = {buffer_.get() + 4, wanted - 4};
    return true;
  }

 private:
  void grow(size_t room) {
    std::unique_ptr<char[]> larger(new char[room]);
    std::memcpy(larger.get(), buffer_.get(), filled_);
    buffer_ = std::move(larger);
    room_ = room;
  }

  BytePipe& pipe_;
  size_t room_;
  std::unique_ptr<char[]> buffer_;
  size_t filled_ = 0;
  size_t used_ = 0;
};

Status serve(ChainHost& host, BytePipe& pipe) {
  RequestReader requests(pipe);
  while (!host.closed()) {
    std::string_view request;
    const auto came = requests.next(&request);
    if (!came.ok()) return came.status();
    if (!*came) return {};
    if (Status written = pipe.write(host.handle(request)); !written.ok()) return written;
  }
  return {};
}

}  // namespace

int run_chain(const JobGraph& graph, const Configuration& configuration, BytePipe pipe) {
  report_crashes("the chain");
  end_with_parent();
  Process process(configuration, graph);  // ignores SIGINT and SIGTERM: only Flink ends a chain
  ProcessWorld world(process.platform.get());
  ChainHost::Options options;
  options.ignore_unclaimed_state = configuration.get(options::kIgnoreUnclaimedState);
  options.copy_reserve = configuration.get(options::kCopyReserve);
  options.max_record_bytes = static_cast<size_t>(configuration.get(options::kMaxRecordBytes));
  options.from = configuration.get_optional(options::kFlinkFrom).value_or("");
  ChainHost host(graph, options, world);
  const Status status = serve(host, pipe);
  const bool asked_for = host.closed();
  host.close();
  if (!status.ok()) std::fprintf(stderr, "error: %s\n", std::string(status.message()).c_str());
  std::fflush(nullptr);
  // Skips destructors, which would wait for blocking work, such as a commit to a dead server.
  std::_Exit(asked_for ? 0 : kFailed);
}

}  // namespace weir
