#include "fs/hdfs/hdfs_writable_file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/hdfs_readable_file.h"
#include "fs/hdfs/hdfs_status.h"

namespace weir {
namespace {

constexpr int64_t kReadBackBytes = 8 << 20;
constexpr int kLooksMax = 4;  // checks of a file that a DataNode may still be closing

}  // namespace

class HdfsWritableFile::Digest {
 public:
  Digest() : state_(XXH3_createState()) { XXH3_128bits_reset(state_); }
  ~Digest() { XXH3_freeState(state_); }
  void add(std::string_view bytes) { XXH3_128bits_update(state_, bytes.data(), bytes.size()); }
  bool equals(const Digest& other) const {
    return XXH128_isEqual(XXH3_128bits_digest(state_), XXH3_128bits_digest(other.state_)) != 0;
  }

 private:
  XXH3_state_t* const state_;
};

HdfsWritableFile::HdfsWritableFile(std::shared_ptr<WebHdfsClient> client,
                                   const HdfsOptions& options, std::string path, CreateMode mode)
    : client_(std::move(client)),
      options_(options),
      path_(std::move(path)),
      mode_(mode),
      digest_(std::make_unique<Digest>()) {}

HdfsWritableFile::~HdfsWritableFile() = default;

Status HdfsWritableFile::append(std::string_view bytes) {
  if (closed_) return failed_precondition(cat("append to ", path_, " on HDFS, which is closed"));
  if (!failed_.ok()) return failed_;
  digest_->add(bytes);
  length_ += static_cast<int64_t>(bytes.size());
  if (stream_ == nullptr) {
    buffer_.append(bytes);
    if (buffer_.size() > options_.buffer_bytes) failed_ = send_buffer(/*whole=*/false);
  } else if (!bytes.empty() && !stream_->write(bytes)) {
    const HttpReply reply = stream_->finish();
    stream_ = nullptr;
    failed_ = end_of_stream(reply);
    if (failed_.ok())
      failed_ = unavailable(
          cat("cannot write ", path_, " on HDFS: ", stream_server_, " ended the upload early"));
  }
  return failed_;
}

Status HdfsWritableFile::close() {
  if (closed_) return failed_precondition(cat("close of ", path_, " on HDFS, which is closed"));
  closed_ = true;
  if (!failed_.ok()) return failed_;
  if (stream_ == nullptr) return failed_ = send_buffer(/*whole=*/true);
  const HttpReply reply = stream_->finish();
  stream_ = nullptr;
  return failed_ = end_of_stream(reply);
}

WebHdfsClient::Answer HdfsWritableFile::redirect(CreateMode mode, const std::string& excluded) {
  auto answer = client_->call({HttpMethod::kPut, "CREATE", "write", path_, 307},
                              {{"overwrite", mode == CreateMode::kReplace ? "true" : "false"},
                               {"permission", options_.file_permission},
                               {options_.sync_on_close ? "createflag" : "", "CREATE,SYNC_BLOCK"},
                               {excluded.empty() ? "" : "excludedatanodes", excluded}});
  if (answer.status.ok() && options_.sync_on_close &&
      answer.location.find("SYNC_BLOCK") == std::string::npos) {
    WEIR_LOG(kWarning) << "HDFS: the NameNode does not pass on the request to sync " << path_
                       << "; what is written may be lost when all its DataNodes lose power";
  }
  return answer;
}

Status HdfsWritableFile::send_buffer(bool whole) {
  auto attempts = client_->attempts();
  const int attempts_max = client_->options().retry.attempts_max;
  bool may_be_there = false;  // an earlier attempt may have made the file
  bool hear_first = false;
  std::string excluded;
  int looks = 0;
  while (true) {
    const auto answer = redirect(mode_, excluded);
    if (!answer.status.ok()) {
      if (excluded.empty())
        return may_be_there ? unavailable(std::string(answer.status.message())) : answer.status;
      excluded.clear();  // there may be no other DataNode
      if (!attempts.another(attempts_max, answer.status)) return answer.status;
      continue;
    }
    excluded.clear();
    WEIR_ASSIGN_OR_RETURN(const DataNodeUrl data_node,
                          data_node_of(answer.location, "write", path_));
    auto upload = client_->http().upload(
        data_node.url, whole ? std::optional<int64_t>(length_) : std::nullopt, hear_first);
    if (upload->write(buffer_) && !whole) {
      stream_ = std::move(upload);
      stream_server_ = data_node.origin;
      stream_namenode_ = answer.namenode;
      buffer_ = {};
      return {};
    }
    const HttpReply reply = upload->finish();
    Status failure;
    if (reply.outcome == HttpReply::Outcome::kAnswered) {
      if (reply.status == 201)
        return whole ? check_length()
                     : unavailable(cat("cannot write ", path_, " on HDFS: ", data_node.origin,
                                       " ended the upload early"));
      const auto refused =
          client_->refused(reply, data_node.origin, "write", path_, answer.namenode);
      failure = refused_status(refused);
      if (may_be_there && failure.code() == StatusCode::kAlreadyExists) {
        if (whole && look() == Found::kOurs) return {};
        return unavailable(
            cat("cannot tell what became of an upload of ", path_,
                " on HDFS: its answer was lost, and now the path exists with other bytes"));
      }
      // These two kinds of failure, a missing DataNode and a server fault, occur after the file was
      // made: another exclusive attempt would meet its own file.
      const bool before_creation = refused.refusal == Refusal::kStandby ||
                                   refused.refusal == Refusal::kSafeMode ||
                                   refused.refusal == Refusal::kRetriable;
      if (!is_worth_another_attempt(*refused.refusal) ||
          (mode_ == CreateMode::kExclusive && !before_creation))
        return failure;
    } else if (reply.outcome == HttpReply::Outcome::kNotSent) {
      failure = data_node_unreachable(reply, data_node, "write", path_);
      excluded = data_node.host;
    } else {
      failure = client_->no_answer(reply, data_node.origin, "write", path_);
      may_be_there = hear_first = true;
      Found found = look();
      while (found == Found::kBeginningOfOurs && mode_ == CreateMode::kExclusive &&
             ++looks < kLooksMax && attempts.another(attempts_max, failure))
        found = look();
      if (found == Found::kOurs && whole) return {};
      if (found == Found::kForeign && mode_ == CreateMode::kExclusive) return taken();
      if (found != Found::kNothing && mode_ == CreateMode::kExclusive) {
        return unavailable(cat(failure.message(), "; whether the file was made is unknown"));
      }
    }
    if (!attempts.another(attempts_max, failure)) return failure;
  }
}

Status HdfsWritableFile::check_length() {
  const auto status = hdfs_status(*client_, "check the length of", path_);
  if (!status.ok()) {
    if (status.status().code() == StatusCode::kNotFound)
      return data_loss(cat(path_, " on HDFS was removed while it was written"));
    return unavailable(std::string(status.status().message()));
  }
  if (status->length == length_) return {};
  return data_loss(cat(path_, " on HDFS has ", status->length, " bytes after ", length_,
                       " were sent and acknowledged"));
}

HdfsWritableFile::Found HdfsWritableFile::look() {
  const auto status = hdfs_status(*client_, "look at", path_);
  if (!status.ok())
    return status.status().code() == StatusCode::kNotFound ? Found::kNothing : Found::kUnclear;
  if (status->is_directory || status->length > length_) return Found::kForeign;
  if (status->length < length_)
    return is_beginning_of_ours(status->length) ? Found::kBeginningOfOurs : Found::kForeign;
  HdfsReadableFile file(client_, path_, status->length);
  Digest digest;
  std::string part;
  for (int64_t at = 0; at < status->length; at += kReadBackBytes) {
    if (!file.read_at(at, kReadBackBytes, &part).ok()) return Found::kUnclear;
    digest.add(part);
  }
  return digest.equals(*digest_) ? Found::kOurs : Found::kForeign;
}

bool HdfsWritableFile::is_beginning_of_ours(int64_t length) {
  const int64_t compared = std::min(length, static_cast<int64_t>(buffer_.size()));
  if (compared == 0) return true;  // nothing is there, or nothing was kept to compare with
  HdfsReadableFile file(client_, path_, length);
  std::string part;
  return !file.read_at(0, compared, &part).ok() || buffer_.starts_with(part);
}

Status HdfsWritableFile::taken() const {
  return already_exists(cat("cannot create ", path_, " on HDFS: it exists"));
}

Status HdfsWritableFile::refused_status(const WebHdfsClient::Answer& answer) const {
  const bool exists = answer.refusal == Refusal::kAlreadyExists ||
                      answer.refusal == Refusal::kIsADirectory || answer.refusal == Refusal::kBusy;
  if (exists && mode_ == CreateMode::kExclusive) return taken();
  if (answer.refusal == Refusal::kBusy) return unavailable(std::string(answer.status.message()));
  return answer.status;
}

Status HdfsWritableFile::end_of_stream(const HttpReply& reply) {
  if (reply.outcome == HttpReply::Outcome::kAnswered) {
    if (reply.status == 201) return check_length();
    return refused_status(
        client_->refused(reply, stream_server_, "write", path_, stream_namenode_));
  }
  const Status failure = client_->no_answer(reply, stream_server_, "write", path_);
  switch (look()) {
    case Found::kOurs: return {};
    case Found::kNothing: return reason_for_nothing(failure);
    case Found::kForeign: return mode_ == CreateMode::kExclusive ? taken() : failure;
    case Found::kBeginningOfOurs:
    case Found::kUnclear: break;
  }
  return unavailable(cat(failure.message(), "; what is there may be a part of the file"));
}

Status HdfsWritableFile::reason_for_nothing(const Status& otherwise) {
  const auto answer = redirect(CreateMode::kExclusive, "");
  if (!answer.status.ok()) return answer.status;
  const auto data_node = data_node_of(answer.location, "write", path_);
  if (!data_node.ok()) return otherwise;
  const HttpReply reply = client_->http().upload(data_node->url, 0, false)->finish();
  if (reply.outcome != HttpReply::Outcome::kAnswered || reply.status == 201) return otherwise;
  return refused_status(
      client_->refused(reply, data_node->origin, "write", path_, answer.namenode));
}

}  // namespace weir
