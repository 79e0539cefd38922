#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "weir/detail/format/avro_codec.h"
#include "weir/detail/format/avro_types.h"
#include "weir/format/avro_options.h"
#include "weir/format/schema.h"

namespace weir {

/// The schema by which AvroFormat<T> writes, as JSON. INVALID_ARGUMENT: T has none, such as a
/// std::optional of a std::optional.
template <class T>
StatusOr<std::string> avro_schema(const std::string& name_space = "") {
  return detail::avro_schema_of(detail::avro_type<T>(), name_space);
}

/// Avro's binary encoding, with or without a schema registry. Link weir::avro.
///
///   struct Click { std::string user; std::optional<int64_t> ms; WEIR_FIELDS(Click, user, ms) };
///   KafkaSource<Click>::builder()
///       .value_format(AvroFormat<Click>({.registry_url = "http://registry:8081"}))…
///
/// | C++                                   | Avro                                                |
/// |---------------------------------------|-----------------------------------------------------|
/// | struct with WEIR_FIELDS               | record; WEIR_FORMERLY gives its fields aliases      |
/// | bool, float, double, std::string      | boolean, float, double, string                      |
/// | integers                              | int, or long if an int does not hold them           |
/// | enum                                  | int; enum if AvroEnum names its values              |
/// | vector of uint8_t or std::byte        | bytes                                               |
/// | array of uint8_t or std::byte         | fixed                                               |
/// | std::chrono::sys_time                 | date, timestamp-millis, -micros or -nanos           |
/// | durations                             | long, a count                                       |
/// | vector, set, unordered_set            | array                                               |
/// | map, unordered_map with string keys   | map                                                 |
/// | std::optional                         | union of null and the value                         |
/// | std::variant, std::monostate          | union of the alternatives, null                     |
///
/// A record is malformed if its bytes are not as its writer's schema says, or if that schema does
/// not fit T by Avro's rules. docs/avro.md has the rules.
template <class T>
class AvroFormat final : public Format<T> {
 public:
  AvroFormat() : AvroFormat(AvroOptions{}) {}
  explicit AvroFormat(AvroOptions options) : codec_(detail::avro_type<T>(), std::move(options)) {}

  StatusOr<T> deserialize(std::string_view message) override {
    StatusOr<T> record{T{}};
    if (Status read = codec_.read(message, &*record); !read.ok()) return read;
    return record;
  }
  Status serialize(const T& record, std::string& out) override {
    return codec_.write(&record, out);
  }
  Status check() const override { return codec_.check(); }

  /// Called by a KafkaSink: the subject is the topic's unless the options name one.
  void write_to_topic(const std::string& topic, const std::string& part) {
    codec_.write_to_topic(topic, part);
  }

 private:
  detail::AvroCodec codec_;
};

}  // namespace weir
