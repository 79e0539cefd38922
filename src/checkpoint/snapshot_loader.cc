#include "checkpoint/snapshot_loader.h"

#include <xxhash.h>

#include <algorithm>
#include <map>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/data_file.h"
#include "checkpoint/hosted_chains.h"
#include "checkpoint/keyed_layers.h"
#include "checkpoint/metadata.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/storage.h"

namespace weir {
namespace {

constexpr int64_t kReadBytes = 4 << 20;

Status damaged(const FileLocation& file, std::string_view how) {
  return data_loss(cat(file.uri, " is damaged: ", how));
}

/// NOT_FOUND for a required file means damage.
Status missing_is_damage(Status status, const FileLocation& file) {
  return status.code() == StatusCode::kNotFound ? damaged(file, "it is missing") : status;
}

StatusOr<uint64_t> checksum_of(const FileLocation& file, int64_t length) {
  WEIR_ASSIGN_OR_RETURN(const auto reader, file.fs->open(file.path));
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(),
                                                                              &XXH3_freeState);
  XXH3_64bits_reset(state.get());
  std::string chunk;
  for (int64_t offset = 0; offset < length; offset += static_cast<int64_t>(chunk.size())) {
    WEIR_RETURN_IF_ERROR(reader->read_at(offset, std::min(kReadBytes, length - offset), &chunk));
    if (chunk.empty())
      return damaged(file, cat("it ends after ", offset, " of ", length, " bytes"));
    XXH3_64bits_update(state.get(), chunk.data(), chunk.size());
  }
  return XXH3_64bits_digest(state.get());
}

Status verify_data_file(const FileLocation& directory, const DataFile& file, bool read_all) {
  const auto found = data_file_place(directory, file.name);
  if (!found.ok()) {
    return damaged(directory.child(kSidecarFile),
                   cat("it names the data file \"", file.name, "\""));
  }
  const FileLocation& place = *found;
  const auto info = place.fs->stat(place.path);
  if (!info.ok()) return missing_is_damage(info.status(), place);
  if (info.value().size != file.length)
    return damaged(place, cat("it has ", info.value().size, " bytes instead of ", file.length));
  if (!read_all && file.block_bytes > 0) return {};
  const auto checksum = checksum_of(place, file.length);
  if (!checksum.ok()) return missing_is_damage(checksum.status(), place);
  if (checksum.value() != file.checksum)
    return damaged(place,
                   "its checksum does not match the one that was stored when it was written");
  return {};
}

/// The files that hold a snapshot's state, each with its required minimum length.
StatusOr<std::map<std::string, int64_t>> referenced_files(const CheckpointMetadata& metadata) {
  std::map<std::string, int64_t> ends;
  Status status;
  const auto add = [&](const StateStream& stream) {
    const auto* segment = std::get_if<FileSegment>(&stream);
    if (segment == nullptr) return;
    if (segment->offset < 0 || segment->length < 0 ||
        segment->offset > INT64_MAX - segment->length) {
      status = data_loss(cat("it refers to ", segment->length, " bytes at ", segment->offset,
                             " of ", segment->file));
      return;
    }
    int64_t& end = ends[segment->file];
    end = std::max(end, segment->offset + segment->length);
  };
  for (const OperatorSnapshotState& op : metadata.operators) {
    for (const auto& [subtask, state] : op.subtasks) {
      if (state.operator_state) add(state.operator_state->stream);
      if (state.keyed_state) for_each_stream(*state.keyed_state, add);
    }
  }
  if (!status.ok()) return status;
  return ends;
}

bool is_absolute(std::string_view file) {
  return file.starts_with('/') || file.find(":/") != std::string_view::npos;
}

/// The location of a file that `_metadata` names. Null file system: outside the directory, and no
/// file system can open it.
StatusOr<FileLocation> place_of(const FileLocation& directory, const std::string& file,
                                const LoadOptions& options) {
  if (!is_absolute(file)) {
    auto place = data_file_place(directory, file);
    if (place.ok()) return place;
    return damaged(directory.child(kMetadataFile),
                   cat("it names the file \"", file, "\", which is not one of its directory"));
  }
  if (options.files == nullptr) return FileLocation{nullptr, file, file};
  return options.files->resolve(file);
}

/// True if only weir gives such names.
bool is_own_data_file(std::string_view file) {
  return parse_data_file_name(file) || parse_shared_file_name(file) || parse_shared_reference(file);
}

/// Without a sidecar there are no checksums, so every referenced file must exist and be long
/// enough.
Status verify_without_sidecar(const FileLocation& directory,
                              const std::map<std::string, int64_t>& ends,
                              const LoadOptions& options, int64_t* bytes) {
  for (const auto& [file, end] : ends) {
    WEIR_ASSIGN_OR_RETURN(const FileLocation place, place_of(directory, file, options));
    if (!is_absolute(file) && is_own_data_file(file)) {
      return damaged(directory.child(kSidecarFile),
                     "it is missing, although weir wrote this checkpoint");
    }
    *bytes += end;
    if (place.fs == nullptr) continue;
    const auto info = place.fs->stat(place.path);
    if (!info.ok()) return missing_is_damage(info.status(), place);
    if (info.value().size < end)
      return damaged(place, cat("it has ", info.value().size, " bytes, but state up to ", end));
  }
  return {};
}

Status verify_with_sidecar(const FileLocation& directory, const Sidecar& sidecar,
                           const std::map<std::string, int64_t>& ends, const LoadOptions& options,
                           int64_t* bytes) {
  std::map<std::string, int64_t> lengths;
  for (const DataFile& file : sidecar.files) {
    WEIR_RETURN_IF_ERROR(verify_data_file(directory, file, options.read_all));
    lengths[file.name] = file.length;
    *bytes += file.length;
  }
  for (const auto& [file, end] : ends) {
    const auto length = lengths.find(file);
    if (length == lengths.end() || end > length->second) {
      return damaged(directory.child(kMetadataFile), cat("it refers to ", file, " up to ", end,
                                                         ", which the sidecar does not list"));
    }
  }
  return {};
}

StatusOr<std::optional<Sidecar>> read_sidecar(const FileLocation& directory, bool required) {
  const FileLocation place = directory.child(kSidecarFile);
  const auto bytes = read_file(*place.fs, place.path);
  if (bytes.status().code() == StatusCode::kNotFound) {
    if (required) return damaged(place, "it is missing");
    return std::optional<Sidecar>();
  }
  if (!bytes.ok()) return bytes.status();
  auto sidecar = decode_sidecar(bytes.value());
  if (!sidecar.ok()) return sidecar.status().with_context(place.uri);
  return std::optional<Sidecar>(std::move(sidecar).value());
}

/// The format of Flink 1.20 has no uids, but messages should show them.
void add_uids(const Sidecar& sidecar, CheckpointMetadata& metadata) {
  for (OperatorSnapshotState& op : metadata.operators) {
    const OperatorStateDescription* description = sidecar.find(op.id);
    if (op.uid.empty() && description != nullptr) op.uid = description->uid;
  }
}

/// Replaces Flink's operators that hosted weir's by the hosted ones, and describes the types of
/// their state.
Status add_hosted_operators(std::vector<HostedChainState> chains, const LoadOptions& options,
                            CheckpointMetadata& metadata, LoadedCheckpoint& loaded) {
  StateReader reader(loaded.directory, options.files);
  HostedOperators hosted;
  for (HostedChainState& chain : chains) {
    const std::string name =
        cat("operator ",
            chain.chain.uid.empty() ? chain.chain.id.to_hex() : cat("'", chain.chain.uid, "'"));
    const auto added = add_hosted_chain(chain, reader, &hosted);
    if (!added.ok()) return added.status().with_context(name);
    if (*added) continue;
    const std::string sentence =
        cat(name, ": the state of its coordinator belongs to a source of Flink's");
    if (!options.leave_out_foreign_state)
      return failed_precondition(cat("weir cannot restore this snapshot: ", sentence));
    loaded.left_out.push_back(sentence);
    metadata.operators.push_back(std::move(chain.chain));
  }
  if (hosted.operators.empty()) return {};
  std::move(hosted.operators.begin(), hosted.operators.end(),
            std::back_inserter(metadata.operators));
  if (hosted.checkpoint_id > 0) metadata.checkpoint_id = hosted.checkpoint_id;
  loaded.sidecar.emplace();
  loaded.sidecar->checkpoint_id = metadata.checkpoint_id;
  loaded.sidecar->operators = std::move(hosted.descriptions);
  return {};
}

}  // namespace

