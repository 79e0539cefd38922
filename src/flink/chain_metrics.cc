#include "flink/chain_metrics.h"

#include "base/strings.h"

namespace weir {
namespace {

constexpr uint8_t kCounter = 0;
constexpr uint8_t kGauge = 1;
constexpr size_t kMostMetrics = 10000;  // numbers have 16 bits, and nobody reads so many

}  // namespace

void ChainMetrics::report(OperatorChain& chain, ReplyWriter& reply) {
  for (size_t i = 0; i < chain.size(); ++i) {
    for (const MetricGroup::Metric& metric : chain.host(i).metrics().metrics()) {
      const int64_t value = metric.value();
      const uint8_t kind = metric.is_counter ? kCounter : kGauge;
      const auto found = known_.find(&metric);
      if (found == known_.end()) {
        if (known_.size() == kMostMetrics) continue;
        const auto number = static_cast<uint16_t>(known_.size());
        known_.emplace(&metric, Known{number, value});
        reply.put_metric(number, kind, cat(chain.host(i).operator_name(), ".", metric.name), value);
      } else if (found->second.value != value) {
        reply.put_metric(found->second.number, kind, "", metric.is_counter ? value - found->second.value : value);
        found->second.value = value;
      }
    }
  }
}

}  // namespace weir
