#pragma once

#include "config/config_key.h"

namespace weir {

namespace options {

inline constexpr Option<std::string> kMetricReporters{
    {"metrics.reporters", ConfigType::kString, "",
     "Names of reporters, separated by commas: prom, a page for Prometheus at the coordinator; "
     "otel, which sends to an OpenTelemetry collector; statsd; slf4j, which writes to the log. "
     "Each reports the whole job."}};
inline constexpr Option<std::string> kTraceReporters{
    {"traces.reporters", ConfigType::kString, "",
     "Names of reporters of checkpoints as traces. otel is the only one that weir has."}};

inline constexpr Option<std::string> kPrometheusFactory{
    {"metrics.reporter.prom.factory.class", ConfigType::kString,
     "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
     "Flink's name for it. Accepted, and no other."}};
inline constexpr Option<std::string> kPrometheusPort{
    {"metrics.reporter.prom.port", ConfigType::kString, "9249",
     "Port of the page for Prometheus, or a range, of which the first free port is taken."}};
inline constexpr Option<std::string> kPrometheusBindAddress{
    {"weir.metrics.bind-address", ConfigType::kString, "127.0.0.1",
     "Address on which that page is served. Flink listens on all addresses."}};
inline constexpr Option<bool> kPrometheusFilterLabels{
    {"metrics.reporter.prom.filterLabelValueCharacters", ConfigType::kBool, "true",
     "In values of labels, everything but letters, digits, : and _ becomes _."}};

inline constexpr Option<std::string> kOtelFactory{
    {"metrics.reporter.otel.factory.class", ConfigType::kString,
     "org.apache.flink.metrics.otel.OpenTelemetryMetricReporterFactory",
     "Flink's name for it. Accepted, and no other."}};
inline constexpr Option<std::string> kOtelEndpoint{
    {"metrics.reporter.otel.exporter.endpoint", ConfigType::kString, "",
     "URL to which metrics are sent, such as http://collector:4318/v1/metrics."}};
inline constexpr Option<std::string> kOtelProtocol{
    {"metrics.reporter.otel.exporter.protocol", ConfigType::kString, "HTTP",
     "HTTP is the only one that weir has; Flink's default is gRPC."}};
inline constexpr Option<Duration> kOtelTimeout{
    {"metrics.reporter.otel.exporter.timeout", ConfigType::kDuration, "10 s",
     "A collector that is silent for this time has not got the report.", "", "", 1000}};
inline constexpr Option<Duration> kOtelInterval{{"metrics.reporter.otel.interval",
                                                 ConfigType::kDuration, "10 s",
                                                 "Time between two reports.", "", "", 100}};
inline constexpr Option<std::string> kOtelService{{"metrics.reporter.otel.service.name",
                                                   ConfigType::kString, "weir",
                                                   "The attribute service.name of all metrics."}};

inline constexpr Option<std::string> kStatsdFactory{
    {"metrics.reporter.statsd.factory.class", ConfigType::kString,
     "org.apache.flink.metrics.statsd.StatsDReporterFactory",
     "Flink's name for it. Accepted, and no other."}};
inline constexpr Option<std::string> kStatsdHost{
    {"metrics.reporter.statsd.host", ConfigType::kString, "127.0.0.1", "Host of StatsD."}};
inline constexpr Option<int64_t> kStatsdPort{{"metrics.reporter.statsd.port", ConfigType::kInt,
                                              "8125", "UDP port of StatsD.", "", "", 1, 65535}};
inline constexpr Option<Duration> kStatsdInterval{{"metrics.reporter.statsd.interval",
                                                   ConfigType::kDuration, "10 s",
                                                   "Time between two reports.", "", "", 100}};

inline constexpr Option<std::string> kLogFactory{
    {"metrics.reporter.slf4j.factory.class", ConfigType::kString,
     "org.apache.flink.metrics.slf4j.Slf4jReporterFactory",
     "Flink's name for it. Accepted, and no other."}};
inline constexpr Option<Duration> kLogInterval{{"metrics.reporter.slf4j.interval",
                                                ConfigType::kDuration, "10 s",
                                                "Time between two reports.", "", "", 100}};

inline constexpr Option<std::string> kOtelTraceFactory{
    {"traces.reporter.otel.factory.class", ConfigType::kString,
     "org.apache.flink.traces.otel.OpenTelemetryTraceReporterFactory",
     "Flink's name for it. Accepted, and no other."}};
inline constexpr Option<std::string> kOtelTraceEndpoint{
    {"traces.reporter.otel.exporter.endpoint", ConfigType::kString, "",
     "URL to which the spans of checkpoints are sent, such as "
     "http://collector:4318/v1/traces."}};
inline constexpr Option<std::string> kOtelTraceProtocol{
    {"traces.reporter.otel.exporter.protocol", ConfigType::kString, "HTTP",
     "HTTP is the only one that weir has; Flink's default is gRPC."}};
inline constexpr Option<Duration> kOtelTraceTimeout{
    {"traces.reporter.otel.exporter.timeout", ConfigType::kDuration, "10 s",
     "A collector that is silent for this time has not got the spans.", "", "", 1000}};
inline constexpr Option<std::string> kOtelTraceService{
    {"traces.reporter.otel.service.name", ConfigType::kString, "weir",
     "The attribute service.name of all spans."}};

}  // namespace options

/// The keys of the reporters, which send a job's figures to other systems.
inline constexpr const ConfigKey* kReporterKeys[] = {
    &options::kMetricReporters,
    &options::kTraceReporters,
    &options::kPrometheusFactory,
    &options::kPrometheusPort,
    &options::kPrometheusBindAddress,
    &options::kPrometheusFilterLabels,
    &options::kOtelFactory,
    &options::kOtelEndpoint,
    &options::kOtelProtocol,
    &options::kOtelTimeout,
    &options::kOtelInterval,
    &options::kOtelService,
    &options::kStatsdFactory,
    &options::kStatsdHost,
    &options::kStatsdPort,
    &options::kStatsdInterval,
    &options::kLogFactory,
    &options::kLogInterval,
    &options::kOtelTraceFactory,
    &options::kOtelTraceEndpoint,
    &options::kOtelTraceProtocol,
    &options::kOtelTraceTimeout,
    &options::kOtelTraceService,
};

}  // namespace weir
