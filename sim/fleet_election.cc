#include "fleet_election.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/strings.h"
#include "fleet_plan.h"

namespace weir::sim {
namespace {

/// The record is the first line. A checksum follows.
nlohmann::json parse(const std::string& text) {
  return nlohmann::json::parse(text.substr(0, text.find('\n')), nullptr,
                               /*allow_exceptions=*/false);
}

}  // namespace

std::string ElectionWatch::path(const char* node) const {
  return cat(kElectionPath, "/jobs/", job_.to_hex(), '/', node);
}

std::vector<std::string> ElectionWatch::look() {
  // Most looks find nothing new, and reading the records would take half of a run's time.
  const int64_t transactions = zookeeper_.transactions();
  if (std::exchange(seen_, transactions) == transactions) return {};
  std::vector<std::string> complaints;
  const auto epoch_node = zookeeper_.peek(cat(kElectionPath, "/epoch"));
  if (epoch_node) {
    const int64_t epoch = std::strtoll(epoch_node->data.c_str(), nullptr, 10);
    if (epoch < epoch_)
      complaints.push_back(cat("the epoch goes back from ", epoch_, " to ", epoch));
    epoch_ = epoch;
  } else if (epoch_ > 0) {
    complaints.push_back("the epoch is gone");
  }
  if (const auto node = zookeeper_.peek(path("checkpoint"))) {
    const nlohmann::json json = parse(node->data);
    const int64_t id = json.is_object() ? json.value("id", int64_t{-1}) : -1;
    if (id < 0) complaints.push_back(cat("the pointer is '", node->data, "'"));
    if (pointer_ && id < *pointer_)
      complaints.push_back(cat("the pointer goes back from checkpoint ", *pointer_, " to ", id));
    if (pointer_ == id && node->data != pointer_text_)
      complaints.push_back(cat("the pointer to checkpoint ", id, " has changed"));
    if (result_ && pointer_ != id)
      complaints.push_back(
          cat("the pointer goes on to checkpoint ", id, " though the job has ended"));
    const int64_t written_by = json.is_object() ? json.value("epoch", int64_t{0}) : 0;
    if (written_by > epoch_) complaints.push_back("the pointer is of an epoch that has not been");
    if (epoch_node && node->stat.modified_zxid > epoch_node->stat.modified_zxid &&
        written_by < epoch_) {
      complaints.push_back(cat("the leader of epoch ", written_by,
                               " has set the pointer to checkpoint ", id, " in epoch ", epoch_));
    }
    pointer_ = id;
    pointer_text_ = node->data;
  } else if (pointer_) {
    complaints.push_back("the pointer is gone");
  }
  if (const auto node = zookeeper_.peek(path("result"))) {
    const std::pair<int64_t, std::string> now{node->stat.modified_zxid, node->data};
    if (result_ && *result_ != now) complaints.push_back("the job's result was recorded twice");
    const nlohmann::json json = parse(node->data);
    const std::string state = json.is_object() ? json.value("state", std::string()) : "";
    if (state != "FINISHED" && !(may_be_canceled_ && state == "CANCELED"))
      complaints.push_back(cat("the job's result is ", node->data));
    result_ = now;
  } else if (result_) {
    complaints.push_back("the job's result is gone");
  }
  return complaints;
}

}  // namespace weir::sim
