// Operations that a client starts and whose outcome it asks for later.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "rest/operations.h"
#include "rest/rest_call.h"

namespace weir {

using rest::error;
using rest::Json;
using rest::Operation;
using rest::reply;

namespace {

/// The fields of a body that are texts or truth values. Others are left out.
struct Body {
  std::map<std::string, std::string> texts;
  std::map<std::string, bool> flags;

  std::string text(const std::string& name) const {
    const auto found = texts.find(name);
    return found == texts.end() ? std::string() : found->second;
  }
  bool flag(const std::string& name) const {
    const auto found = flags.find(name);
    return found != flags.end() && found->second;
  }
};

/// An empty body has no fields. Checks the id that the client may have chosen.
StatusOr<Body> body_of(const RestRequest& request) {
  Body body;
  if (trim(request.body).empty()) return body;
  const auto json = nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return invalid_argument("the body of the request is not a JSON object");
  for (const auto& [name, value] : json.items()) {
    if (value.is_string()) body.texts[name] = value.get<std::string>();
    if (value.is_boolean()) body.flags[name] = value.get<bool>();
  }
  const std::string trigger = body.text("triggerId");
  if (!trigger.empty() && !rest::is_id(trigger))
    return invalid_argument(
        cat("triggerId ", trigger, " is not a number of 32 hexadecimal digits"));
  return body;
}

StatusOr<SnapshotFormat> savepoint_format_of(const Body& body) {
  const std::string format = body.text("formatType");
  if (format.empty() || format == "CANONICAL") return SnapshotFormat::kCanonical;
  if (format == "NATIVE") return SnapshotFormat::kNative;
  return invalid_argument(cat("formatType ", format, " is not known: CANONICAL and NATIVE are"));
}

/// The number of slots that a request wants: the largest upper bound of a vertex. All vertices are
/// rescaled together, each to at most its parallelism in the program.
StatusOr<int> slots_in(const std::string& body, const JobSnapshot& job) {
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.empty())
    return invalid_argument("the body of the request does not name the parallelism of vertices");
  std::map<std::string, int> bounds;
  int slots = 0;
  for (const auto& [id, vertex] : json.items()) {
    const bool known =
        std::ranges::find(job.vertices, id, &JobSnapshot::Vertex::id) != job.vertices.end();
    if (!known) return invalid_argument(cat("the job has no vertex ", id));
    const auto at = nlohmann::json::json_pointer("/parallelism/upperBound");
    if (!vertex.is_object() || !vertex.contains(at) || !vertex.at(at).is_number_integer())
      return invalid_argument(cat("vertex ", id, " has no parallelism.upperBound"));
    const auto bound = vertex.at(at).get<int64_t>();
    if (bound < 1 || bound > INT32_MAX)
      return invalid_argument(cat("vertex ", id, " cannot have the parallelism ", bound));
    slots = std::max(slots, bounds[id] = static_cast<int>(bound));
  }
  for (const JobSnapshot::Vertex& vertex : job.vertices) {
    const auto bound = bounds.find(vertex.id);
    if (bound == bounds.end() || bound->second >= std::min(slots, vertex.program_parallelism))
      continue;
    return invalid_argument(cat("vertex ", vertex.id, " cannot be narrower than others: all ",
                                "vertices are rescaled together"));
  }
  return slots;
}

RestReply bad_request(const Status& status) { return error(400, std::string(status.message())); }

}  // namespace

RestReply RestApi::trigger_checkpoint(const Call& call) {
  const auto body = body_of(call.request);
  if (!body.ok()) return bad_request(body.status());
  SnapshotFormat format = SnapshotFormat::kConfigured;
  const std::string type = body->text("checkpointType");
  if (type == "FULL") {
    format = SnapshotFormat::kFull;
  } else if (type == "INCREMENTAL") {
    format = SnapshotFormat::kIncremental;
  } else if (!type.empty() && type != "CONFIGURED") {
    return error(
        400, cat("checkpointType ", type, " is not known: CONFIGURED, FULL and INCREMENTAL are"));
  }
  const auto begun = operations_->begin(Operation::kCheckpoint, body->text("triggerId"));
  if (!begun.ok()) return error(429, std::string(begun.status().message()));
  if (begun->is_new) {
    control_.trigger_checkpoint(format, [operations = operations_, id = begun->id](
                                            const StatusOr<CompletedCheckpoint>& outcome) {
      if (!outcome.ok()) return operations->end(id, outcome.status());
      const Json operation = {{"checkpointId", outcome->id}};
      operations->end(id, operation.text());
    });
  }
  return reply({{"request-id", begun->id}}, 202);
}

