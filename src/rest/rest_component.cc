#include "rest/rest_component.h"

#include <exception>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "platform/wakeup.h"
#include "rest/http_server.h"
#include "rest/job_archive.h"
#include "rest/job_timeline.h"
#include "rest/page_files.h"
#include "rest/prometheus_text.h"
#include "rest/static_files.h"

namespace weir {
namespace {

/// A handler must not throw into the library.
template <class Handler>
auto guarded(Handler handler) {
  return [handler = std::move(handler)](const RestRequest& request) -> RestReply {
    try {
      return handler(request);
    } catch (const std::exception&) {
      return {500, "{\"errors\":[\"The answer could not be built.\"]}"};
    }
  };
}

HttpServer::Options server_options(const RestPlace& place) {
  HttpServer::Options options;
  options.host = place.host;
  options.first_port = place.first_port;
  options.last_port = place.last_port;
  return options;
}

RestReply metrics_reply(const RestControl& control, const RestOptions& options,
                        const RestRequest& request) {
  constexpr const char* kPlain = "text/plain; charset=utf-8";
  if (const Status status = check_sender(options.rules, request); !status.ok())
    return {403, std::string(status.message()) + "\n", kPlain};
  if (request.method != "GET") return {405, "only GET is answered here\n", kPlain};
  if (request.path != "/" && request.path != "/metrics")
    return {404, "the metrics are at /metrics\n", kPlain};
  const auto job = control.snapshot();
  if (!job) return {503, "this coordinator does not lead the job\n", kPlain};
  control.observe();
  return {200, prometheus_text(*job, options.filter_label_values),
          "text/plain; version=0.0.4; charset=utf-8"};
}

/// Takes a point of the timeline now and then, as often as workers report by themselves.
class Sampler final : public Actor {
 public:
  Sampler(const RestControl& control, const Clock& clock) : control_(control), clock_(clock) {}
  MonotonicTime step() override {
    const MonotonicTime now = clock_.now();
    if (now < next_) return next_;
    const auto job = control_.snapshot();
    const bool reported = job && !job->figures->tasks.empty();
    if (reported) timeline_.sample(*job);
    return next_ = now + std::chrono::seconds(reported ? 10 : 1);
  }
  const rest::JobTimeline& timeline() const { return timeline_; }

 private:
  const RestControl& control_;
  const Clock& clock_;
  MonotonicTime next_{0};
  rest::JobTimeline timeline_;
};

class Servers final : public RestServers {
 public:
  Servers(const RestOptions& options, RestControl control, Platform& platform)
      : options_(options),
        control_(control),
        platform_(platform),
        sampler_(control_, platform.clock),
        api_(control, options.rules, platform.clock, platform.random) {}

  Status start() {
    if (options_.serves_api) {
      if (!options_.dashboard.empty()) {
        WEIR_ASSIGN_OR_RETURN(dashboard_, StaticFiles::list(options_.dashboard));
      }
      auto server = HttpServer::start(
          server_options(options_.api),
          guarded([this](const RestRequest& request) { return api_reply(request); }));
      if (!server.ok())
        return server.status().with_context("the REST interface (rest.port, rest.bind-address)");
      api_server_ = *std::move(server);
      sampling_ = platform_.scheduler.start("timeline", sampler_, {});
    }
    if (options_.serves_prometheus) {
      auto server = HttpServer::start(server_options(options_.prometheus),
                                      guarded([this](const RestRequest& request) {
                                        return metrics_reply(control_, options_, request);
                                      }));
      if (!server.ok())
        return server.status().with_context("the Prometheus reporter (metrics.reporter.prom.port)");
      prometheus_server_ = *std::move(server);
    }
    if (options_.reports.any()) {
      WEIR_ASSIGN_OR_RETURN(reporters_,
                            Reporters::start(options_.reports, control_.snapshot, platform_));
    }
    return {};
  }
  void finish() override {
    if (reporters_) reporters_->finish();
    if (!api_server_) return;
    // Longer than the pause between two questions of Flink's command line.
    constexpr auto kMax = std::chrono::seconds(5);
    constexpr auto kLook = std::chrono::milliseconds(20);
    Wakeup nobody;
    const Clock& clock = platform_.clock;
    const MonotonicTime end = clock.now() + kMax;
    while (api_.has_unread_outcome() && clock.now() < end) nobody.wait(kLook);
    api_server_->finish(std::chrono::seconds(1));
  }
  std::string api_address() const override { return address(api_server_.get(), options_.api); }
  std::string prometheus_address() const override {
    return address(prometheus_server_.get(), options_.prometheus);
  }

 private:
  RestReply api_reply(const RestRequest& request) {
    if (check_sender(options_.rules, request).ok()) {
      if (auto file = dashboard_.find(request)) return *std::move(file);
      if (auto file = rest::page_file(request)) return *std::move(file);
      if (request.method == "GET" && request.path == "/weir/timeline")
        return {200, sampler_.timeline().json().text()};
    }
    return api_.handle(request);
  }
  static std::string address(const HttpServer* server, const RestPlace& place) {
    if (server == nullptr) return "";
    const bool v6 = place.host.find(':') != std::string::npos;
    return cat("http://", v6 ? "[" : "", place.host, v6 ? "]" : "", ":", server->port());
  }

  const RestOptions options_;
  const RestControl control_;
  Platform& platform_;
  Sampler sampler_;
  StaticFiles dashboard_;
  RestApi api_;
  std::unique_ptr<ActorHandle> sampling_;
  std::unique_ptr<HttpServer> api_server_;  // after what they use
  std::unique_ptr<HttpServer> prometheus_server_;
  std::unique_ptr<Reporters> reporters_;
};

StatusOr<std::unique_ptr<RestServers>> start_rest(const RestOptions& options, RestControl control,
                                                  Platform& platform) {
  auto servers = std::make_unique<Servers>(options, std::move(control), platform);
  if (Status status = servers->start(); !status.ok()) return status;
  return std::unique_ptr<RestServers>(std::move(servers));
}

}  // namespace
}  // namespace weir

const weir::RestComponent* weir_component_rest() {
  static constexpr weir::RestComponent kComponent{&weir::start_rest, &weir::rest::archive_of};
  return &kComponent;
}