StatusOr<FileLocation> locate_snapshot(const FileLocation& given) {
  FileLocation directory = given;
  directory.path = std::string(snapshot_directory(given.path));
  directory.uri = std::string(snapshot_directory(given.uri));
  const auto metadata = directory.fs->stat(directory.child(kMetadataFile).path);
  if (metadata.ok()) return directory;
  if (metadata.status().code() != StatusCode::kNotFound) return metadata.status();

  std::string text = cat("there is no snapshot in ", directory.uri, ": it has no ", kMetadataFile);
  if (const auto inventory = list_checkpoints(directory);
      inventory.ok() && !inventory.value().completed.empty()) {
    text += cat("; it holds checkpoints, the newest is ",
                directory.child(checkpoint_directory_name(inventory.value().completed[0])).uri);
  } else {
    text += "; give the directory of a completed checkpoint (chk-<n>) or savepoint";
  }
  return not_found(text);
}

StatusOr<LoadedCheckpoint> load_checkpoint(const FileLocation& directory,
                                           const LoadOptions& options) {
  LoadedCheckpoint loaded;
  loaded.directory = directory;
  const FileLocation place = directory.child(kMetadataFile);
  WEIR_ASSIGN_OR_RETURN(const std::string bytes, read_file(*place.fs, place.path));
  WEIR_ASSIGN_OR_RETURN(loaded.sidecar, read_sidecar(directory, options.require_sidecar));
  if (loaded.sidecar) {
    WEIR_RETURN_IF_ERROR(verify_metadata(*loaded.sidecar, bytes).with_context(place.uri));
  }
  MetadataDecoding decoding;
  decoding.directory = directory.uri;
  Status not_known;  // set if it is unknown whether a file exists
  decoding.is_beside = [&](const std::string& name) {
    const auto info = directory.fs->stat(directory.child(name).path);
    if (!info.ok() && info.status().code() != StatusCode::kNotFound) not_known = info.status();
    return info.ok();
  };
  if (options.leave_out_foreign_state) decoding.left_out = &loaded.left_out;
  std::vector<HostedChainState> hosted;
  if (!loaded.sidecar) decoding.hosted = &hosted;
  auto metadata = decode_metadata(bytes, decoding);
  WEIR_RETURN_IF_ERROR(not_known);
  if (!metadata.ok()) return metadata.status().with_context(place.uri);
  if (loaded.sidecar) add_uids(*loaded.sidecar, metadata.value());
  const bool has_sidecar = loaded.sidecar.has_value();
  if (!hosted.empty())
    WEIR_RETURN_IF_ERROR(add_hosted_operators(std::move(hosted), options, *metadata, loaded)
                             .with_context(place.uri));
  loaded.metadata = std::make_shared<const CheckpointMetadata>(std::move(metadata).value());

  loaded.bytes = static_cast<int64_t>(bytes.size());
  const auto ends = referenced_files(*loaded.metadata);
  if (!ends.ok()) return damaged(place, ends.status().message());
  const Status verified =
      has_sidecar
          ? verify_with_sidecar(directory, *loaded.sidecar, ends.value(), options, &loaded.bytes)
          : verify_without_sidecar(directory, ends.value(), options, &loaded.bytes);
  if (!verified.ok()) return verified;
  return loaded;
}

