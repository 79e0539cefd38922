#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/connector/csv.h"
#include "weir/connector/sink.h"

namespace weir {

namespace detail {
/// Writes whole lines to standard output, not mixed with those of other threads. They are written
/// when it returns OK.
Status print_text(std::string_view lines);

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
}  // namespace detail

/// Writes each record as a line to standard output, with operator<< if it has one, otherwise as a
/// CSV row. With several subtasks, a prefix such as "2> " names the subtask. Records may be printed
/// again after a restart. The job fails if standard output cannot be written to. If the reader of
/// standard output has ended, the job ends without a message, with exit code 141.
template <class T>
class PrintSink final : public Sink<T> {
 public:
  PrintSink() requires(detail::Printable<T> || detail::StructWithFields<T>)
      : format_([](const T& record, std::string& out) {
          if constexpr (std::convertible_to<const T&, std::string_view>) {
            out += std::string_view(record);
          } else if constexpr (detail::Printable<T>) {
            std::ostringstream text;
            text << record;
            out += text.view();
          } else {
            append_csv_row(out, record);
          }
        }) {}
  /// `format` appends the text of a record, without a line break.
  explicit PrintSink(std::function<void(const T&, std::string&)> format)
      : format_(std::move(format)) {}

  std::unique_ptr<SinkWriter<T>> create_writer() const override {
    return std::make_unique<Writer>(format_);
  }
  std::unique_ptr<Committer> create_committer(FileSystemRegistry&) const override {
    return nullptr;
  }
  Status probe(FileSystemRegistry&) const override { return {}; }
  std::string setup_problem() const {
    return format_ ? "" : "a PrintSink is given a format that is null";
  }

 private:
  class Writer final : public SinkWriter<T> {
   public:
    explicit Writer(std::function<void(const T&, std::string&)> format)
        : format_(std::move(format)) {}
    Status open(OperatorContext& context) override {
      context_ = &context;
      if (context.parallelism() > 1) prefix_ = std::to_string(context.subtask() + 1) + "> ";
      return {};
    }
    void write(BatchOf<T>& batch) override {
      text_.clear();
      for (const T& record : batch.records) {
        text_ += prefix_;
        format_(record, text_);
        text_ += '\n';
      }
      if (Status printed = detail::print_text(text_); !printed.ok())
        context_->fail(std::move(printed));
    }
    std::vector<std::string> prepare_commit(SnapshotContext&) override { return {}; }

   private:
    const std::function<void(const T&, std::string&)> format_;
    OperatorContext* context_ = nullptr;
    std::string prefix_;
    std::string text_;
  };

  std::function<void(const T&, std::string&)> format_;
};

}  // namespace weir
