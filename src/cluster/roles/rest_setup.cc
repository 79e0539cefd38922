#include "cluster/roles/rest_setup.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/component.h"
#include "base/log.h"
#include "base/recent_log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "base/version.h"
#include "checkpoint/savepoint.h"
#include "cluster/roles/job_snapshot_of.h"
#include "config/keys/operating.h"
#include "config/keys/reporters.h"
#include "config/options.h"
#include "config/value_text.h"

namespace weir {
namespace {

/// "8081" or "8081-8089".
Status read_ports(const Configuration& configuration, const ConfigKey& key, std::string_view text,
                  RestPlace* place) {
  const size_t dash = text.find('-');
  const auto first = parse_int(trim(text.substr(0, dash)));
  const auto last = dash == text.npos ? first : parse_int(trim(text.substr(dash + 1)));
  const bool valid = first.ok() && last.ok() && *first >= 0 && *last <= 65535 && *first <= *last &&
                     (*first > 0 || *last == 0);
  if (!valid)
    return invalid_argument(cat(configuration.describe(key),
                                " is not a port, such as 8081, or a range, such as "
                                "8081-8089"));
  place->first_port = static_cast<int>(*first);
  place->last_port = static_cast<int>(*last);
  return {};
}

Status read_api(const Configuration& configuration, RestOptions* options) {
  const auto port = configuration.get_optional(options::kRestPort);
  const auto range = configuration.get_optional(options::kRestBindPort);
  options->serves_api = port || range;
  options->api.host = configuration.get(options::kRestBindAddress);
  options->dashboard = configuration.get_optional(options::kDashboard).value_or("");
  options->rules.offers_changes = configuration.get(options::kWebCancel);
  options->rules.token = configuration.get_optional(options::kRestToken).value_or("");
  if (const auto name = configuration.get_optional(options::kRestAddress))
    options->rules.names.push_back(*name);
  options->rules.names.push_back(options->api.host);
  if (range) return read_ports(configuration, options::kRestBindPort, *range, &options->api);
  if (port) options->api.first_port = options->api.last_port = static_cast<int>(*port);
  return {};
}

/// A reporter has one factory, whose name in Flink is the key's default.
Status check_factory(const Configuration& configuration, const Option<std::string>& factory,
                     std::string_view name) {
  if (configuration.get(factory) == factory.default_value) return {};
  return failed_precondition(cat(configuration.describe(factory), ": the reporter named ", name,
                                 " is that of ", factory.default_value,
                                 "; give another one another name"));
}

Status read_prometheus(const Configuration& configuration, RestOptions* options) {
  WEIR_RETURN_IF_ERROR(check_factory(configuration, options::kPrometheusFactory, "prom"));
  options->serves_prometheus = true;
  options->prometheus.host = configuration.get(options::kPrometheusBindAddress);
  options->rules.names.push_back(options->prometheus.host);
  options->filter_label_values = configuration.get(options::kPrometheusFilterLabels);
  return read_ports(configuration, options::kPrometheusPort,
                    configuration.get(options::kPrometheusPort), &options->prometheus);
}

/// The keys of one reporter to an OpenTelemetry collector.
struct CollectorKeys {
  const Option<std::string>& factory;
  const Option<std::string>& endpoint;
  const Option<std::string>& protocol;
  const Option<Duration>& timeout;
  const Option<std::string>& service;
};

StatusOr<ReportOptions::Collector> read_collector(const Configuration& configuration,
                                                  const CollectorKeys& keys) {
  WEIR_RETURN_IF_ERROR(check_factory(configuration, keys.factory, "otel"));
  if (configuration.get(keys.protocol) != keys.protocol.default_value) {
    return failed_precondition(cat(configuration.describe(keys.protocol),
                                   ": weir sends OTLP over HTTP. Set it to HTTP, and let ",
                                   keys.endpoint.name, " name the collector's port for that"));
  }
  ReportOptions::Collector collector;
  collector.url = configuration.get_optional(keys.endpoint).value_or("");
  if (!collector.url.starts_with("http://") && !collector.url.starts_with("https://")) {
    return invalid_argument(
        cat(keys.endpoint.name, " must be the URL of a collector: ", keys.endpoint.doc));
  }
  collector.timeout = configuration.get(keys.timeout);
  collector.service = {configuration.get(keys.service), std::string(weir_version())};
  return collector;
}

Status read_reporter(const Configuration& configuration, std::string_view name,
                     RestOptions* options) {
  ReportOptions& reports = options->reports;
  if (name == "prom") return read_prometheus(configuration, options);
  if (name == "otel") {
    WEIR_ASSIGN_OR_RETURN(
        reports.metrics,
        read_collector(configuration,
                       {options::kOtelFactory, options::kOtelEndpoint, options::kOtelProtocol,
                        options::kOtelTimeout, options::kOtelService}));
    reports.metrics->interval = configuration.get(options::kOtelInterval);
  } else if (name == "statsd") {
    WEIR_RETURN_IF_ERROR(check_factory(configuration, options::kStatsdFactory, name));
    reports.statsd = {{configuration.get(options::kStatsdHost),
                       static_cast<int>(configuration.get(options::kStatsdPort))},
                      configuration.get(options::kStatsdInterval)};
  } else if (name == "slf4j") {
    WEIR_RETURN_IF_ERROR(check_factory(configuration, options::kLogFactory, name));
    reports.log_interval = configuration.get(options::kLogInterval);
  } else {
    WEIR_LOG(kWarning) << "metrics.reporters names " << name
                       << ", which weir does not have: it has prom, otel, statsd and slf4j";
  }
  return {};
}

std::vector<std::string_view> names_in(std::string_view list) {
  std::vector<std::string_view> names;
  for (const std::string_view part : split(list, ',')) {
    if (const std::string_view name = trim(part); !name.empty()) names.push_back(name);
  }
  return names;
}

Status read_reporters(const Configuration& configuration, RestOptions* options) {
  const std::string metrics = configuration.get_optional(options::kMetricReporters).value_or("");
  for (const std::string_view name : names_in(metrics))
    WEIR_RETURN_IF_ERROR(read_reporter(configuration, name, options));
  const std::string traces = configuration.get_optional(options::kTraceReporters).value_or("");
  for (const std::string_view name : names_in(traces)) {
    if (name != "otel") {
      WEIR_LOG(kWarning) << "traces.reporters names " << name
                         << ", which weir does not have: otel is its only one";
      continue;
    }
    WEIR_ASSIGN_OR_RETURN(
        options->reports.traces,
        read_collector(configuration, {options::kOtelTraceFactory, options::kOtelTraceEndpoint,
                                       options::kOtelTraceProtocol, options::kOtelTraceTimeout,
                                       options::kOtelTraceService}));
  }
  return {};
}

}  // namespace

namespace {

/// Removes a savepoint that is not one of the job's own checkpoints, which weir removes itself.
Status dispose(const std::string& path, const std::string& job_directory,
               FileSystemRegistry& files) {
  WEIR_ASSIGN_OR_RETURN(const FileLocation given, files.resolve(path));
  if (job_directory.empty()) return dispose_savepoint(given);
  WEIR_ASSIGN_OR_RETURN(const FileLocation job, files.resolve(job_directory));
  if (given.fs == job.fs && (given.path + "/").starts_with(job.path + "/")) {
    return failed_precondition(
        cat(path,
            " is one of the job's own checkpoints: weir removes them itself, when there are "
            "newer ones"));
  }
  return dispose_savepoint(given);
}

/// The parts that are the same for all processes.
RestControl common_control(const JobOptions& options, Platform& platform) {
  RestControl control;
  control.own_figures = own_process_figures;
  control.own_text = own_process_text;
  control.has_savepoint_directory = !options.savepoint_directory.empty();
  control.dispose_savepoint = [&](const std::string& path, std::function<void(Status)> done) {
    platform.scheduler.run_blocking(executors::kCoordinator,
                                    [path, job = options.job_directory, &files = platform.files,
                                     done = std::move(done)] { done(dispose(path, job, files)); });
  };
  return control;
}

}  // namespace

StatusOr<RestOptions> rest_options(const Configuration& configuration) {
  RestOptions options;
  WEIR_RETURN_IF_ERROR(read_api(configuration, &options));
  WEIR_RETURN_IF_ERROR(read_reporters(configuration, &options));
  if (options.any() && &weir_component_rest == nullptr)
    return component_missing(options.serves_api ? "rest.port" : "metrics.reporters", "rest");
  return options;
}

RestControl rest_control(const JobGraph& graph, const JobOptions& options,
                         const Configuration& configuration, Platform& platform,
                         const std::atomic<JobRunner*>& runner) {
  RestControl control = common_control(options, platform);
  control.snapshot = [&, settings = shown_settings(configuration)] {
    const JobRunner* running = runner;
    return running == nullptr ? nullptr
                              : job_snapshot_of(graph, options, running->view(), settings,
                                                platform.clock.wall_ms());
  };
  // Called only after there was a snapshot.
  control.observe = [&] { runner.load()->observe(); };
  control.cancel = [&] { runner.load()->cancel(); };
  control.trigger_checkpoint = [&](SnapshotFormat format, auto done) {
    runner.load()->trigger_checkpoint(format, std::move(done));
  };
  control.trigger_savepoint = [&](SavepointRequest request, CheckpointDone done) {
    runner.load()->trigger_savepoint(std::move(request), std::move(done));
  };
  control.rescale = [&](int slots, auto done) { runner.load()->rescale(slots, std::move(done)); };
  control.worker_text = [&](const std::string& worker, ProcessText what, auto done) {
    runner.load()->read_text(worker, what, std::move(done));
  };
  return control;
}

RestControl rest_control(const JobGraph& graph, const JobOptions& options,
                         const Configuration& configuration, Platform& platform,
                         CoordinatorProcess& coordinator) {
  RestControl control = common_control(options, platform);
  control.snapshot =
      [&, settings = shown_settings(configuration)]() -> std::shared_ptr<const JobSnapshot> {
    const CoordinatorProcessView view = coordinator.view();
    // When the job has ended, clients may still ask for outcomes.
    if (!view.leads && !is_terminal(view.job.state)) return nullptr;
    return job_snapshot_of(graph, options, view.job, settings, platform.clock.wall_ms());
  };
  control.observe = [&] { coordinator.observe(); };
  control.cancel = [&] { coordinator.cancel(); };
  control.trigger_checkpoint = [&](SnapshotFormat format, auto done) {
    coordinator.trigger_checkpoint(format, std::move(done));
  };
  control.trigger_savepoint = [&](SavepointRequest request, CheckpointDone done) {
    coordinator.trigger_savepoint(std::move(request), std::move(done));
  };
  control.rescale = [&](int slots, auto done) { coordinator.rescale(slots, std::move(done)); };
  control.worker_text = [&](const std::string& worker, ProcessText what, auto done) {
    coordinator.read_text(worker, what, std::move(done));
  };
  return control;
}

StatusOr<std::unique_ptr<RestServers>> start_rest_servers(const RestOptions& options,
                                                          RestControl control, Platform& platform) {
  if (!options.any()) return std::unique_ptr<RestServers>();
  if (options.serves_api) keep_recent_log(kKeptLogBytes);
  WEIR_ASSIGN_OR_RETURN(auto servers,
                        weir_component_rest()->start(options, std::move(control), platform));
  if (options.serves_api) {
    WEIR_LOG(kInfo) << "the REST interface listens on " << servers->api_address();
  }
  if (options.serves_prometheus) {
    WEIR_LOG(kInfo) << "the metrics for Prometheus are at " << servers->prometheus_address();
  }
  return servers;
}

}  // namespace weir
