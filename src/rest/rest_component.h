#pragma once

#include <memory>
#include <string>

#include "platform/platform.h"
#include "rest/report/reporters.h"
#include "rest/rest_api.h"

namespace weir {

/// A place to listen on: any free port of a range.
struct RestPlace {
  std::string host;
  int first_port = 0;  ///< 0: any free one
  int last_port = 0;
};

struct RestOptions {
  bool serves_api = false;
  RestPlace api;
  RestRules rules;
  std::string dashboard;  ///< the directory with Flink's dashboard; empty: none is served
  bool serves_prometheus = false;
  RestPlace prometheus;
  bool filter_label_values = true;
  ReportOptions reports;

  bool any() const { return serves_api || serves_prometheus || reports.any(); }
};

/// The servers of this process. They end with it.
class RestServers {
 public:
  virtual ~RestServers() = default;
  /// The job has ended. Sends the last reports, lets clients that are waiting for an outcome ask
  /// for it, for some seconds, and sends the replies that are due.
  virtual void finish() = 0;
  /// "http://127.0.0.1:8081"; empty: not served.
  virtual std::string api_address() const = 0;
  virtual std::string prometheus_address() const = 0;
};

/// Starts what the options ask for. The platform outlives the result. UNAVAILABLE or
/// INVALID_ARGUMENT: an address cannot be listened on.
using StartRest = StatusOr<std::unique_ptr<RestServers>>(const RestOptions& options,
                                                         RestControl control, Platform& platform);

/// The entry points of weir::rest.
struct RestComponent {
  StartRest* start;
  /// The content of an archive for Flink's history server. Pure.
  std::string (*archive)(const JobSnapshot& job);
};

}  // namespace weir

/// See base/component.h. rest_options() refuses to serve where it is not linked.
extern "C" [[gnu::weak]] const weir::RestComponent* weir_component_rest();