StatusOr<LatestCheckpoint> find_latest(const FileLocation& job, LoadOptions options,
                                       const CheckpointFilter& filter) {
  options.require_sidecar = true;
  WEIR_ASSIGN_OR_RETURN(CheckpointInventory inventory, list_checkpoints(job));
  if (filter)
    std::erase_if(inventory.completed, [&](CheckpointId id) { return !filter(id, nullptr); });
  LatestCheckpoint latest;
  for (size_t i = 0; i < inventory.completed.size(); ++i) {
    const CheckpointId id = inventory.completed[i];
    auto loaded = load_checkpoint(job.child(checkpoint_directory_name(id)), options);
    if (loaded.ok() && loaded.value().metadata->checkpoint_id != id) {
      loaded = damaged(loaded.value().directory.child(kMetadataFile),
                       cat("it is that of checkpoint ", loaded.value().metadata->checkpoint_id));
    }
    if (loaded.ok() && filter && !filter(id, &*loaded->sidecar)) continue;
    if (loaded.ok()) {
      latest.checkpoint = std::move(loaded).value();
      return latest;
    }
    if (loaded.status().code() != StatusCode::kDataLoss) return loaded.status();
    latest.fallbacks.push_back(
        cat("checkpoint ", id, " cannot be used: ", loaded.status().message(), "; ",
            i + 1 < inventory.completed.size()
                ? cat("falling back to checkpoint ", inventory.completed[i + 1])
                : std::string("there is no older one")));
  }
  if (latest.fallbacks.empty()) return latest;
  std::string text = cat("none of the completed checkpoints in ", job.uri,
                         " can be used, and weir does not start empty instead");
  for (const std::string& line : latest.fallbacks) text += cat("; ", line);
  return data_loss(text);
}

}  // namespace weir
