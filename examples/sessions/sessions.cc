// Groups the clicks of each visitor into sessions, which end after half a minute without a click.
// Clicks that come too late for their session go to a side output. See README.md beside this file.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "weir/weir.h"

namespace {

using namespace std::chrono_literals;

constexpr auto kGap = 30s;
constexpr int64_t kDisorderMs = 2'000;
constexpr int64_t kVisitors = 200;

struct Click {
  std::string visitor;
  int64_t page = 0;
  weir::Timestamp at = 0;
  WEIR_FIELDS(Click, visitor, page, at)
};
struct Session {
  std::string visitor;
  weir::Timestamp begin = 0;
  weir::Timestamp end = 0;  ///< 30 s after the last click
  int64_t clicks = 0;
  int64_t last_page = 0;  ///< the greatest number of a page
  WEIR_FIELDS(Session, visitor, begin, end, clicks, last_page)
};

/// A random number from i: the output function of SplitMix64.
uint64_t mixed(uint64_t i) {
  i = (i ^ i >> 30) * 0xBF58476D1CE4E5B9u;
  i = (i ^ i >> 27) * 0x94D049BB133111EBu;
  return i ^ i >> 31;
}

/// Every 50th click is from a phone that was offline: it comes ten minutes late.
Click click(int64_t i) {
  const uint64_t bits = mixed(static_cast<uint64_t>(i) + 1);
  const weir::Timestamp at = 200 * i + static_cast<int64_t>((bits >> 32) % kDisorderMs);
  if (i % 50 == 49)
    return {"phone-" + std::to_string(i), static_cast<int64_t>(bits % 90), at - 600'000};
  return {"v" + std::to_string((bits >> 8) % kVisitors), static_cast<int64_t>(bits % 90), at};
}

struct Visit {
  struct Accumulator {
    int64_t clicks = 0;
    int64_t last_page = 0;
    WEIR_FIELDS(Accumulator, clicks, last_page)
  };
  Accumulator create_accumulator() const { return {}; }
  void add(const Click& click, Accumulator& visit) const {
    ++visit.clicks;
    visit.last_page = std::max(visit.last_page, click.page);
  }
  /// A click between two sessions makes one of them.
  void merge(const Accumulator& from, Accumulator& into) const {
    into.clicks += from.clicks;
    into.last_page = std::max(into.last_page, from.last_page);
  }
  Accumulator get_result(const Accumulator& visit) const { return visit; }
};

struct AddBounds final : weir::ProcessWindowFunction<Visit::Accumulator, Session, std::string> {
  void process(const std::string& visitor, const weir::WindowContext& context,
               const std::vector<Visit::Accumulator>& visits,
               weir::Collector<Session>& out) override {
    for (const Visit::Accumulator& visit : visits)
      out.collect(
          {visitor, context.window.start, context.window.end, visit.clicks, visit.last_page});
  }
};

const weir::OutputTag<Click> kLate("late clicks");

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const int64_t count = env.flag("count", int64_t{20'000}, "how many clicks there are");
  const double rate = env.flag("rate", 0.0, "clicks a second at most; 0: as fast as it goes");
  const std::string output =
      env.flag("output", "", "the directory for the sessions; otherwise they are printed");
  const std::string late =
      env.flag("late", "", "the directory for late clicks; otherwise they are printed");
  env.may_vary("rate");

  const auto sessions =
      env.from_source(
             weir::GeneratorSource<Click>(count, &click).rate(rate),
             weir::for_bounded_out_of_orderness<Click>(std::chrono::milliseconds(kDisorderMs))
                 .with_timestamp_assigner(&Click::at),
             "clicks")
          .uid("clicks")
          .key_by(&Click::visitor)
          .window(weir::EventTimeSessionWindows::with_gap(kGap))
          .side_output_late_data(kLate)
          .aggregate(Visit(), AddBounds())
          .uid("sessions");
  const auto late_clicks = sessions.get_side_output(kLate);
  if (output.empty()) sessions.print();
  else sessions.sink_to(weir::FileSink<Session>(output)).uid("session files");
  if (late.empty()) late_clicks.print();
  else late_clicks.sink_to(weir::FileSink<Click>(late)).uid("late files");
  return env.execute("sessions");
}
