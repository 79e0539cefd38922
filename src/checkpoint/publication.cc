#include "checkpoint/publication.h"

#include <xxhash.h>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/data_file.h"
#include "checkpoint/protocol/paths.h"
#include "weir/detail/base/check.h"

namespace weir {

std::string_view to_string(PublishOutcome outcome) {
  switch (outcome) {
    case PublishOutcome::kPublished: return "published";
    case PublishOutcome::kNotPublished: return "not published";
    case PublishOutcome::kForeign: return "published by another";
    case PublishOutcome::kJobEnded: return "published after the job's end";
    case PublishOutcome::kSuperseded: return "superseded by a later start";
    case PublishOutcome::kUnknown: return "unknown";
  }
  return "?";
}

CheckpointPublication::CheckpointPublication(const FileLocation& job, CheckpointContent content,
                                             uint64_t nonce)
    // Braces, so that the id is read before the content is moved.
    : CheckpointPublication{
          InDirectory{job.child(checkpoint_directory_name(content.metadata.checkpoint_id))},
          std::move(content), nonce} {}

CheckpointPublication CheckpointPublication::of_savepoint(FileLocation directory,
                                                          CheckpointContent content,
                                                          uint64_t nonce) {
  const auto beside = [](std::string& name) {
    if (const auto shared = parse_shared_reference(name)) name = std::string(*shared);
  };
  const auto rename = [&](StateStream& stream) {
    if (auto* segment = std::get_if<FileSegment>(&stream)) beside(segment->file);
  };
  for (DataFile& file : content.sidecar.files) beside(file.name);
  for (OperatorSnapshotState& op : content.metadata.operators) {
    for (auto& [index, subtask] : op.subtasks) {
      if (subtask.operator_state) rename(subtask.operator_state->stream);
      if (!subtask.keyed_state) continue;
      WEIR_CHECK(subtask.keyed_state->layers.empty());  // a savepoint is written in full
      rename(subtask.keyed_state->stream);
    }
  }
  return {InDirectory{std::move(directory)}, std::move(content), nonce};
}

CheckpointPublication::CheckpointPublication(InDirectory directory, CheckpointContent content,
                                             uint64_t nonce)
    : directory_(std::move(directory.location)),
      content_(std::move(content)),
      file_{directory_.child(metadata_temporary_name(nonce)).path,
            directory_.child(kMetadataFile).path} {}

Status CheckpointPublication::verify_data_files() const {
  if (bug_enabled(Bug::kMetadataBeforeData)) return {};
  for (const DataFile& file : content_.sidecar.files) {
    WEIR_ASSIGN_OR_RETURN(const FileLocation place, data_file_place(directory_, file.name));
    const auto info = place.fs->stat(place.path);
    if (info.status().code() == StatusCode::kNotFound) {
      return data_loss(
          cat(place.uri, " was acknowledged with ", file.length, " bytes, but is not there"));
    }
    if (!info.ok()) return info.status();
    if (info.value().size != file.length || info.value().is_directory) {
      return data_loss(cat(place.uri, " was acknowledged with ", file.length, " bytes, but has ",
                           info.value().size));
    }
  }
  return {};
}

/// A checkpoint that cannot be read back must not complete: the ones before it would be deleted.
Status CheckpointPublication::check_readable(std::string_view metadata,
                                             std::string_view sidecar) const {
  MetadataDecoding decoding;
  decoding.directory = directory_.uri;
  WEIR_RETURN_IF_ERROR(decode_metadata(metadata, decoding)
                           .status()
                           .with_context("its metadata could not be read again"));
  return decode_sidecar(sidecar).status().with_context(
      "its description of types and files could not be read again");
}

PublishResult CheckpointPublication::publish() {
  const std::string what = cat("cannot complete checkpoint ", content_.metadata.checkpoint_id);
  const auto not_published = [&](const Status& status) {
    return PublishResult{PublishOutcome::kNotPublished, status.with_context(what), 0};
  };
  if (Status status = verify_data_files(); !status.ok()) return not_published(status);

  auto encoded = encode_metadata(content_.metadata, directory_.uri, content_.version);
  if (!encoded.ok()) return not_published(encoded.status());
  metadata_bytes_ = std::move(encoded).value();
  Sidecar sidecar = content_.sidecar;
  sidecar.checkpoint_id = content_.metadata.checkpoint_id;
  sidecar.metadata_length = static_cast<int64_t>(metadata_bytes_.size());
  sidecar.metadata_checksum = XXH3_64bits(metadata_bytes_.data(), metadata_bytes_.size());
  const std::string sidecar_bytes = encode_sidecar(sidecar);
  if (Status status = check_readable(metadata_bytes_, sidecar_bytes); !status.ok())
    return not_published(status);
  total_bytes_ = static_cast<int64_t>(metadata_bytes_.size() + sidecar_bytes.size());
  for (const DataFile& file : content_.sidecar.files) total_bytes_ += file.length;

  FileSystem& fs = *directory_.fs;
  if (Status status = write_file(fs, directory_.child(kSidecarFile).path, sidecar_bytes);
      !status.ok()) {
    if (status.code() == StatusCode::kAlreadyExists) {
      return {PublishOutcome::kForeign,
              aborted(cat(what, ": another coordinator is completing it in ", directory_.uri)), 0};
    }
    return not_published(status);
  }
  // Before publish(), nothing can make `_metadata` appear.
  if (Status status = stage_file(fs, file_, metadata_bytes_); !status.ok())
    return not_published(status);
  publish_failure_ = fs.publish(file_).with_context(what);
  if (publish_failure_.ok()) return {PublishOutcome::kPublished, {}, total_bytes_};
  return resolve();
}

CompletedPointer CheckpointPublication::pointer() const {
  return {content_.metadata.checkpoint_id, directory_.uri,
          static_cast<int64_t>(metadata_bytes_.size()),
          XXH3_64bits(metadata_bytes_.data(), metadata_bytes_.size())};
}

CheckpointPublication::Presence CheckpointPublication::look(Status* why) const {
  const auto bytes = read_file(*directory_.fs, file_.target);
  if (bytes.ok()) return bytes.value() == metadata_bytes_ ? Presence::kOurs : Presence::kForeign;
  *why = bytes.status();
  return bytes.status().code() == StatusCode::kNotFound ? Presence::kAbsent : Presence::kUnknown;
}

PublishResult CheckpointPublication::resolve() {
  Status why;
  Presence presence = look(&why);
  if (presence == Presence::kAbsent) {
    // A delayed publish() must not take effect later: discard what it publishes, then look again.
    const Status removed = directory_.fs->discard(file_);
    if (removed.ok() || removed.code() == StatusCode::kNotFound) {
      presence = look(&why);
    } else {
      presence = Presence::kUnknown;
      why = removed;
    }
  }
  switch (presence) {
    case Presence::kOurs: return {PublishOutcome::kPublished, {}, total_bytes_};
    case Presence::kAbsent: return {PublishOutcome::kNotPublished, publish_failure_, 0};
    case Presence::kForeign:
      return {PublishOutcome::kForeign,
              aborted(cat("cannot complete checkpoint ", content_.metadata.checkpoint_id,
                          ": another coordinator has completed it in ", directory_.uri)),
              0};
    case Presence::kUnknown: break;
  }
  return {PublishOutcome::kUnknown,
          unavailable(cat("cannot tell whether checkpoint ", content_.metadata.checkpoint_id,
                          " is complete in ", directory_.uri, ": ", why.message())),
          0};
}

PublishResult point_at(const CheckpointPublication& publication, PublishResult published,
                       LeaderStore& store) {
  const Status status = store.set_pointer(publication.pointer());
  if (status.ok()) return published;
  if (status.code() == StatusCode::kUnavailable) return {PublishOutcome::kUnknown, status, 0};
  if (status.code() == StatusCode::kCancelled) return {PublishOutcome::kJobEnded, status, 0};
  if (bug_enabled(Bug::kStaleLeaderCompletes)) return published;
  return {PublishOutcome::kForeign, status, 0};
}

PublishResult unless_started_again(const FileLocation& job, StartNumber start,
                                   PublishResult published) {
  if (start == 0 || bug_enabled(Bug::kEarlierStartCompletes)) return published;
  const Status status = check_newest_start(job, start);
  if (status.ok()) return published;
  return {status.code() == StatusCode::kAborted ? PublishOutcome::kSuperseded
                                                : PublishOutcome::kUnknown,
          status, 0};
}

Status publish_savepoint(CheckpointPublication& savepoint) {
  constexpr int kTries = 3;
  PublishResult result = savepoint.publish();
  for (int i = 1; i < kTries && result.outcome == PublishOutcome::kUnknown; ++i)
    result = savepoint.resolve();
  return result.status;
}

}  // namespace weir
