// Finds the files that are added to the input of a FileSource while the job runs.

#include <algorithm>
#include <set>

#include "base/ids.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "connectors/file_split.h"
#include "connectors/input_files.h"
#include "weir/detail/connector/record_reader.h"

namespace weir::detail {
namespace {

/// Each file is read once: a file is known by its URI for ever. To keep the state small, the URI's
/// hash stands for it.
class FileMonitor final : public SplitEnumerator<std::string> {
 public:
  FileMonitor(RecordReaderOptions options, std::chrono::milliseconds interval)
      : options_(std::move(options)), interval_(interval) {}

  Status restore(std::string_view state) override {
    constexpr size_t kHash = sizeof(Id128::bytes);
    if (state.size() % kHash != 0) {
      return data_loss(cat("the list of the files that were found has ", state.size(),
                           " bytes, which is no multiple of ", kHash));
    }
    for (size_t at = 0; at < state.size(); at += kHash)
      seen_.insert(Id128::from_raw(state.substr(at, kHash)));
    return {};
  }

  StatusOr<Discovery<std::string>> discover(FileSystemRegistry& registry) override {
    auto found = find_new(registry);
    if (found.ok()) return found;
    return found.status().with_context(
        cat("cannot look for new files in ", join_names(options_.uris)));
  }

  std::string snapshot() const override {
    std::string state;
    for (const Id128& hash : seen_) state += hash.raw();
    return state;
  }

 private:
  StatusOr<Discovery<std::string>> find_new(FileSystemRegistry& registry) {
    WEIR_RETURN_IF_ERROR(check_time_format(options_.csv.time_format));
    WEIR_ASSIGN_OR_RETURN(const std::vector<InputFile> files,
                          find_input_files(registry, options_.uris, NoFiles::kAllowed));
    Discovery<std::string> discovery{{}, interval_};
    const int64_t split_bytes = options_.split_bytes > 0 ? options_.split_bytes : kMaxSplitBytes;
    for (const InputFile& file : files) {
      const Id128 hash = murmur3_128(file.location.uri);
      // An empty file may be one whose writer has just begun.
      if (file.info.size == 0 || seen_.contains(hash)) continue;
      WEIR_ASSIGN_OR_RETURN(const bool complete, is_complete(file));
      if (!complete) continue;
      WEIR_ASSIGN_OR_RETURN(const auto splits, splits_of(file, split_bytes, options_));
      for (const FileSplit& split : splits) discovery.splits.push_back(split.encode());
      seen_.insert(hash);
    }
    return discovery;
  }

  /// False: its writer has it open, or it has gone. Look again next time.
  static StatusOr<bool> is_complete(const InputFile& input) {
    const auto file = input.location.fs->open(input.location.path);
    if (file.status().code() == StatusCode::kNotFound) return false;
    if (!file.ok()) return file.status();
    WEIR_ASSIGN_OR_RETURN(const bool written, (*file)->being_written());
    return !written;
  }

  const RecordReaderOptions options_;
  const std::chrono::milliseconds interval_;
  std::set<Id128> seen_;  ///< hashes of URIs
};

}  // namespace

std::unique_ptr<SplitEnumerator<std::string>> make_file_monitor(
    RecordReaderOptions options, std::chrono::milliseconds interval) {
  return std::make_unique<FileMonitor>(std::move(options), interval);
}

}  // namespace weir::detail
