#include <algorithm>
#include <atomic>
#include <list>
#include <map>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "connectors/compressor.h"
#include "connectors/epoch_file.h"
#include "connectors/part_names.h"
#include "fs/file_system_registry.h"
#include "weir/detail/connector/part_writer.h"
#include "weir/types/bytes.h"

namespace weir::detail {
namespace {

constexpr char kRunState[] = "file-sink-run";

class PartWriterImpl final : public PartWriter {
 public:
  explicit PartWriterImpl(PartOptions options) : options_(std::move(options)) {
    if (!options_.names.part_suffix.ends_with(suffix_of(options_.compression)))
      options_.names.part_suffix += suffix_of(options_.compression);
  }

  Status open(OperatorContext& context) override {
    context_ = &context;
    WEIR_ASSIGN_OR_RETURN(directory_, context.files().resolve(options_.directory_uri));
    name_first_ = directory_.fs->stages_at_target();
    next_checkpoint_ = std::max<int64_t>(0, context.restored_checkpoint()) + 1;
    TypeDescription run_type;
    run_type.kind = TypeKind::kInt64;
    WEIR_ASSIGN_OR_RETURN(
        const auto restored,
        context.operator_state().declare(kRunState, ListStateMode::kUnion, std::move(run_type)));
    run_ = run_hash(context.uid(), context.run_nonce());
    if (!restored.empty() && context.continues_run()) {
      BinaryReader in(restored.front());
      run_ = static_cast<uint32_t>(in.get_i64());
      WEIR_RETURN_IF_ERROR(in.status("a file sink's run"));
    }
    return {};
  }

  std::string* buffer(std::string_view name, size_t* limit) override {
    if (current_ == nullptr || *current_->name != name) {
      auto found = buckets_.find(name);
      if (found == buckets_.end()) {
        if (Status checked = check_bucket(name); !checked.ok()) {
          context_->fail(std::move(checked));
          return nullptr;
        }
        found = buckets_.emplace(std::string(name), Bucket()).first;
        found->second.name = &found->first;
      }
      current_ = &found->second;
    }
    size_before_ = current_->buffer.size();
    // Compression may have made the file longer than its content.
    const int64_t room = std::max<int64_t>(1, options_.rolling.max_part_size - current_->length);
    *limit = static_cast<size_t>(std::min<int64_t>(kChunkBytes, room));
    return &current_->buffer;
  }

  void appended() override {
    Bucket& bucket = *current_;
    buffered_ += bucket.buffer.size() - size_before_;
    const int64_t now_ms = ends_by_time() ? context_->processing_time_ms() : 0;
    if (bucket.file) touch(bucket, now_ms);
    const auto size = static_cast<int64_t>(bucket.buffer.size());
    if (size >= options_.rolling.max_part_size - bucket.length) {
      end_file(bucket);
    } else if (bucket.buffer.size() >= kChunkBytes) {
      write_out(bucket, now_ms);
    }
    if (buffered_ > kMaxBytesInBuckets) write_out_large(now_ms);
    if (ends_by_time()) end_by_time(bucket, now_ms);
  }

  bool can_accept() override { return *bytes_in_flight_ < kMaxBytesInFlight; }

  std::vector<std::string> prepare_commit(SnapshotContext& context) override {
    for (auto& [name, bucket] : buckets_) end_file(bucket);
    buckets_.clear();
    current_ = nullptr;
    std::vector<std::string> committables;
    std::map<std::string, uint32_t> numbers;
    for (PartCommittable& part : ended_) {
      if (part.part.empty())
        part.part = to_string(part_name(context.checkpoint_id(), numbers[part.bucket]++));
      committables.push_back(part.encode());
      if (bug_enabled(Bug::kEndedPartsForgotten)) break;
    }
    ended_.clear();
    next_numbers_.clear();
    if (context.checkpoint_id() != INT64_MAX) next_checkpoint_ = context.checkpoint_id() + 1;
    if (committables.empty())
      committables.push_back(
          PartCommittable{.run = run_, .hidden = {}, .part = {}, .length = 0}.encode());
    std::erase_if(closing_, [](const auto& file) { return file->persistent(); });
    // Also finishes files of earlier epochs: their checkpoint may have been aborted before its work
    // was done, and their committables are in this one.
    for (const auto& file : closing_) {
      if (bug_enabled(Bug::kEndedPartsNotDurable) && file != closing_.back()) continue;
      context.before_ack([file] { return file->finish(); });
    }
    put_run(context);
    return committables;
  }

