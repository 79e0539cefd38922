#include "flink/chain_metrics.h"

#include "base/strings.h"

namespace weir {
namespace {

constexpr uint8_t kCounter = 0;
constexpr uint8_t kGauge = 1;
// Numbers have 16 bits, and more metrics would not be useful.
constexpr uint16_t kMaxMetrics = 10000;

}  // namespace

void ChainMetrics::report(OperatorChain& chain, ReplyWriter& reply) {
  known_.resize(chain.size());
  for (size_t i = 0; i < chain.size(); ++i) {
    std::vector<Known>& known = known_[i];
    size_t j = 0;
    chain.host(i).metrics().for_each([&](const MetricGroup::Metric& metric) {
      const int64_t value = metric.value();
      const uint8_t kind = metric.kind == MetricGroup::Kind::kGauge ? kGauge : kCounter;
      if (j == known.size()) {
        if (next_number_ == kMaxMetrics) return;
        known.push_back({next_number_++, value});
        reply.put_metric(known[j].number, kind,
                         cat(chain.host(i).operator_name(), ".", metric.name), value);
      } else if (known[j].value != value) {
        reply.put_metric(known[j].number, kind, "",
                         kind == kCounter ? value - known[j].value : value);
        known[j].value = value;
      }
      ++j;
    });
  }
}

}  // namespace weir
