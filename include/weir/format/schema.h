#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// Turns bytes into records, as Flink's interface of this name: the value of a Kafka record, a line
/// of a file. A connector copies the schema that it is given once for each subtask, so a schema may
/// keep buffers. Thread: one at a time.
template <class T>
class DeserializationSchema {
 public:
  virtual ~DeserializationSchema() = default;
  /// Reads one message, which is valid during the call. INVALID_ARGUMENT says what is wrong in the
  /// message; the connector adds where the message is from. May throw, which counts as malformed
  /// too. UNAVAILABLE says nothing about the message: the task fails, and reads it again later.
  virtual StatusOr<T> deserialize(std::string_view message) = 0;
  /// Checks the settings of the schema, before the job starts.
  virtual Status check() const { return {}; }
};

/// Turns records into bytes, as Flink's interface of this name. Copied for each subtask, as a
/// DeserializationSchema. Thread: one at a time.
template <class T>
class SerializationSchema {
 public:
  virtual ~SerializationSchema() = default;
  /// Appends the bytes of one record. INVALID_ARGUMENT: the format cannot hold the record; then
  /// `out` may end with a part of it. May throw, which fails the task too.
  virtual Status serialize(const T& record, std::string& out) = 0;
  /// Checks the settings of the schema, before the job starts.
  virtual Status check() const { return {}; }
};

/// Both directions: deserialize() returns a record equal to the one that serialize() was given.
template <class T>
class Format : public SerializationSchema<T>, public DeserializationSchema<T> {
 public:
  using Record = T;
  Status check() const override { return {}; }
};

/// A schema that a connector can copy for each subtask.
template <class Schema, class T>
concept DeserializationSchemaOf =
    std::derived_from<Schema, DeserializationSchema<T>> && std::copy_constructible<Schema>;
template <class Schema, class T>
concept SerializationSchemaOf =
    std::derived_from<Schema, SerializationSchema<T>> && std::copy_constructible<Schema>;

/// Makes the schema of one subtask. Connectors keep this instead of the schema's type.
template <class T>
using DeserializationSchemaFactory = std::function<std::unique_ptr<DeserializationSchema<T>>()>;
template <class T>
using SerializationSchemaFactory = std::function<std::unique_ptr<SerializationSchema<T>>()>;

template <class T, DeserializationSchemaOf<T> Schema>
DeserializationSchemaFactory<T> deserialization_schema_factory(Schema schema) {
  return [schema = std::move(schema)] { return std::make_unique<Schema>(schema); };
}
template <class T, SerializationSchemaOf<T> Schema>
SerializationSchemaFactory<T> serialization_schema_factory(Schema schema) {
  return [schema = std::move(schema)] { return std::make_unique<Schema>(schema); };
}

}  // namespace weir
