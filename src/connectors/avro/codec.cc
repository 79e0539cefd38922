#include <optional>
#include <unordered_map>

#include "base/status_macros.h"
#include "base/strings.h"
#include "connectors/avro/plans.h"
#include "connectors/avro/schema_registry.h"
#include "weir/detail/format/avro_codec.h"

namespace weir::detail {
namespace {

// Confluent's wire format: this byte, then the id in big-endian order.
constexpr char kMagic = 0;
constexpr size_t kHeaderBytes = 5;

int32_t id_in(std::string_view message) {
  uint32_t id = 0;
  for (size_t i = 1; i < kHeaderBytes; ++i) id = id << 8 | static_cast<uint8_t>(message[i]);
  return static_cast<int32_t>(id);
}

Status no_header(std::string_view message) {
  if (message.size() < kHeaderBytes)
    return invalid_argument(cat("the message has ", message.size(),
                                " bytes, and the id of a schema in the registry takes the first ",
                                kHeaderBytes));
  return invalid_argument(cat("the message begins with the byte ",
                              static_cast<int>(static_cast<uint8_t>(message[0])),
                              ", and one with the id of a schema begins with 0; was it written "
                              "without a schema registry?"));
}

}  // namespace

class AvroCodec::State {
 public:
  /// Copies of a codec share this. Immutable but for the registry, which locks.
  struct Shared {
    const AvroType* type;
    AvroOptions options;
    std::shared_ptr<SchemaRegistry> registry;  ///< null: none
    StatusOr<std::string> schema_text;
    StatusOr<std::shared_ptr<const AvroSchemaDocument>> schema;
    bool needs_subject = false;
  };

  explicit State(std::shared_ptr<const Shared> shared) : shared_(std::move(shared)) {}
  const std::shared_ptr<const Shared>& shared() const { return shared_; }

  static std::shared_ptr<const Shared> share(const AvroType& type, AvroOptions options) {
    auto text = options.schema.empty() ? avro_schema_of(type, options.name_space)
                                       : StatusOr<std::string>(options.schema);
    StatusOr<std::shared_ptr<const AvroSchemaDocument>> schema = text.status();
    if (text.ok()) schema = AvroSchemaDocument::parse(*text);
    auto registry =
        options.registry_url.empty() ? nullptr : std::make_shared<SchemaRegistry>(options);
    return std::make_shared<const Shared>(
        Shared{&type, std::move(options), std::move(registry), std::move(text), std::move(schema)});
  }

  Status read(std::string_view message, void* value) {
    if (shared_->registry == nullptr) {
      if (!plain_) plain_ = make_reader(shared_->schema);
      return execute(*plain_, message, value);
    }
    if (message.size() < kHeaderBytes || message[0] != kMagic) return no_header(message);
    const int32_t id = id_in(message);
    if (last_ == nullptr || id != last_id_) WEIR_RETURN_IF_ERROR(find_reader(id));
    Status done = execute(*last_, message.substr(kHeaderBytes), value);
    if (done.ok()) return done;
    return done.with_context(cat("with the schema ", id, " of the registry"));
  }

  Status write(const void* value, std::string& out) {
    if (write_plan_ == nullptr) WEIR_RETURN_IF_ERROR(prepare_writing());
    out += header_;
    AvroOutput output(out);
    if (write_plan_->write(output, *write_plan_, value)) return {};
    return invalid_argument(output.problem());
  }

  Status check() const {
    if (!shared_->schema_text.ok()) return shared_->schema_text.status();
    if (!shared_->schema.ok()) return shared_->schema.status();
    const Status writes = AvroPlans(*shared_->schema).to_write(*shared_->type).status();
    SchemaRegistry* const registry = shared_->registry.get();
    if (registry == nullptr) {
      const Status reads = make_reader(shared_->schema).problem;
      return reads.ok() || writes.ok() ? Status() : reads;
    }
    if (shared_->options.subject.empty() && shared_->needs_subject)
      return invalid_argument(
          "AvroOptions::subject is missing: the topic is chosen for each record, so it names no "
          "subject under which to register the schema");
    WEIR_RETURN_IF_ERROR(registry->check());
    if (shared_->options.subject.empty()) return {};
    WEIR_RETURN_IF_ERROR(writes);
    if (shared_->options.register_schema)
      return registry->check_compatible(shared_->options.subject, *shared_->schema_text);
    return registry->id_of(shared_->options.subject, *shared_->schema_text, false).status();
  }

