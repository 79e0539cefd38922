#pragma once

#include "metrics/metric_report.h"

// The fields of a metric report in messages.

namespace weir::codec {

template <class Archive>
void fields(Archive& a, HistogramStatistics& h) {
  a | h.count;
  a | h.min;
  a | h.max;
  a | h.mean;
  a | h.stddev;
  a | h.p50;
  a | h.p75;
  a | h.p95;
  a | h.p98;
  a | h.p99;
  a | h.p999;
}
template <class Archive>
void fields(Archive& a, MetricValue& v) {
  a | v.name;
  a | v.kind;
  a | v.value;
  a | v.histogram;
  if constexpr (Archive::kReads) {
    if (v.kind < MetricGroup::Kind::kCounter || v.kind > MetricGroup::Kind::kHistogram)
      a.in.fail("an unknown kind of metric");
    if ((v.kind == MetricGroup::Kind::kHistogram) != v.histogram.has_value())
      a.in.fail("a metric whose kind contradicts its value");
  }
}
template <class Archive>
void fields(Archive& a, OperatorFigures& f) {
  a | f.op;
  a | f.values;
}
template <class Archive>
void fields(Archive& a, TaskFigures& f) {
  a | f.vertex;
  a | f.subtask;
  a | f.records_in;
  a | f.records_out;
  a | f.bytes_in;
  a | f.bytes_out;
  a | f.batches_out;
  a | f.input_watermark;
  a | f.output_watermark;
  a | f.idle_ms;
  a | f.busy_ms;
  a | f.back_pressured_ms;
  a | f.queued;
  a | f.queue_capacity;
  a | f.operators;
}
template <class Archive>
void fields(Archive& a, ProcessFigures& f) {
  a | f.resident_bytes;
  a | f.cpu_ms;
  a | f.open_files;
  a | f.threads;
}
template <class Archive>
void fields(Archive& a, MetricReport& r) {
  a | r.at_ms;
  a | r.process;
  a | r.tasks;
  a | r.left_out;
}

}  // namespace weir::codec
