#pragma once

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/connector/csv.h"
#include "weir/connector/source.h"
#include "weir/detail/connector/pacer.h"
#include "weir/detail/connector/record_reader.h"
#include "weir/format/binary_format.h"
#include "weir/format/schema.h"

namespace weir {

/// What to do with a record that cannot be parsed.
enum class Malformed {
  kFail,  ///< the job fails with a sentence that names the file and the byte
  kSkip,  ///< the record is skipped; the log names the first ones
};

namespace detail {

/// Thrown for a record that a schema does not read.
struct UnreadableRecord : std::invalid_argument {
  explicit UnreadableRecord(Status why)
      : std::invalid_argument(std::string(why.message())), status(std::move(why)) {}
  Status status;
};

}  // namespace detail

/// The input of a FileSource: a file, a directory, a pattern with *, ? and [...] in its path, or
/// several of these.
struct InputPaths {
  InputPaths(const char* uri) : uris{uri} {}             // NOLINT: converts from a path
  InputPaths(std::string uri) : uris{std::move(uri)} {}  // NOLINT
  InputPaths(std::vector<std::string> all) : uris(std::move(all)) {}  // NOLINT
  InputPaths(std::initializer_list<std::string> all) : uris(all) {}

  std::vector<std::string> uris;
};

/// Reads files, in the order of their URIs: UTF-8 text, or records after their lengths. Files that
/// are compressed by gzip or zstd, which their first bytes show, are decompressed. A directory
/// means its files, without those whose names begin with '.' or '_' and without subdirectories.
/// Records are read exactly once across restarts if the files do not change; a file whose size or
/// time has changed is refused.
///
///   FileSource<std::string>::lines("hdfs://nn:8020/logs")
///   FileSource<std::string>::lines({"logs/2013-*/*.log", "more.log"})
///   FileSource<Click>::lines("clicks", JsonFormat<Click>())
///   // Columns with the names of the WEIR_FIELDS:
///   FileSource<Departure>::csv("flights.csv")
///   FileSource<Departure>::csv("flights.csv", {}, [](CsvRow& row) {
///     return Departure{row.get<std::string>("carrier"), row.get<std::optional<double>>("delay")};
///   })
///
/// A parser may throw, which makes its record malformed. Several subtasks share a large file, each
/// with ranges of bytes. A subtask reads its ranges in the order of the input. One subtask reads
/// the whole of a file that is compressed or that has no lines.
template <class T>
class FileSource final : public Source<T> {
 public:
  static FileSource lines(InputPaths input) requires std::same_as<T, std::string> {
    return lines(std::move(input), [](std::string_view line) { return std::string(line); });
  }
  /// A line ends with "\n" or "\r\n". The parser gets the line without them.
  static FileSource lines(InputPaths input, std::function<T(std::string_view)> parse) {
    FileSource source(std::move(input));
    source.parse_line_ = std::move(parse);
    return source;
  }
  /// Each line is a message in a format, such as JsonFormat<T>.
  template <DeserializationSchemaOf<T> Schema>
  static FileSource lines(InputPaths input, Schema schema) {
    FileSource source(std::move(input));
    source.schema_problem_ = schema.check();
    source.parse_line_ = [schema = std::move(schema)](std::string_view line) mutable {
      StatusOr<T> record = schema.deserialize(line);
      if (!record.ok()) throw detail::UnreadableRecord(record.status());
      return *std::move(record);
    };
    return source;
  }
  /// Each record is a message in a format after its length in bytes, an i32 in big-endian order, as
  /// FileSink<T>::length_prefixed writes them.
  template <DeserializationSchemaOf<T> Schema = BinaryFormat<T>>
  static FileSource length_prefixed(InputPaths input, Schema schema = Schema()) {
    FileSource source = lines(std::move(input), std::move(schema));
    source.options_.length_prefixed = true;
    return source;
  }
  static FileSource csv(InputPaths input, CsvOptions options = {}) {
    static_assert(detail::StructWithFields<T>,
                  "FileSource<T>::csv fills the fields of a struct that are listed with "
                  "WEIR_FIELDS (weir/types/fields.h); for another T give it a "
                  "parser: FileSource<T>::csv(uri, options, [](CsvRow& row) { return T{...}; })");
    if constexpr (detail::StructWithFields<T>) {
      std::vector<std::string> names = detail::field_names_of<T>();
      if (!options.header && options.columns.empty()) options.columns = names;
      FileSource source = csv(std::move(input), std::move(options),
                              [](CsvRow& row) { return read_csv_row<T>(row); });
      source.options_.needed_columns = std::move(names);
      return source;
    } else {
      return FileSource(std::move(input));
    }
  }
  /// Empty lines are skipped.
  static FileSource csv(InputPaths input, CsvOptions options, std::function<T(CsvRow&)> parse) {
    FileSource source(std::move(input));
    source.options_.has_header = options.header;
    source.options_.multiline = options.multiline;
    source.options_.csv = std::move(options);
    source.parse_row_ = std::move(parse);
    return source;
  }

  FileSource& on_malformed(Malformed policy) {
    options_.skip_malformed = policy == Malformed::kSkip;
    return *this;
  }
  /// Sets the maximum rate in records per second, over all subtasks.
  FileSource& rate(double records_per_second) {
    rate_.set(records_per_second);
    return *this;
  }
  /// Sets the size in bytes of the ranges that subtasks read. By default each subtask gets several
  /// ranges.
  FileSource& split_bytes(int64_t bytes) {
    options_.split_bytes = bytes;
    return *this;
  }
  /// Reads files that are added to the input too: looks for new ones at this interval, and never
  /// ends. A file is read once, even if it is replaced later. Move files into the input when they
  /// are complete.
  FileSource& monitor_continuously(std::chrono::milliseconds interval) {
    monitor_ = interval;
    return *this;
  }
  /// Sets the size in bytes of one read. One such chunk is read ahead.
  FileSource& chunk_bytes(size_t bytes) {
    options_.chunk_bytes = bytes;
    return *this;
  }

