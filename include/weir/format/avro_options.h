#pragma once

#include <string>

namespace weir {

/// How an AvroFormat reads and writes.
struct AvroOptions {
  /// URL of a schema registry with Confluent's API, or several separated by commas. Each message
  /// then begins with the id of its schema. Empty: messages are plain Avro of one schema.
  std::string registry_url = {};
  /// Under which the schema is registered when records are written. Empty: "TOPIC-value" or
  /// "TOPIC-key" in a KafkaSink with a fixed topic.
  std::string subject = {};
  /// Registers the schema if the subject lacks it. Otherwise the subject must have it.
  bool register_schema = true;
  std::string registry_user = {};  ///< for basic authentication
  std::string registry_password = {};
  std::string registry_token = {};    ///< a bearer token
  std::string registry_ca_file = {};  ///< PEM; empty: the system's authorities
  /// The schema of the messages, as JSON. With a registry it is used for writing only. Empty: the
  /// one that avro_schema<T>() makes of the struct.
  std::string schema = {};
  /// Name space of the schema that is made of the struct, such as "com.example.shop".
  std::string name_space = {};
  /// A field that is missing or null keeps its default value. Otherwise only a std::optional may be
  /// missing or null.
  bool allow_missing_fields = false;
};

}  // namespace weir
