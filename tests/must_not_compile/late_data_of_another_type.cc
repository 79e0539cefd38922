// expect: side_output_late_data: the tag must have this stream's type of records
#include "weir/stream/environment.h"

void describe(const weir::DataStream<std::string>& texts) {
  const auto windows = texts.key_by([](const std::string& text) { return text; })
                           .window(weir::TumblingEventTimeWindows::of(std::chrono::hours(1)));
#ifdef MENDED
  windows.side_output_late_data(weir::OutputTag<std::string>("late"));
#else
  windows.side_output_late_data(weir::OutputTag<int64_t>("late"));
#endif
}
