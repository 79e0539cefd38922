// Trains a logistic regression on a stream, one gradient step for each sample, and reports how
// often the model predicted the label before it saw it. See README.md beside this file.

#include <array>
#include <cmath>
#include <cstdio>
#include <string>

#include "weir/weir.h"

namespace {

constexpr size_t kFeatures = 4;
constexpr int64_t kReportEvery = 100;
constexpr double kLearningRate = 0.1;

using Vector = std::array<double, kFeatures>;

struct Sample {
  std::string model;  ///< the model to train
  Vector features{};
  int64_t label = 0;  ///< 0 or 1
  WEIR_FIELDS(Sample, model, features, label)
};
struct Model {
  Vector weights{};
  double bias = 0;
  int64_t steps = 0;
  int64_t right = 0;  ///< right predictions since the last report
  WEIR_FIELDS(Model, weights, bias, steps, right)
};
struct Report {
  std::string model;
  int64_t steps = 0;
  int64_t right = 0;       ///< right predictions among the last 100
  std::string parameters;  ///< the bias and the weights
  WEIR_FIELDS(Report, model, steps, right, parameters)
};

/// A random number from i: the output function of SplitMix64.
uint64_t mixed(uint64_t i) {
  i = (i ^ i >> 30) * 0xBF58476D1CE4E5B9u;
  i = (i ^ i >> 27) * 0x94D049BB133111EBu;
  return i ^ i >> 31;
}

/// Between -1 and 1.
double uniform(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-52 - 1.0; }

/// Every model has weights of its own to find, and a tenth of the labels are wrong.
Sample sample(int64_t i) {
  const auto n = static_cast<uint64_t>(i);
  const uint64_t bits = mixed(16 * n + 1);
  const uint64_t model = bits % 4;
  Sample sample{"m" + std::to_string(model), {}, 0};
  double sum = 0.2;
  for (size_t k = 0; k < kFeatures; ++k) {
    sample.features[k] = uniform(mixed(16 * n + 2 + k));
    sum += 3.0 * uniform(mixed(~(kFeatures * model + k))) * sample.features[k];
  }
  sample.label = (sum > 0) != ((bits >> 8) % 10 == 0) ? 1 : 0;
  return sample;
}

/// The model of a key is in its state, so each sample moves it exactly once.
class Train final : public weir::KeyedProcessFunction<std::string, Sample, Report> {
 public:
  void open(RuntimeContext& context) override {
    model_ = context.state(weir::ValueStateDescriptor<Model>{"model"});
    accuracy_ = &context.gauge("accuracy");
  }
  void process_element(const Sample& sample, Context& context,
                       weir::Collector<Report>& out) override {
    Model model = model_.value_or({});
    double z = model.bias;
    for (size_t k = 0; k < kFeatures; ++k) z += model.weights[k] * sample.features[k];
    const double predicted = 1.0 / (1.0 + std::exp(-z));
    if ((predicted > 0.5) == (sample.label == 1)) ++model.right;
    const double step = kLearningRate * (static_cast<double>(sample.label) - predicted);
    model.bias += step;
    for (size_t k = 0; k < kFeatures; ++k) model.weights[k] += step * sample.features[k];
    if (++model.steps % kReportEvery == 0) {
      accuracy_->set(model.right);
      out.collect({context.current_key(), model.steps, model.right, text_of(model)});
      model.right = 0;
    }
    model_.update(model);
  }

 private:
  static std::string text_of(const Model& model) {
    std::string text;
    char number[32];
    std::snprintf(number, sizeof number, "%.6f", model.bias);
    text += number;
    for (const double weight : model.weights) {
      std::snprintf(number, sizeof number, " %.6f", weight);
      text += number;
    }
    return text;
  }

  weir::ValueState<Model> model_;
  weir::Gauge* accuracy_ = nullptr;  ///< percent; any metrics reporter shows it
};

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const int64_t count = env.flag("count", int64_t{20'000}, "how many samples there are");
  const double rate = env.flag("rate", 0.0, "samples a second at most; 0: as fast as it goes");
  const std::string output =
      env.flag("output", "", "the directory for the reports; otherwise they are printed");
  env.may_vary("rate");

  const auto reports = env.from_source(weir::GeneratorSource<Sample>(count, &sample).rate(rate),
                                       weir::no_watermarks(), "samples")
                           .uid("samples")
                           .set_parallelism(1)  // a model sees its samples in their order
                           .key_by(&Sample::model)
                           .process(Train())
                           .uid("models");
  if (output.empty()) reports.print();
  else reports.sink_to(weir::FileSink<Report>(output)).uid("reports");
  return env.execute("online regression");
}
