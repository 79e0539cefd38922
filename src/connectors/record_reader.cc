#include "weir/detail/connector/record_reader.h"

#include <algorithm>
#include <deque>
#include <tuple>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "config/options.h"
#include "connectors/decompressing_file.h"
#include "connectors/file_split.h"
#include "connectors/input_files.h"
#include "weir/detail/base/check.h"
#include "weir/detail/connector/length_prefix.h"

namespace weir::detail {
namespace {

/// Read at once beyond the end of a split, where only the rest of one record is needed.
constexpr int64_t kTailBytes = 64 << 10;
constexpr int64_t kSkippedShown = 10;

class RecordReaderImpl final : public RecordReader {
 public:
  explicit RecordReaderImpl(RecordReaderOptions options)
      : shared_options_(std::make_shared<const RecordReaderOptions>(std::move(options))) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }

  void add_splits(std::vector<std::string> encoded) override {
    for (const std::string& bytes : encoded) {
      auto split = FileSplit::decode(bytes);
      if (!split.ok()) return context_->fail(split.status());
      knows_all_ = knows_all_ && split->of > 0;
      splits_in_all_ = std::max(splits_in_all_, split->of);
      splits_.push_back(std::move(*split));
    }
    // In the order of the input, whichever subtask had them before, so that event time advances in
    // order. The split being read stays in front.
    std::stable_sort(splits_.begin() + (state_ == State::kNoFile ? 0 : 1), splits_.end(),
                     [](const FileSplit& a, const FileSplit& b) {
                       return std::tie(a.uri, a.begin) < std::tie(b.uri, b.begin);
                     });
  }

  int splits_in_all() const override { return knows_all_ ? splits_in_all_ : 0; }

  Result take(size_t max, std::vector<std::string_view>& records) override {
    records.clear();
    while (true) {
      if (splits_.empty()) return Result::kEnd;
      if (state_ == State::kNoFile) open_file();
      if (state_ != State::kReading) return Result::kNothingNow;
      FileSplit& split = splits_.front();
      if (split.next < 0) find_first_record(split);
      while (records.size() < max && split.next >= 0 && split.next < end_) {
        std::string_view record;
        if (!cut_record(split, &record)) break;
        records.push_back(record);
      }
      const bool done = split.next >= end_;
      if (!records.empty()) {
        if (!done) read_ahead(split);
        return Result::kRecords;
      }
      if (done) {
        if (reading_) return Result::kNothingNow;
        splits_.pop_front();
        arrived_.clear();
        state_ = State::kNoFile;
        continue;
      }
      if (!arrived_.empty()) {
        use_chunk();
        continue;
      }
      read_ahead(split);
      if (state_ == State::kReading && !reading_ && read_to_ >= size_) {
        // Only find_first_record ends up here: no record begins in this range.
        split.next = end_;
        continue;
      }
      return Result::kNothingNow;
    }
  }

  const std::vector<std::string>& header() const override { return header_.names; }
  int64_t file_number() const override { return file_number_; }

  bool malformed(std::string_view record, const std::string& why, bool may_skip) override {
    const int64_t offset = buffer_offset_ + (record.data() - buffer_.data());
    constexpr size_t kShown = 200;
    const std::string message =
        cat("the record at byte ", offset, " of ", splits_.front().uri, " cannot be used: ", why,
            ". It is: ", record.substr(0, kShown), record.size() > kShown ? "…" : "");
    if (!may_skip || !options_.skip_malformed) {
      context_->fail(invalid_argument(message));
      return false;
    }
    if (++skipped_ <= kSkippedShown) {
      WEIR_LOG(kWarning) << context_->operator_name() << " skips a record: " << message
                         << (skipped_ == kSkippedShown ? ". It will not name any more of them"
                                                       : "");
    }
    return true;
  }

  std::vector<std::string> snapshot() override {
    std::vector<std::string> encoded;
    for (size_t i = 0; i < splits_.size(); ++i) {
      const bool done = i == 0 && state_ == State::kReading && splits_[i].next >= end_;
      if (!done) encoded.push_back(splits_[i].encode());
    }
    return encoded;
  }

 private:
  enum class State { kNoFile, kOpening, kReading, kFailed };

  /// The result of opening a file on the I/O pool.
  struct Opened {
    FileLocation location;
    std::shared_ptr<ReadableFile> file;
    bool compressed = false;
    FileHeader header;
    int64_t offset = 0;
    std::string bytes;
  };

  void open_file() {
    state_ = State::kOpening;
    context_->run_blocking([this, split = splits_.front(), options = shared_options_,
                            files = &context_->files()]() -> std::function<void()> {
      auto opened = std::make_shared<StatusOr<Opened>>(open_and_read(split, *options, *files));
      return [this, opened] {
        if (!opened->ok()) return fail(opened->status());
        Opened& o = **opened;
        location_ = std::move(o.location);
        file_ = std::move(o.file);
        FileSplit& split = splits_.front();
        split.compressed = o.compressed;
        size_ = o.compressed ? file_->size() : split.file_size;
        end_ = o.compressed ? size_ : split.end;
        header_ = std::move(o.header);
        buffer_ = std::move(o.bytes);
        buffer_offset_ = o.offset;
        read_to_ = buffer_offset_ + static_cast<int64_t>(buffer_.size());
        scanned_ = 0;
        ++file_number_;
        state_ = State::kReading;
      };
    });
  }

