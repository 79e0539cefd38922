#include "ha/job_records.h"

#include <xxhash.h>

#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/strings.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;

std::string hex64(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, value);
  return text;
}

std::optional<uint64_t> parse_hex64(const std::string& text) {
  if (text.size() != 16 || text.find_first_not_of("0123456789abcdef") != std::string::npos)
    return std::nullopt;
  return std::strtoull(text.c_str(), nullptr, 16);
}

/// Line 1: the record; line 2: the XXH3 of line 1 without its line end, as 16 hexadecimal digits.
std::string seal(Json json) {
  json["version"] = kVersion;
  const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return cat(line, '\n', hex64(XXH3_64bits(line.data(), line.size())), '\n');
}

Status damaged(const std::string& path, std::string_view why) {
  return data_loss(cat(path, " in ZooKeeper ", why,
                       ": it is not used. Nothing is started in its place; give "
                       "execution.state-recovery.path after removing this node"));
}

StatusOr<Json> unseal(std::string_view bytes, const std::string& path) {
  const auto lines = split(bytes, '\n');
  if (lines.size() != 3 || !lines[2].empty() ||
      lines[1] != hex64(XXH3_64bits(lines[0].data(), lines[0].size()))) {
    return damaged(path, "is damaged (its checksum differs)");
  }
  Json json = Json::parse(lines[0], nullptr, false);
  if (!json.is_object()) return damaged(path, "holds no record");
  if (json.value("version", Json()) != kVersion)
    return damaged(path, "was written by another version of this program");
  return json;
}

/// Reads members, and remembers if one was missing or of another type.
class Members {
 public:
  explicit Members(const Json& json) : json_(json) {}
  std::string text(const char* key) {
    const auto found = json_.find(key);
    if (found != json_.end() && found->is_string()) return found->get<std::string>();
    good_ = false;
    return {};
  }
  int64_t number(const char* key) {
    const auto found = json_.find(key);
    if (found != json_.end() && found->is_number_integer()) return found->get<int64_t>();
    good_ = false;
    return 0;
  }
  std::map<std::string, std::string> texts(const char* key) {
    std::map<std::string, std::string> result;
    const auto found = json_.find(key);
    good_ = good_ && found != json_.end() && found->is_object();
    if (!good_) return result;
    for (const auto& [name, value] : found->items()) {
      if (value.is_string()) {
        result[name] = value.get<std::string>();
      } else {
        good_ = false;
      }
    }
    return result;
  }
  uint64_t hex(const char* key) {
    const auto value = parse_hex64(text(key));
    if (!value) good_ = false;
    return value.value_or(0);
  }
  bool good() const { return good_; }

 private:
  const Json& json_;
  bool good_ = true;
};

}  // namespace

bool is_final_state(std::string_view state) {
  return state == "FINISHED" || state == "FAILED" || state == "CANCELED";
}

std::string encode(const PointerRecord& record) {
  return seal({{"id", record.pointer.id},
               {"uri", record.pointer.uri},
               {"metadata_length", record.pointer.metadata_length},
               {"metadata_xxh3", hex64(record.pointer.metadata_checksum)},
               {"epoch", record.epoch}});
}

std::string encode(const ResultRecord& record) {
  return seal({{"state", record.result.state},
               {"message", record.result.message},
               {"epoch", record.epoch}});
}

std::string encode(const JobRecord& record) {
  Json arguments = Json::object();
  for (const auto& [name, value] : record.job.arguments) arguments[name] = value;
  return seal({{"id", record.job.id.to_hex()},
               {"name", record.job.name},
               {"fingerprint", record.job.fingerprint},
               {"arguments", std::move(arguments)},
               {"epoch", record.epoch}});
}

StatusOr<PointerRecord> decode_pointer_record(std::string_view bytes, const std::string& path) {
  auto json = unseal(bytes, path);
  if (!json.ok()) return json.status();
  Members members(*json);
  PointerRecord record{{members.number("id"), members.text("uri"),
                        members.number("metadata_length"), members.hex("metadata_xxh3")},
                       members.number("epoch")};
  const bool beginning = record.pointer.id == 0;
  if (!members.good() || record.pointer.id < 0 || record.pointer.uri.empty() != beginning ||
      record.pointer.metadata_length < 0) {
    return damaged(path, "lacks a part of a checkpoint's pointer");
  }
  return record;
}

StatusOr<ResultRecord> decode_result_record(std::string_view bytes, const std::string& path) {
  auto json = unseal(bytes, path);
  if (!json.ok()) return json.status();
  Members members(*json);
  ResultRecord record{{members.text("state"), members.text("message")}, members.number("epoch")};
  if (!members.good() || !is_final_state(record.result.state))
    return damaged(path, "lacks a part of a job's result");
  return record;
}

StatusOr<JobRecord> decode_job_record(std::string_view bytes, const std::string& path) {
  auto json = unseal(bytes, path);
  if (!json.ok()) return json.status();
  Members members(*json);
  const auto id = JobId::from_hex(members.text("id"));
  JobRecord record{{id.ok() ? *id : JobId(), members.text("name"), members.text("fingerprint"),
                    members.texts("arguments")},
                   members.number("epoch")};
  if (!members.good() || !id.ok()) return damaged(path, "lacks a part of what the cluster runs");
  return record;
}

RecordedJob as_recorded(const RecordedJob& job) {
  const auto read = decode_job_record(encode(JobRecord{job, 0}), "");
  WEIR_CHECK(read.ok());
  return read->job;
}

}  // namespace weir