RestReply RestApi::trigger_savepoint(const Call& call) {
  const auto body = body_of(call.request);
  if (!body.ok()) return bad_request(body.status());
  const auto format = savepoint_format_of(*body);
  if (!format.ok()) return bad_request(format.status());
  return take_savepoint({body->text("target-directory"), *format}, body->text("triggerId"),
                        body->flag("cancel-job"));
}

RestReply RestApi::stop(const Call& call) {
  const auto body = body_of(call.request);
  if (!body.ok()) return bad_request(body.status());
  const auto format = savepoint_format_of(*body);
  if (!format.ok()) return bad_request(format.status());
  return take_savepoint({body->text("targetDirectory"), *format,
                         body->flag("drain") ? StopMode::kDrain : StopMode::kSuspend},
                        body->text("triggerId"), /*cancels=*/false);
}

RestReply RestApi::resource_requirements(const Call& call) {
  if (call.request.method == "PUT") return rescale(call);
  if (call.request.method != "GET")
    return error(405, cat(call.request.method, " is not possible here: GET and PUT are"));
  Json body = Json::object();
  for (const JobSnapshot::Vertex& vertex : call.job->vertices) {
    const int most = std::min(call.job->slots_wanted, vertex.program_parallelism);
    body[vertex.id] = {{"parallelism", {{"lowerBound", 1}, {"upperBound", most}}}};
  }
  return reply(body);
}

RestReply RestApi::rescale(const Call& call) {
  const auto slots = slots_in(call.request.body, *call.job);
  if (!slots.ok()) return bad_request(slots.status());
  RestReply later;
  later.later = [this, slots = *slots](std::function<void(RestReply)> done) {
    control_.rescale(slots, [done = std::move(done)](const Status& status) {
      if (status.ok()) return done({200, "{}"});
      const bool mistake = status.code() == StatusCode::kInvalidArgument;
      done(error(mistake ? 400 : 409, std::string(status.message())));
    });
  };
  return later;
}

RestReply RestApi::take_savepoint(SavepointRequest request, const std::string& trigger,
                                  bool cancels) {
  if (request.directory.empty() && !control_.has_savepoint_directory) {
    return error(400,
                 "Config key [execution.checkpointing.savepoint-dir] is not set. Property "
                 "[target-directory] must be provided.");
  }
  const auto begun = operations_->begin(Operation::kSavepoint, trigger);
  if (!begun.ok()) return error(429, std::string(begun.status().message()));
  if (begun->is_new) {
    control_.trigger_savepoint(
        std::move(request),
        [operations = operations_, id = begun->id, cancels,
         cancel = control_.cancel](const StatusOr<CompletedCheckpoint>& outcome) {
          if (!outcome.ok()) return operations->end(id, outcome.status());
          if (cancels) cancel();
          const Json operation = {{"location", outcome->savepoint}};
          operations->end(id, operation.text());
        });
  }
  return reply({{"request-id", begun->id}}, 202);
}

RestReply RestApi::dispose_savepoint(const Call& call) {
  const auto body = body_of(call.request);
  if (!body.ok()) return bad_request(body.status());
  const std::string path = body->text("savepoint-path");
  if (path.empty()) return error(400, "savepoint-path must name the savepoint to be removed");
  const auto begun = operations_->begin(Operation::kDisposal, body->text("triggerId"));
  if (!begun.ok()) return error(429, std::string(begun.status().message()));
  if (begun->is_new) {
    control_.dispose_savepoint(path,
                               [operations = operations_, id = begun->id](const Status& status) {
                                 if (!status.ok()) return operations->end(id, status);
                                 operations->end(id, std::string("{}"));
                               });
  }
  return reply({{"request-id", begun->id}});
}

RestReply RestApi::poll(Operation operation, const std::string& trigger) {
  if (!rest::is_id(trigger)) return error(400, cat(trigger, " is not the id of an operation"));
  const auto state = operations_->find(operation, trigger);
  if (!state)
    return error(404, cat("There is no operation ", trigger, ", or its outcome is too old"));
  if (!state->ended) return {200, R"({"status":{"id":"IN_PROGRESS"},"operation":null})"};
  // Flink's clients read a failure only if it is a serialized Java object. An error status they
  // show as it is.
  if (!state->outcome.ok()) return error(500, std::string(state->outcome.status().message()));
  return {200, cat(R"({"status":{"id":"COMPLETED"},"operation":)", *state->outcome, "}")};
}

bool RestApi::has_unread_outcome() const { return operations_->has_unread_outcome(); }

}  // namespace weir