  static int64_t chunk_length(const FileSplit& split, int64_t offset,
                              const RecordReaderOptions& options) {
    if (split.compressed) return static_cast<int64_t>(options.chunk_bytes);
    const int64_t wanted = std::max<int64_t>(0, split.end - offset) + kTailBytes;
    return std::min({static_cast<int64_t>(options.chunk_bytes), split.file_size - offset, wanted});
  }

  static StatusOr<Opened> open_and_read(FileSplit split, const RecordReaderOptions& options,
                                        FileSystemRegistry& files) {
    Opened opened;
    WEIR_ASSIGN_OR_RETURN(opened.location, files.resolve(split.uri));
    auto file =
        open_decompressed(*opened.location.fs, opened.location.path, split.uri, &opened.compressed);
    if (file.status().code() == StatusCode::kNotFound) {
      return failed_precondition(cat(split.uri,
                                     " was there when the job first started and is gone; a file "
                                     "that is read must stay until the job "
                                     "has ended. Put it back, or start without a checkpoint"));
    }
    if (!file.ok()) return file.status();
    opened.file = *std::move(file);
    WEIR_RETURN_IF_ERROR(check_unchanged(split, opened.location));
    if (opened.compressed && (split.begin > 0 || split.end < split.file_size)) {
      return failed_precondition(cat(split.uri,
                                     " is compressed, but the checkpoint has a position in a part "
                                     "of it. Start without a checkpoint"));
    }
    split.compressed = opened.compressed;
    if (options.has_header) {
      WEIR_ASSIGN_OR_RETURN(opened.header, read_file_header(*opened.file, split.uri, options.csv));
      WEIR_RETURN_IF_ERROR(check_columns(split.uri, opened.header.names, options.needed_columns));
    }
    // The previous byte tells whether a record begins with the range's first byte.
    opened.offset = split.next >= 0 ? split.next : std::max<int64_t>(0, split.begin - 1);
    WEIR_RETURN_IF_ERROR(read_chunk(*opened.file, opened.location, split, opened.offset,
                                    chunk_length(split, opened.offset, options), &opened.bytes));
    if (opened.offset == 0) {
      WEIR_RETURN_IF_ERROR(check_is_complete(*opened.file, split.uri));
      if (!options.length_prefixed)
        WEIR_RETURN_IF_ERROR(check_is_text(*opened.file, split.uri,
                                           std::string_view(opened.bytes).substr(0, kHeadBytes)));
    }
    return opened;
  }

  /// After the last byte, checks the file again: if it grew meanwhile, its last line may have been
  /// incomplete.
  static Status read_chunk(ReadableFile& file, const FileLocation& location, const FileSplit& split,
                           int64_t offset, int64_t length, std::string* bytes) {
    WEIR_RETURN_IF_ERROR(file.read_at(offset, length, bytes));
    if (split.compressed)
      return file.size() != DecompressingFile::kUnknownSize ? check_unchanged(split, location)
                                                            : Status();
    const int64_t end = offset + static_cast<int64_t>(bytes->size());
    if (static_cast<int64_t>(bytes->size()) == length)
      return end == split.file_size ? check_unchanged(split, location) : Status();
    return failed_precondition(
        cat(split.uri, " became shorter while it was read: byte ", end, " is no longer there"));
  }

  void find_first_record(FileSplit& split) {
    if (split.begin == 0) {
      split.next = options_.length_prefixed              ? 0
                   : options_.has_header                 ? header_.length
                   : buffer_.starts_with(kByteOrderMark) ? kByteOrderMark.size()
                                                         : 0;
      return;
    }
    const size_t line_end = buffer_.find('\n', scanned_);
    scanned_ = line_end == std::string::npos ? buffer_.size() : line_end + 1;
    if (line_end != std::string::npos)
      split.next = std::min(end_, buffer_offset_ + static_cast<int64_t>(scanned_));
  }

  /// False: the record extends beyond the buffer.
  bool cut_record(FileSplit& split, std::string_view* record) {
    const auto begin = static_cast<size_t>(split.next - buffer_offset_);
    if (begin > buffer_.size()) return false;
    if (options_.length_prefixed) return cut_after_length(split, begin, record);
    size_t end = find_line_end(begin);
    size_t next = end + 1;
    if (std::min(end, buffer_.size()) - begin > context_->max_record_bytes()) {
      return fail_too_long(split);
    }
    if (end == std::string::npos) {
      if (buffer_offset_ + static_cast<int64_t>(buffer_.size()) < size_) return false;
      end = next = buffer_.size();
    }
    if (end > begin && buffer_[end - 1] == '\r') --end;
    *record = std::string_view(buffer_).substr(begin, end - begin);
    split.next = buffer_offset_ + static_cast<int64_t>(next);
    return true;
  }

