#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "weir/function/output_tag.h"
#include "weir/operator/collector.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// Emits to the side outputs of one operator, in batches. Records that nobody reads are dropped.
/// Thread: the operator's.
class SideOutputs {
 public:
  void open(OperatorContext& context) { context_ = &context; }
  /// Sets the timestamp of the next records.
  void set_timestamp(Timestamp timestamp) { timestamp_ = timestamp; }

  /// Throws std::invalid_argument if records of another type were emitted or are read under the
  /// tag's name.
  template <class T>
  void collect(const OutputTag<T>& tag, std::type_identity_t<T> record) {
    Port<T>& port = port_of(tag);
    if (port.collector == nullptr) return;
    port.collector->collect(std::move(record), timestamp_);
  }
  /// Returns false if nobody reads it.
  template <class T>
  bool is_read(const OutputTag<T>& tag) {
    return port_of(tag).collector != nullptr;
  }
  /// Emits what is left. Call it at the end of each call of the operator that may have collected.
  void flush() {
    for (const auto& port : ports_) port->flush();
  }

 private:
  struct AnyPort {
    AnyPort(std::string n, std::type_index t) : name(std::move(n)), type(t) {}
    virtual ~AnyPort() = default;
    virtual void flush() = 0;
    const std::string name;
    const std::type_index type;
  };
  template <class T>
  struct Port final : AnyPort {
    Port(std::string n, weir::Output* out) : AnyPort(std::move(n), typeid(T)) {
      if (out != nullptr) collector = std::make_unique<Collector<T>>(*out, buffer);
    }
    void flush() override {
      if (collector != nullptr) collector->flush();
    }
    BatchOf<T> buffer;  // empty between calls
    std::unique_ptr<Collector<T>> collector;
  };

  template <class T>
  Port<T>& port_of(const OutputTag<T>& tag) {
    for (const auto& port : ports_) {
      if (port->name != tag.name()) continue;
      if (port->type != typeid(T))
        throw std::invalid_argument("records of two types are given to side output '" + tag.name() +
                                    "'; use one OutputTag for it");
      return static_cast<Port<T>&>(*port);
    }
    StatusOr<weir::Output*> out = context_->side_output(tag.name(), typeid(T));
    if (!out.ok()) throw std::invalid_argument(std::string(out.status().message()));
    ports_.push_back(std::make_unique<Port<T>>(tag.name(), *out));
    return static_cast<Port<T>&>(*ports_.back());
  }

  OperatorContext* context_ = nullptr;
  std::vector<std::unique_ptr<AnyPort>> ports_;
  Timestamp timestamp_ = kNoTimestamp;
};

}  // namespace weir::detail