 private:
  struct Bucket {
    const std::string* name = nullptr;
    std::string buffer;
    std::shared_ptr<EpochFile> file;  ///< null until the buffer is first written out
    std::unique_ptr<Compressor> compressor;
    HiddenName hidden;
    std::string part;    ///< empty: named at the end of the epoch
    int64_t length = 0;  ///< handed over to the file
    int64_t begun_ms = 0;
    int64_t written_ms = 0;
    std::list<Bucket*>::iterator place = {};  ///< in open_, if it has a file
  };

  bool ends_by_time() const {
    return options_.rolling.rollover_interval != std::chrono::milliseconds::max() ||
           options_.rolling.inactivity_interval != std::chrono::milliseconds::max();
  }

  /// Hands the buffer over to the bucket's file.
  void write_out(Bucket& bucket, int64_t now_ms) {
    if (bucket.buffer.empty()) return;
    std::string chunk;
    if (bucket.buffer.size() >= kChunkBytes) chunk.reserve(kChunkBytes + 4096);
    chunk.swap(bucket.buffer);
    buffered_ -= chunk.size();
    if (!bucket.file) {
      begin_file(bucket, now_ms);
      chunk.insert(0, options_.header);
    }
    touch(bucket, now_ms);
    hand_over(bucket, std::move(chunk));
    if (open_.size() > kMaxOpenFiles) end_file(*open_.front());
  }

  void touch(Bucket& bucket, int64_t now_ms) {
    bucket.written_ms = now_ms;
    open_.splice(open_.end(), open_, bucket.place);
  }

  void hand_over(Bucket& bucket, std::string chunk) {
    if (bucket.compressor) {
      std::string compressed;
      bucket.compressor->add(chunk, compressed);
      chunk.swap(compressed);
    }
    if (chunk.empty()) return;
    bucket.length += static_cast<int64_t>(chunk.size());
    bucket.file->append(std::move(chunk));
    drain(bucket.file);
  }

  /// Writes out at least half of all buffered bytes.
  void write_out_large(int64_t now_ms) {
    const size_t half_of_average = buffered_ / (2 * buckets_.size());
    for (auto& [name, bucket] : buckets_) {
      if (bucket.buffer.size() >= half_of_average) write_out(bucket, now_ms);
    }
  }

  void begin_file(Bucket& bucket, int64_t now_ms) {
    bucket.hidden = {.sink = sink_hash(context_->uid()),
                     .run = run_,
                     .subtask = context_->subtask(),
                     .attempt = context_->attempt_nonce(),
                     .number = next_file_++};
    bucket.length = 0;
    bucket.begun_ms = now_ms;
    bucket.compressor = make_compressor(options_.compression);
    bucket.part.clear();
    StagedFile names{directory_.child(to_string(bucket.hidden)).path, {}};
    if (name_first_) {
      bucket.part = to_string(part_name(next_checkpoint_, next_numbers_[*bucket.name]++));
      names.target = place_of(*bucket.name).child(bucket.part).path;
    }
    bucket.file = std::make_shared<EpochFile>(directory_.fs, std::move(names), bytes_in_flight_);
    bucket.place = open_.insert(open_.end(), &bucket);
  }

  /// Ends the bucket's file, with what is buffered. The next record begins another one.
  void end_file(Bucket& bucket) {
    if (!bucket.file && bucket.buffer.empty()) return;
    std::string rest;
    rest.swap(bucket.buffer);
    buffered_ -= rest.size();
    if (!bucket.file) {
      begin_file(bucket, 0);
      rest.insert(0, options_.header);
    }
    if (bucket.compressor) {
      std::string compressed;
      bucket.compressor->add(rest, compressed);
      bucket.compressor->finish(compressed);
      rest.swap(compressed);
    }
    bucket.length += static_cast<int64_t>(rest.size());
    if (!rest.empty()) bucket.file->append(std::move(rest));
    bucket.file->end();
    drain(bucket.file);
    open_.erase(bucket.place);
    ended_.push_back({.run = run_,
                      .hidden = to_string(bucket.hidden),
                      .part = std::move(bucket.part),
                      .length = bucket.length,
                      .bucket = *bucket.name});
    closing_.push_back(std::move(bucket.file));
    bucket.file = nullptr;
    bucket.compressor.reset();
    bucket.length = 0;
  }

