#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/avro/schema.h"
#include "http/http_client.h"
#include "weir/format/avro_options.h"

namespace weir {

/// A client of a schema registry with Confluent's API. Remembers what it is told: a schema and its
/// id never change. Thread: any. Calls block until the registry answers, or is silent for too long.
///
/// UNAVAILABLE: no registry answers, try again. PERMISSION_DENIED: it refuses the credentials.
/// INVALID_ARGUMENT: it does not know the schema, or cannot use it.
class SchemaRegistry {
 public:
  /// A null `http` means libcurl.
  explicit SchemaRegistry(const AvroOptions& options, std::shared_ptr<HttpClient> http = nullptr);

  /// Whether the registry answers and accepts the credentials.
  Status check();
  StatusOr<std::shared_ptr<const AvroSchemaDocument>> schema_of(int32_t id);
  /// The id of a schema under a subject. Registers it if `add`.
  StatusOr<int32_t> id_of(const std::string& subject, const std::string& schema, bool add);
  /// FAILED_PRECONDITION: the subject's rule of compatibility does not allow the schema.
  Status check_compatible(const std::string& subject, const std::string& schema);

 private:
  struct Answer {
    int status = 0;
    std::string url{};
    std::string body{};
  };
  /// Asks one registry after the other. `what`: what is tried, for messages.
  StatusOr<Answer> ask(const std::string& method, const std::string& path, const std::string& body,
                       std::string_view what);

  const std::vector<std::string> urls_;
  const std::string token_;
  const std::shared_ptr<HttpClient> http_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::map<int32_t, std::shared_ptr<const AvroSchemaDocument>> schemas_;
  std::map<std::pair<std::string, std::string>, int32_t> ids_;
};

}  // namespace weir
