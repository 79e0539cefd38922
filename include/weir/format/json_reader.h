#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weir/format/json_options.h"

namespace weir {

/// Reads JSON documents from their beginning to their end, for a JsonCodec. Checks all of each
/// document, also the parts that are skipped. After the first failure every call returns false
/// until the next begin(). Texts are valid until the next begin(). Thread: one at a time.
///
/// Read the value of a document, of a key and of an element exactly once, or skip() it.
class JsonReader {
 public:
  /// Deeper nesting is refused.
  static constexpr size_t kMaxDepth = 500;

  /// `options` outlives the reader.
  explicit JsonReader(const JsonOptions& options);
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;
  const JsonOptions& options() const { return options_; }

  /// Starts a document, of which it keeps a copy.
  bool begin(std::string_view document);
  /// Call after the document's value was read. Fails if more follows.
  bool end();

  /// True if the value is null, which is then read. Otherwise nothing is read.
  bool take_null();
  bool read_bool(bool& value);
  bool read_integer(int64_t& value, int64_t min, int64_t max);
  bool read_integer(uint64_t& value, uint64_t max);
  /// Also reads the texts "NaN", "Infinity" and "-Infinity", because JSON has no such numbers.
  bool read_number(double& value);
  bool read_number(float& value);
  bool read_text(std::string_view& text);
  /// Enters an object. Then call next_key() until it returns false.
  bool begin_object();
  /// False: the object has ended, or ok() is false.
  bool next_key(std::string_view& key);
  /// Enters an array. Then call next_element() until it returns false.
  bool begin_array();
  bool next_element();
  bool skip();

  /// Fails: "expected WHAT, found …" with the value. Returns false, as all calls that fail.
  bool expected(std::string_view what);
  bool fail(std::string why);
  /// Add the place to a failure, from the innermost part to the outermost. Return false.
  bool in_field(std::string_view name);
  bool in_element(size_t index);

  bool ok() const { return problem_.empty(); }
  /// "field 'user.ages[2]': expected an integer from 0 to 255, found 300".
  std::string problem() const;

 private:
  struct Parser;

  bool fail_parser(int error);
  bool deeper();
  bool skip_object();
  bool skip_array();
  bool skip_scalar(std::string_view token);
  template <class T>
  bool read_special(T& value);

  const JsonOptions& options_;
  const std::unique_ptr<Parser> parser_;
  std::string problem_;
  std::string path_;
};

}  // namespace weir
