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
    const auto& metrics = chain.host(i).metrics().metrics();
    std::vector<Known>& known = known_[i];
    for (size_t j = 0; j < metrics.size(); ++j) {
      const int64_t value = metrics[j].value();
      const uint8_t kind = metrics[j].is_counter ? kCounter : kGauge;
      if (j == known.size()) {
        if (next_number_ == kMaxMetrics) break;
        known.push_back({next_number_++, value});
        reply.put_metric(known[j].number, kind,
                         cat(chain.host(i).operator_name(), ".", metrics[j].name), value);
      } else if (known[j].value != value) {
        reply.put_metric(known[j].number, kind, "",
                         metrics[j].is_counter ? value - known[j].value : value);
        known[j].value = value;
      }
    }
  }
}

}  // namespace weir
