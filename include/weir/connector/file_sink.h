#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/connector/bucket_assigner.h"
#include "weir/connector/csv.h"
#include "weir/connector/file_sink_options.h"
#include "weir/connector/sink.h"
#include "weir/detail/connector/length_prefix.h"
#include "weir/detail/connector/part_writer.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/format/binary_format.h"
#include "weir/format/schema.h"

namespace weir {

/// Writes each record exactly once into part files of a directory, on any file system of weir.
///
///   FileSink<std::string>("out")                     // one line for each record
///   FileSink<Delay>("hdfs://nn:8020/delays")         // a struct with WEIR_FIELDS: a CSV row each
///   FileSink<Delay>::csv("out", {.separator = ';'})  // the same with options; each file starts
///                                                    // with a header unless .header = false
///   FileSink<Reading>("out", [](const Reading& r, std::string& out) { out += r.name + "\n"; })
///   FileSink<Click>::lines("out", JsonFormat<Click>())
///       .with_bucket_assigner(DateTimeBucketAssigner::by_event_time("%F"))
///       .with_rolling_policy(DefaultRollingPolicy().with_max_part_size(128 << 20))
///       .compress(Compression::kZstd)
///
/// When a checkpoint is complete, its part files `part-<subtask>-<checkpoint>-<run>-<attempt>`
/// appear as whole files. Files whose names begin with '.' are not results. Several runs and jobs
/// may write to the same directory. After a restore of an earlier checkpoint, the part files that
/// this run made after it are removed.
template <class T>
class FileSink final : public Sink<T> {
 public:
  explicit FileSink(std::string directory_uri)
      requires(std::convertible_to<const T&, std::string_view> || detail::StructWithFields<T>)
      : FileSink(std::move(directory_uri), [](const T& record, std::string& out) {
          if constexpr (std::convertible_to<const T&, std::string_view>)
            out += std::string_view(record);
          else append_csv_row(out, record);
          out += '\n';
        }) {}
  /// FileSource<T>::csv with the same options reads equal records. If texts contain line breaks,
  /// set `multiline` there.
  static FileSink csv(std::string directory_uri, CsvOptions options = {})
      requires detail::StructWithFields<T> {
    FileSink sink(std::move(directory_uri), [options](const T& record, std::string& out) {
      append_csv_row(out, record, options);
      out += '\n';
    });
    if (options.header)
      sink.options_.header = detail::csv_header(detail::field_names_of<T>(), options);
    sink.problem_ = detail::check_time_format(options.time_format);
    return sink;
  }
  /// Writes each record in a format, and a line break. A record that the format cannot hold fails
  /// the job.
  template <SerializationSchemaOf<T> Schema>
  static FileSink lines(std::string directory_uri, Schema schema) {
    return formatted(std::move(directory_uri), std::move(schema),
                     [](Schema& format, const T& record, std::string& out) {
                       Status written = format.serialize(record, out);
                       out += '\n';
                       return written;
                     });
  }
  /// Writes each record in a format, after its length in bytes: an i32 in big-endian order.
  /// FileSource<T>::length_prefixed reads it.
  template <SerializationSchemaOf<T> Schema = BinaryFormat<T>>
  static FileSink length_prefixed(std::string directory_uri, Schema schema = Schema()) {
    return formatted(std::move(directory_uri), std::move(schema),
                     [](Schema& format, const T& record, std::string& out) {
                       const size_t at = out.size();
                       out.append(detail::kLengthBytes, '\0');
                       Status written = format.serialize(record, out);
                       detail::set_length(out, at);
                       return written;
                     });
  }
  /// `encode` appends the bytes of one record, including a separator.
  template <std::invocable<const T&, std::string&> Encode>
  FileSink(std::string directory_uri, Encode encode)
      : options_{.directory_uri = std::move(directory_uri)},
        has_encoder_(!detail::is_null_function(encode)),
        encode_([encode = std::move(encode)](const Records& records, size_t from, size_t to,
                                             std::string& out, size_t limit) mutable {
          while (from < to && out.size() < limit) encode(records[from++], out);
          return from;
        }) {}

