#include "rest/rest_component.h"

#include <exception>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "platform/wakeup.h"
#include "rest/http_server.h"
#include "rest/job_archive.h"
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

class Servers final : public RestServers {
 public:
  Servers(const RestOptions& options, RestControl control, const Clock& clock, Random& random)
      : options_(options),
        control_(control),
        clock_(clock),
        api_(control, options.rules, clock, random) {}

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
    return {};
  }
  void finish() override {
    if (!api_server_) return;
    // Longer than the pause between two questions of Flink's command line.
    constexpr auto kMost = std::chrono::seconds(5);
    constexpr auto kLook = std::chrono::milliseconds(20);
    Wakeup nobody;
    const MonotonicTime end = clock_.now() + kMost;
    while (api_.has_unread_outcome() && clock_.now() < end) nobody.wait(kLook);
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
  const Clock& clock_;
  StaticFiles dashboard_;
  RestApi api_;
  std::unique_ptr<HttpServer> api_server_;  // after what they use
  std::unique_ptr<HttpServer> prometheus_server_;
};

StatusOr<std::unique_ptr<RestServers>> start_rest(const RestOptions& options, RestControl control,
                                                  const Clock& clock, Random& random) {
  auto servers = std::make_unique<Servers>(options, std::move(control), clock, random);
  if (Status status = servers->start(); !status.ok()) return status;
  return std::unique_ptr<RestServers>(std::move(servers));
}

}  // namespace
}  // namespace weir

const weir::RestComponent* weir_component_rest() {
  static constexpr weir::RestComponent kComponent{&weir::start_rest, &weir::rest::archive_of};
  return &kComponent;
}