 private:
  struct Reader {
    std::unique_ptr<AvroPlans> plans{};
    const AvroPlan* plan = nullptr;
    Status problem{};  ///< why there is no plan
  };

  Reader make_reader(StatusOr<std::shared_ptr<const AvroSchemaDocument>> schema) const {
    Reader reader;
    if (!schema.ok()) {
      reader.problem = schema.status();
      return reader;
    }
    reader.plans =
        std::make_unique<AvroPlans>(*std::move(schema), shared_->options.allow_missing_fields);
    auto plan = reader.plans->to_read(*shared_->type);
    if (plan.ok()) reader.plan = *plan;
    else reader.problem = plan.status();
    return reader;
  }

  /// Sets last_ to the reader of a schema.
  Status find_reader(int32_t id) {
    auto known = readers_.find(id);
    if (known == readers_.end()) {
      auto schema = shared_->registry->schema_of(id);
      if (!schema.ok()) return schema.status();  // not kept: the registry may know it later
      known = readers_.emplace(id, make_reader(std::move(schema))).first;
    }
    last_ = &known->second;
    last_id_ = id;
    return {};
  }

  static Status execute(const Reader& reader, std::string_view bytes, void* value) {
    if (reader.plan == nullptr) return reader.problem;
    AvroInput in(bytes);
    if (reader.plan->read(in, *reader.plan, value) && in.expect_end()) return {};
    return invalid_argument(in.problem());
  }

  Status prepare_writing() {
    WEIR_RETURN_IF_ERROR(shared_->schema.status());
    auto plans = std::make_unique<AvroPlans>(*shared_->schema);
    WEIR_ASSIGN_OR_RETURN(const AvroPlan* const plan, plans->to_write(*shared_->type));
    if (shared_->registry != nullptr) {
      if (shared_->options.subject.empty())
        return invalid_argument(
            "AvroOptions::subject is missing, under which to register the schema");
      WEIR_ASSIGN_OR_RETURN(const int32_t id, shared_->registry->id_of(
                                                  shared_->options.subject, *shared_->schema_text,
                                                  shared_->options.register_schema));
      header_.assign(1, kMagic);
      for (int shift = 24; shift >= 0; shift -= 8)
        header_ += static_cast<char>(static_cast<uint32_t>(id) >> shift);
    }
    write_plans_ = std::move(plans);
    write_plan_ = plan;
    return {};
  }

  const std::shared_ptr<const Shared> shared_;
  std::optional<Reader> plain_;  ///< without a registry
  std::unordered_map<int32_t, Reader> readers_;
  const Reader* last_ = nullptr;  ///< in readers_
  int32_t last_id_ = 0;
  std::unique_ptr<AvroPlans> write_plans_;
  const AvroPlan* write_plan_ = nullptr;
  std::string header_;
};

AvroCodec::AvroCodec(const AvroType& type, AvroOptions options)
    : state_(std::make_unique<State>(State::share(type, std::move(options)))) {}
AvroCodec::~AvroCodec() = default;
AvroCodec::AvroCodec(const AvroCodec& other)
    : state_(std::make_unique<State>(other.state_->shared())) {}

Status AvroCodec::read(std::string_view message, void* value) {
  return state_->read(message, value);
}
Status AvroCodec::write(const void* value, std::string& out) { return state_->write(value, out); }
Status AvroCodec::check() const { return state_->check(); }

void AvroCodec::write_to_topic(const std::string& topic, const std::string& part) {
  auto shared = std::make_shared<State::Shared>(*state_->shared());
  shared->needs_subject = true;
  if (shared->options.subject.empty() && !topic.empty())
    shared->options.subject = cat(topic, '-', part);
  state_ = std::make_unique<State>(std::move(shared));
}

}  // namespace weir::detail
