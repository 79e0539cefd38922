// The records of the flights jobs, and how departures are summed up by carrier and hour.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "weir/weir.h"

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

struct Departure {
  std::string carrier;
  Time time_hour;
  std::optional<int64_t> dep_delay;  // minutes; nullopt: canceled
  WEIR_FIELDS(Departure, carrier, time_hour, dep_delay)
};

struct Delays {
  int64_t flights = 0;
  int64_t canceled = 0;
  int64_t sum = 0;
  int64_t largest = 0;
  WEIR_FIELDS(Delays, flights, canceled, sum, largest)
};

struct CarrierHour {
  std::string carrier;
  Time hour;
  int64_t flights = 0;
  int64_t canceled = 0;
  std::optional<double> mean_delay = {};
  std::optional<int64_t> largest_delay = {};
  WEIR_FIELDS(CarrierHour, carrier, hour, flights, canceled, mean_delay, largest_delay)
};

struct SumDelays {
  using Accumulator = Delays;
  Delays create_accumulator() const { return {}; }
  void add(const Departure& departure, Delays& delays) const {
    const bool first = delays.flights == delays.canceled;
    ++delays.flights;
    if (!departure.dep_delay) {
      ++delays.canceled;
      return;
    }
    delays.sum += *departure.dep_delay;
    delays.largest = first ? *departure.dep_delay : std::max(delays.largest, *departure.dep_delay);
  }
  Delays get_result(const Delays& delays) const { return delays; }
};

class Describe final : public weir::ProcessWindowFunction<Delays, CarrierHour, std::string> {
 public:
  void process(const std::string& carrier, const weir::WindowContext& context,
               const std::vector<Delays>& elements, weir::Collector<CarrierHour>& out) override {
    const Delays& delays = elements.front();
    CarrierHour result{.carrier = carrier,
                       .hour = Time(std::chrono::milliseconds(context.window.start)),
                       .flights = delays.flights,
                       .canceled = delays.canceled};
    if (const int64_t departed = delays.flights - delays.canceled; departed > 0) {
      result.mean_delay = static_cast<double>(delays.sum) / static_cast<double>(departed);
      result.largest_delay = delays.largest;
    }
    out.collect(std::move(result));
  }
};
