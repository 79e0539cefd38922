#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/connector/csv.h"
#include "weir/connector/sink.h"
#include "weir/detail/connector/part_writer.h"
#include "weir/detail/stream/stream_graph.h"

namespace weir {

/// Writes each record exactly once into part files of a directory, on any file system of weir.
///
///   FileSink<std::string>("out")                     // one line for each record
///   FileSink<Delay>("hdfs://nn:8020/delays")         // a struct with WEIR_FIELDS: a CSV row each
///   FileSink<Delay>::csv("out", {.separator = ';'})  // the same with options; each file starts
///                                                    // with a header unless .header = false
///   FileSink<Reading>("out", [](const Reading& r, std::string& out) { out += r.name + "\n"; })
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
    if (options.header) sink.header_ = detail::csv_header(detail::field_names_of<T>(), options);
    sink.problem_ = detail::check_time_format(options.time_format);
    return sink;
  }
  /// `encode` appends the bytes of one record, including a separator.
  template <std::invocable<const T&, std::string&> Encode>
  FileSink(std::string directory_uri, Encode encode)
      : directory_uri_(std::move(directory_uri)),
        has_encoder_(!detail::is_null_function(encode)),
        encode_([encode = std::move(encode)](const std::vector<StoredRecord<T>>& records,
                                             size_t from, std::string& out) {
          while (from < records.size() && out.size() < detail::PartWriter::kChunkBytes)
            encode(records[from++], out);
          return from;
        }) {}

  std::unique_ptr<SinkWriter<T>> create_writer() const override {
    return std::make_unique<Writer>(*this);
  }
  std::unique_ptr<Committer> create_committer(FileSystemRegistry& files) const override {
    return detail::make_part_committer(directory_uri_, files);
  }
  std::string setup_problem() const {
    return has_encoder_ ? "" : "a FileSink is given an encoder that is null";
  }
  Status probe(FileSystemRegistry& files) const override {
    return problem_.ok() ? detail::probe_part_directory(directory_uri_, files) : problem_;
  }

 private:
  /// Encodes records from an index on until the buffer is full. Returns the index of the next
  /// record.
  using EncodeSome =
      std::function<size_t(const std::vector<StoredRecord<T>>&, size_t, std::string&)>;

  class Writer final : public SinkWriter<T> {
   public:
    explicit Writer(const FileSink& sink)
        : encode_(sink.encode_),
          part_(detail::make_part_writer(sink.directory_uri_, sink.header_)) {}

    Status open(OperatorContext& context) override { return part_->open(context); }
    void write(BatchOf<T>& batch) override {
      for (size_t next = 0; next < batch.records.size();) {
        next = encode_(batch.records, next, part_->buffer());
        if (part_->buffer().size() >= detail::PartWriter::kChunkBytes) part_->flush();
      }
    }
    bool can_accept() override { return part_->can_accept(); }
    std::vector<std::string> prepare_commit(SnapshotContext& context) override {
      return part_->prepare_commit(context);
    }

   private:
    const EncodeSome encode_;
    const std::unique_ptr<detail::PartWriter> part_;
  };

  std::string directory_uri_;
  bool has_encoder_;
  EncodeSome encode_;
  std::string header_;  ///< the first bytes of each file
  Status problem_;      ///< an error in the options, which probe() returns
};

}  // namespace weir
