#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weir/format/json_options.h"

namespace weir {

/// Appends one JSON document without line breaks to a text, for a JsonCodec. A call returns false
/// if it fails; then return false too. Thread: one at a time.
class JsonWriter {
 public:
  /// `out` and `options` outlive the writer.
  JsonWriter(std::string& out, const JsonOptions& options) : out_(out), options_(options) {}
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;
  const JsonOptions& options() const { return options_; }

  /// Appends punctuation and literals.
  void raw(std::string_view text) { out_ += text; }
  void raw(char c) { out_ += c; }
  void null() { out_ += "null"; }
  void integer(int64_t value);
  void integer(uint64_t value);
  /// With enough digits to read back an equal number.
  void number(double value);
  void number(float value);
  /// Quotes a text. Fails unless it is UTF-8, because JSON cannot hold other bytes.
  bool text(std::string_view text);

  bool fail(std::string why);
  /// Add the place to a failure, from the innermost part to the outermost. Return false.
  bool in_field(std::string_view name);
  bool in_element(size_t index);

  std::string problem() const;

 private:
  template <class T>
  void floating(T value);

  std::string& out_;
  const JsonOptions& options_;
  std::string problem_;
  std::string path_;
};

}  // namespace weir