  void end_by_time(Bucket& current, int64_t now_ms) {
    const auto passed = [now_ms](int64_t since_ms, std::chrono::milliseconds interval) {
      return now_ms - since_ms >= interval.count();
    };
    const DefaultRollingPolicy& rolling = options_.rolling;
    if (current.file && passed(current.begun_ms, rolling.rollover_interval)) end_file(current);
    while (!open_.empty() && passed(open_.front()->written_ms, rolling.inactivity_interval))
      end_file(*open_.front());
  }

  PartName part_name(int64_t checkpoint_id, uint32_t number) const {
    return {.prefix = options_.names.part_prefix,
            .subtask = context_->subtask(),
            .checkpoint_id = checkpoint_id,
            .run = run_,
            .attempt = run_hash(context_->uid(), context_->attempt_nonce()),
            .number = number,
            .suffix = options_.names.part_suffix};
  }

  FileLocation place_of(const std::string& bucket) const {
    return bucket.empty() ? directory_ : directory_.child(bucket);
  }

  void drain(std::shared_ptr<EpochFile> file) {
    context_->run_blocking([this, file = std::move(file)]() -> std::function<void()> {
      Status status = file->drain();
      return [this, status = std::move(status)] {
        if (!status.ok())
          context_->fail(status.with_context(cat("cannot write to ", options_.directory_uri)));
      };
    });
  }

  /// If the job has no common run id, every subtask draws its own at a fresh start; after a restore
  /// all continue with subtask 0's.
  void put_run(SnapshotContext& context) {
    if (context_->subtask() != 0) return;
    BinaryWriter out;
    out.put_i64(run_);
    context.put_list(kRunState, {out.take()});
  }

  PartOptions options_;
  FileLocation directory_;
  OperatorContext* context_ = nullptr;
  const std::shared_ptr<std::atomic<int64_t>> bytes_in_flight_ =
      std::make_shared<std::atomic<int64_t>>(0);
  uint32_t run_ = 0;

  std::map<std::string, Bucket, std::less<>> buckets_;  ///< of this epoch
  Bucket* current_ = nullptr;                           ///< of buffer()
  size_t size_before_ = 0;                              ///< of the current buffer, at buffer()
  size_t buffered_ = 0;                                 ///< bytes in the buffers of all buckets
  std::list<Bucket*> open_;             ///< those with a file; the last was written to last
  std::vector<PartCommittable> ended_;  ///< of this epoch; see name_first_
  /// An object store has to know the final name before the first byte. Then a part is named after
  /// the first checkpoint that can hold it, the one after the last barrier. A checkpoint that this
  /// attempt is restored from later is either before that barrier, so the part is newer, or it
  /// holds the part: find_orphans() decides by that name as by the exact one.
  bool name_first_ = false;
  int64_t next_checkpoint_ = 1;
  std::map<std::string, uint32_t> next_numbers_;  ///< of this epoch, by bucket
  uint64_t next_file_ = 0;
  std::vector<std::shared_ptr<EpochFile>> closing_;
};

bool has_bad_character(std::string_view text, std::string_view forbidden) {
  return std::any_of(text.begin(), text.end(), [&](char c) {
    return static_cast<unsigned char>(c) < 0x20 || forbidden.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string problem_of(const PartOptions& options) {
  const DefaultRollingPolicy& rolling = options.rolling;
  if (rolling.max_part_size <= 0)
    return cat("a FileSink is to end its files at ", rolling.max_part_size,
               " bytes; give a size of at least one byte");
  if (rolling.rollover_interval.count() <= 0 || rolling.inactivity_interval.count() <= 0)
    return "a FileSink is to end its files after an interval that is not positive";
  const auto& [prefix, suffix] = options.names;
  if (prefix.empty() || prefix.starts_with('_') || has_bad_character(prefix, "./"))
    return cat("a FileSink has the part prefix '", prefix,
               "': give one that does not begin with '_' and has no '.' and no '/'");
  if (!suffix.empty() && (!suffix.starts_with('.') || has_bad_character(suffix, "/")))
    return cat("a FileSink has the part suffix '", suffix,
               "': give one that begins with '.' and has no '/'");
  return {};
}

std::unique_ptr<PartWriter> make_part_writer(PartOptions options) {
  return std::make_unique<PartWriterImpl>(std::move(options));
}

}  // namespace weir::detail
