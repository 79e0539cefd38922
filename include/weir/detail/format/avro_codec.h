#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weir/detail/format/avro_type.h"
#include "weir/format/avro_options.h"
#include "weir/status.h"

namespace weir::detail {

/// The schema of a type, as JSON. INVALID_ARGUMENT: Avro has none, such as for an optional of an
/// optional.
StatusOr<std::string> avro_schema_of(const AvroType& type, const std::string& name_space);

/// Reads and writes the messages of an AvroFormat. Thread: one at a time. Copies share what they
/// know of the registry, and may belong to different threads.
class AvroCodec {
 public:
  AvroCodec(const AvroType& type, AvroOptions options);
  ~AvroCodec();
  AvroCodec(const AvroCodec& other);
  AvroCodec& operator=(const AvroCodec&) = delete;

  /// Into a value that has just been made. INVALID_ARGUMENT: the message is malformed. UNAVAILABLE:
  /// the registry is not reached.
  Status read(std::string_view message, void* value);
  Status write(const void* value, std::string& out);
  Status check() const;
  /// The messages are the values or the keys (`part`) of a topic; it is empty if each record has
  /// its own.
  void write_to_topic(const std::string& topic, const std::string& part);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::detail
