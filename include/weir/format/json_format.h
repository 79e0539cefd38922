#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "weir/connector/csv.h"
#include "weir/detail/format/json_codecs.h"
#include "weir/format/json_reader.h"
#include "weir/format/json_writer.h"
#include "weir/format/schema.h"

namespace weir {

/// One JSON document without line breaks for each record. Link weir::json.
///
///   struct Click { std::string user; std::optional<int64_t> ms; WEIR_FIELDS(Click, user, ms) };
///   StatusOr<Click> click = JsonFormat<Click>().deserialize(R"({"user": "ann", "ms": 120})");
///
/// | C++                                   | JSON                                                |
/// |---------------------------------------|-----------------------------------------------------|
/// | struct with WEIR_FIELDS               | object; the keys may have any order                 |
/// | integers, enums, durations (a count)  | number without a fraction, within the type's limits |
/// | float, double                         | number, or "NaN", "Infinity", "-Infinity"           |
/// | bool, std::string                     | true or false, string                               |
/// | std::chrono::sys_time                 | string, ISO 8601 or JsonOptions::time_format        |
/// | std::optional                         | null or the value                                   |
/// | vector, array, set, pair, tuple       | array                                               |
/// | map                                   | object; keys that are numbers are written as text   |
/// | map with other keys                   | array of arrays of key and value                    |
/// | vector of uint8_t or std::byte        | string in base64                                    |
/// | std::variant                          | object with one key: the name of the alternative    |
/// | std::monostate                        | null                                                |
///
/// For other types specialize JsonCodec. A record is malformed if the document is no JSON, has a
/// key twice, or does not fit T; see JsonOptions for unknown and missing keys.
template <class T>
class JsonFormat final : public Format<T> {
 public:
  JsonFormat() : JsonFormat(JsonOptions{}) {}
  explicit JsonFormat(JsonOptions options)
      : options_(std::make_shared<const JsonOptions>(std::move(options))) {
    static_assert(detail::HasJsonCodec<T>,
                  "weir cannot write T as JSON: list its fields with WEIR_FIELDS "
                  "(weir/types/fields.h), or specialize weir::JsonCodec<T> "
                  "(weir/format/json_codec.h)");
  }
  JsonFormat(const JsonFormat& other) : options_(other.options_) {}
  JsonFormat& operator=(const JsonFormat&) = delete;

  StatusOr<T> deserialize(std::string_view message) override {
    if (reader_ == nullptr) reader_ = std::make_unique<JsonReader>(*options_);
    T record{};
    if (reader_->begin(message) && JsonCodec<T>::read(*reader_, record) && reader_->end())
      return record;
    return invalid_argument(reader_->problem());
  }
  Status serialize(const T& record, std::string& out) override {
    JsonWriter writer(out, *options_);
    if (JsonCodec<T>::write(writer, record)) return {};
    return invalid_argument(writer.problem());
  }
  Status check() const override { return detail::check_time_format(options_->time_format); }

 private:
  const std::shared_ptr<const JsonOptions> options_;
  std::unique_ptr<JsonReader> reader_;  ///< made with the first message
};

}  // namespace weir