  /// Writes each record to the bucket that `assign` returns for it: a directory below the sink's.
  /// `assign` takes the record, or the record and a BucketContext.
  template <class Assign>
  FileSink& with_bucket_assigner(Assign assign) {
    if constexpr (std::invocable<Assign&, const T&, const BucketContext&>) {
      has_assigner_ = !detail::is_null_function(assign);
      if constexpr (std::same_as<Assign, DateTimeBucketAssigner>) problem_ = assign.check();
      assign_ = std::move(assign);
    } else {
      static_assert(std::is_invocable_r_v<std::string, Assign&, const T&>,
                    "a bucket assigner takes a const T&, and also a const BucketContext& if it "
                    "needs more, and returns the name of the bucket as a std::string");
      has_assigner_ = !detail::is_null_function(assign);
      assign_ = [assign = std::move(assign)](const T& record, const BucketContext&) mutable {
        return std::string(assign(record));
      };
    }
    return *this;
  }
  /// Sets when a part file is ended before its checkpoint.
  FileSink& with_rolling_policy(DefaultRollingPolicy policy) {
    options_.rolling = policy;
    return *this;
  }
  /// Sets the names of the part files.
  FileSink& with_output_file_config(OutputFileConfig config) {
    options_.names = std::move(config);
    return *this;
  }
  /// Compresses the part files, and adds ".gz" or ".zst" to their names.
  FileSink& compress(Compression compression) {
    options_.compression = compression;
    return *this;
  }

  std::unique_ptr<SinkWriter<T>> create_writer() const override {
    return std::make_unique<Writer>(*this);
  }
  std::unique_ptr<Committer> create_committer(FileSystemRegistry& files) const override {
    return detail::make_part_committer(options_.directory_uri, files);
  }
  std::string setup_problem() const {
    if (!has_encoder_) return "a FileSink is given an encoder that is null";
    if (!has_assigner_) return "a FileSink is given a bucket assigner that is null";
    return detail::problem_of(options_);
  }
  Status probe(FileSystemRegistry& files) const override {
    return problem_.ok() ? detail::probe_part_directory(options_.directory_uri, files) : problem_;
  }

 private:
  using Records = std::vector<StoredRecord<T>>;
  /// Encodes records from an index on, up to another one or until the buffer has `limit` bytes.
  /// Returns the index of the next record.
  using EncodeSome = std::function<size_t(const Records&, size_t from, size_t to,
                                          std::string& buffer, size_t limit)>;

  class Writer;

  /// `write` appends one record.
  template <class Schema, class Write>
  static FileSink formatted(std::string directory_uri, Schema schema, Write write) {
    Status problem = schema.check();
    FileSink sink(std::move(directory_uri),
                  [schema = std::move(schema), write](const T& record, std::string& out) mutable {
                    if (const Status written = write(schema, record, out); !written.ok())
                      throw std::invalid_argument("a record cannot be written: " +
                                                  std::string(written.message()));
                  });
    sink.problem_ = std::move(problem);
    return sink;
  }

  detail::PartOptions options_;
  bool has_encoder_;
  EncodeSome encode_;
  bool has_assigner_ = true;
  BucketAssigner<T> assign_;  ///< null: one bucket
  Status problem_;            ///< an error in the options, which probe() returns
};

template <class T>
class FileSink<T>::Writer final : public SinkWriter<T> {
 public:
  explicit Writer(const FileSink& sink)
      : encode_(sink.encode_),
        assign_(sink.assign_),
        part_(detail::make_part_writer(sink.options_)) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    return part_->open(context);
  }
  void write(BatchOf<T>& batch) override {
    const size_t size = batch.records.size();
    if (!assign_) {
      write_run(batch.records, 0, size, {});
      return;
    }
    BucketContext context{.current_processing_time = context_->processing_time_ms()};
    std::string next;
    for (size_t from = 0; from < size;) {
      std::string bucket = from == 0 ? bucket_of(batch, 0, context) : std::exchange(next, {});
      size_t to = from + 1;
      while (to < size && (next = bucket_of(batch, to, context)) == bucket) ++to;
      if (!write_run(batch.records, from, to, bucket)) return;
      from = to;
    }
  }
  bool can_accept() override { return part_->can_accept(); }
  std::vector<std::string> prepare_commit(SnapshotContext& context) override {
    return part_->prepare_commit(context);
  }

 private:
  std::string bucket_of(const BatchOf<T>& batch, size_t i, BucketContext& context) {
    context.timestamp = batch.timestamp(i);
    return assign_(batch.records[i], context);
  }

  /// Writes records of one bucket. Returns false if the task has failed.
  bool write_run(const Records& records, size_t from, size_t to, std::string_view bucket) {
    while (from < to) {
      size_t limit = 0;
      std::string* const buffer = part_->buffer(bucket, &limit);
      if (buffer == nullptr) return false;
      from = encode_(records, from, to, *buffer, limit);
      part_->appended();
    }
    return true;
  }

  EncodeSome encode_;
  BucketAssigner<T> assign_;
  const std::unique_ptr<detail::PartWriter> part_;
  OperatorContext* context_ = nullptr;
};

}  // namespace weir