  StatusOr<std::vector<std::string>> enumerate(FileSystemRegistry& files,
                                               int parallelism) const override {
    if (Status rate = rate_.check(); !rate.ok()) return rate;
    return detail::enumerate_file_splits(options_, files, parallelism);
  }
  std::unique_ptr<SplitEnumerator<std::string>> create_enumerator(int) const override {
    return monitor_ ? detail::make_file_monitor(options_, *monitor_) : nullptr;
  }
  std::unique_ptr<SourceReader<T>> create_reader() const override {
    return std::make_unique<Reader>(*this);
  }
  bool bounded() const override { return !monitor_; }
  bool has_timestamps() const override { return false; }
  std::string setup_problem() const {
    if (monitor_ && monitor_->count() <= 0) {
      return "a FileSource is to look for new files every " + std::to_string(monitor_->count()) +
             " ms; the interval must be positive";
    }
    if (!parse_line_ && !parse_row_) return "a FileSource is given a parser that is null";
    if (!schema_problem_.ok()) return std::string(schema_problem_.message());
    return std::string(rate_.check().message());
  }

 private:
  class Reader;

  explicit FileSource(InputPaths input) { options_.uris = std::move(input.uris); }

  detail::RecordReaderOptions options_;
  std::function<T(std::string_view)> parse_line_;
  std::function<T(CsvRow&)> parse_row_;  // either this or parse_line_ is set
  Status schema_problem_;
  detail::SourceRate rate_;
  std::optional<std::chrono::milliseconds> monitor_;
};

template <class T>
class FileSource<T>::Reader final : public SourceReader<T> {
 public:
  explicit Reader(const FileSource& source)
      : source_(source),
        records_(detail::make_record_reader(source.options_)),
        pacer_(source.rate_),
        row_(source.options_.csv) {}

  void track_splits(SplitTracker& tracker) override { tracker_ = &tracker; }
  Status open(OperatorContext& context) override {
    context_ = &context;
    pacer_.open(context.parallelism());
    return records_->open(context);
  }
  void add_splits(std::vector<std::string> splits) override {
    if (!splits.empty()) pacer_.set_reading(true);
    records_->add_splits(std::move(splits));
    pacer_.set_pieces(records_->splits_in_all());
  }
  std::vector<std::string> snapshot() override { return records_->snapshot(); }

  PollResult poll(BatchOf<T>& out, size_t max_records) override {
    using enum PollResult::Status;
    const int64_t now_ms = pacer_.limited() ? context_->processing_time_ms() : 0;
    const size_t allowed = pacer_.allowed(now_ms, max_records);
    if (allowed == 0) return {kNothingNow, pacer_.next_ms(now_ms)};
    switch (records_->take(allowed, texts_)) {
      case detail::RecordReader::Result::kEnd:
        pacer_.set_reading(false);
        track(0);
        return {kEnd};
      case detail::RecordReader::Result::kNothingNow: return {kNothingNow};
      case detail::RecordReader::Result::kRecords: break;
    }
    pacer_.emitted(texts_.size());
    track(records_->file_number());
    if (source_.parse_line_) {
      for (const std::string_view text : texts_) {
        if (!parse(text, out, [&] { return source_.parse_line_(text); })) return {kNothingNow};
      }
      return {};
    }
    if (row_file_ != records_->file_number()) {
      row_file_ = records_->file_number();
      if (!records_->header().empty()) row_.set_columns(records_->header());
    }
    for (const std::string_view text : texts_) {
      if (!text.empty() && !parse(text, out, [&] { return parse_row(text); })) return {kNothingNow};
    }
    return {};
  }

 private:
  /// The records from now on are of this split; 0: none is being read.
  void track(int64_t split) {
    if (tracker_ == nullptr || split == split_) return;
    if (split_ > 0) tracker_->end(std::to_string(split_));
    split_ = split;
    if (split_ > 0) tracker_->records_of(std::to_string(split_));
  }

  T parse_row(std::string_view text) {
    row_.parse(text);
    return row_.ok() ? source_.parse_row_(row_) : T{};
  }

  /// Returns false if the task has failed.
  template <class Parse>
  bool parse(std::string_view text, BatchOf<T>& out, Parse parse) {
    try {
      T record = parse();
      if (source_.parse_line_ || row_.ok()) {
        out.add(std::move(record));
        return true;
      }
      return records_->malformed(text, row_.problem(), !row_.unknown_column());
    } catch (const detail::UnreadableRecord& e) {
      if (e.status.code() != StatusCode::kUnavailable)
        return records_->malformed(text, e.what(), true);
      context_->fail(e.status);  // says nothing about the record
      return false;
    } catch (const std::exception& e) { return records_->malformed(text, e.what(), true); }
  }

  const FileSource source_;
  const std::unique_ptr<detail::RecordReader> records_;
  SplitTracker* tracker_ = nullptr;
  OperatorContext* context_ = nullptr;
  detail::Pacer pacer_;
  int64_t split_ = 0;  ///< as track() was called last
  std::vector<std::string_view> texts_;
  CsvRow row_;
  int64_t row_file_ = -1;
};

}  // namespace weir