  bool cut_after_length(FileSplit& split, size_t begin, std::string_view* record) {
    const std::string_view rest = std::string_view(buffer_).substr(begin);
    const int32_t length = rest.size() < kLengthBytes ? 0 : get_length(rest);
    if (length < 0) {
      fail(data_loss(cat("the record at byte ", split.next, " of ", split.uri, " has the length ",
                         length,
                         ": the file is damaged, or not of lengths "
                         "and records")));
      return false;
    }
    if (static_cast<size_t>(length) > context_->max_record_bytes()) return fail_too_long(split);
    if (rest.size() < kLengthBytes + static_cast<size_t>(length)) {
      if (buffer_offset_ + static_cast<int64_t>(buffer_.size()) >= size_)
        fail(data_loss(cat(split.uri, " ends in the middle of the record at byte ", split.next,
                           ": it is incomplete")));
      return false;
    }
    *record = rest.substr(kLengthBytes, static_cast<size_t>(length));
    split.next += static_cast<int64_t>(kLengthBytes) + length;
    return true;
  }

  bool fail_too_long(const FileSplit& split) {
    fail(invalid_argument(cat("the record at byte ", split.next, " of ", split.uri,
                              " is longer than ", context_->max_record_bytes(), " bytes (",
                              options::kMaxRecordBytes.name,
                              "). If the input is text, raise the limit")));
    return false;
  }

  size_t find_line_end(size_t begin) const {
    if (!options_.multiline) return buffer_.find('\n', begin);
    bool quoted = false;
    // Only here does a quote open; a quote right after a closing one continues the text.
    bool field_begins = true;
    for (size_t i = begin; i < buffer_.size(); ++i) {
      const char c = buffer_[i];
      if (c == '"' && (quoted || field_begins)) {
        quoted = !quoted;
        field_begins = !quoted;
        continue;
      }
      if (c == '\n' && !quoted) return i;
      field_begins = c == options_.csv.separator && !quoted;
    }
    return std::string::npos;
  }

  void read_ahead(const FileSplit& split) {
    if (reading_ || !arrived_.empty() || state_ != State::kReading || read_to_ >= size_) return;
    const int64_t length = chunk_length(split, read_to_, options_);
    reading_ = true;
    context_->run_blocking([this, file = file_, location = location_, split, offset = read_to_,
                            length]() -> std::function<void()> {
      auto bytes = std::make_shared<std::string>();
      Status status = read_chunk(*file, location, split, offset, length, bytes.get());
      return [this, bytes, status = std::move(status)] {
        reading_ = false;
        if (!status.ok()) return fail(status);
        read_to_ += static_cast<int64_t>(bytes->size());
        if (splits_.front().compressed) end_ = size_ = file_->size();
        arrived_ = std::move(*bytes);
      };
    });
  }

  /// Drops the consumed bytes and appends the arrived ones. Invalidates records returned earlier.
  void use_chunk() {
    const FileSplit& split = splits_.front();
    const size_t consumed =
        split.next < 0 ? scanned_
                       : std::min(buffer_.size(), static_cast<size_t>(split.next - buffer_offset_));
    buffer_.erase(0, consumed);
    buffer_offset_ += static_cast<int64_t>(consumed);
    scanned_ = 0;
    if (buffer_.empty()) buffer_.swap(arrived_);
    else buffer_ += arrived_;
    arrived_.clear();
  }

  void fail(const Status& status) {
    state_ = State::kFailed;
    context_->fail(status.with_context(cat("cannot read ", join_names(options_.uris))));
  }

  /// Shared with work on the I/O pool, which may outlive the reader.
  const std::shared_ptr<const RecordReaderOptions> shared_options_;
  const RecordReaderOptions& options_ = *shared_options_;
  OperatorContext* context_ = nullptr;
  bool knows_all_ = true;  ///< no split was found later
  int32_t splits_in_all_ = 0;
  std::deque<FileSplit> splits_;  ///< the first is being read unless state_ is kNoFile
  State state_ = State::kNoFile;
  bool reading_ = false;

  FileLocation location_;  ///< of file_
  std::shared_ptr<ReadableFile> file_;
  // Of the content of file_. A compressed file's are unknown until its end was read.
  int64_t size_ = 0;
  int64_t end_ = 0;  ///< of the range
  FileHeader header_;
  int64_t file_number_ = 0;
  std::string buffer_;
  int64_t buffer_offset_ = 0;  ///< offset of the buffer's first byte in the file
  /// Bytes of the buffer searched so far without finding the beginning of a record.
  size_t scanned_ = 0;
  std::string arrived_;  ///< the next chunk
  int64_t read_to_ = 0;  ///< offset in the file up to which it was read
  int64_t skipped_ = 0;
};

}  // namespace

std::unique_ptr<RecordReader> make_record_reader(RecordReaderOptions options) {
  return std::make_unique<RecordReaderImpl>(std::move(options));
}

}  // namespace weir::detail
