#include "oracle_files.h"

#include <xxhash.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "oracle_lines.h"
#include "trace.h"

namespace weir::sim {
namespace {

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::optional<int64_t> checkpoint_number(std::string_view name) {
  if (!name.starts_with("chk-")) return std::nullopt;
  return std::strtoll(std::string(name.substr(4)).c_str(), nullptr, 10);
}

std::string hex16(uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

std::vector<FileInfo> entries_of(MemoryFileSystem& disk, const std::string& directory) {
  auto entries = disk.list(directory);
  return entries.ok() ? *std::move(entries) : std::vector<FileInfo>();
}

/// All files of a directory and those below it.
std::vector<FileInfo> files_below(MemoryFileSystem& disk, const std::string& directory) {
  std::vector<FileInfo> files;
  for (FileInfo& entry : entries_of(disk, directory)) {
    if (entry.is_directory) {
      for (FileInfo& file : files_below(disk, entry.path)) files.push_back(std::move(file));
    } else {
      files.push_back(std::move(entry));
    }
  }
  return files;
}

/// The contents of a sidecar, which follow a header line.
nlohmann::json sidecar_json(const std::string& bytes) {
  const size_t line = bytes.find('\n');
  return line == std::string::npos
             ? nlohmann::json()
             : nlohmann::json::parse(bytes.substr(line + 1), nullptr, /*allow_exceptions=*/false);
}

/// The start of the job that has completed a checkpoint; 0: it doesn't say.
int64_t start_of(MemoryFileSystem& disk, const std::string& checkpoint) {
  const auto sidecar = read_file(disk, checkpoint + "/_weir");
  const nlohmann::json json = sidecar.ok() ? sidecar_json(*sidecar) : nlohmann::json();
  return json.is_object() ? json.value("start", int64_t{0}) : 0;
}

}  // namespace

FileWatch::FileWatch(SimDisk& checkpoints, std::string job_directory, SimDisk& output,
                     std::string output_directory)
    : checkpoints_(checkpoints),
      job_directory_(std::move(job_directory)),
      output_(output),
      output_directory_(std::move(output_directory)) {}

std::vector<std::string> FileWatch::look(bool may_take_back) {
  std::vector<std::string> complaints;
  MemoryFileSystem& disk = checkpoints_.raw();
  std::map<int64_t, std::string> directories;
  for (const FileInfo& entry : entries_of(disk, job_directory_)) {
    if (const auto id = checkpoint_number(base_name(entry.path))) directories[*id] = entry.path;
  }
  const std::vector<int64_t> before = complete();
  std::set<int64_t> present;
  std::set<int64_t> arrived;
  std::set<int64_t> again;
  for (const auto& [id, directory] : directories) {
    const auto metadata = read_file(disk, directory + "/_metadata");
    if (!metadata.ok()) continue;
    present.insert(id);
    const uint64_t hash = hash_bytes(*metadata);
    const auto [seen, is_new] = seen_.try_emplace(id, Seen{hash});
    if (seen->second.damaged) continue;
    if (is_new) {
      arrived.insert(id);
      seen->second.start = start_of(disk, directory);
    } else if (!seen->second.there || (seen->second.metadata_hash != hash &&
                                       seen->second.start != start_of(disk, directory))) {
      again.insert(id);
      seen->second = Seen{hash};
      seen->second.start = start_of(disk, directory);
    }
    if (seen->second.metadata_hash != hash)
      complaints.push_back(cat(directory, "/_metadata has changed though it was complete"));
  }
  for (auto& [id, seen] : seen_) seen.there = present.contains(id);
  if (!confirmed_only_) place_on_lines();
  for (const int64_t id : present) {
    const Seen& seen = seen_[id];
    if (seen.damaged ||
        (confirmed_only_ ? id != confirmed_ && !again.contains(id) : !seen.on_a_line))
      continue;
    // A superseded start may use the id of a checkpoint that is deleted; but then it doesn't count.
    if (again.contains(id))
      complaints.push_back(
          cat(directories[id], " was deleted, and is there again: its id was used twice"));
    const int64_t newest = before.empty() ? id : before.back();
    if (!confirmed_only_ && arrived.contains(id) && newest > id && seen_[newest].lives)
      complaints.push_back(cat(directories[id], " became complete after checkpoint ", newest));
    for (std::string& complaint : check_snapshot(id, directories[id]))
      complaints.push_back(std::move(complaint));
  }
  if (!confirmed_only_ && !before.empty() && complete().empty() && seen_[before.back()].lives)
    complaints.push_back(cat("checkpoint ", before.back(), " was the newest and has vanished"));
  if (confirmed_only_ && confirmed_ >= 0 && !present.contains(confirmed_)) {
    complaints.push_back(cat("checkpoint ", confirmed_, ", which the pointer names, is not there"));
  }

  std::map<std::string, uint64_t> parts;
  for (const OutputPart& part : this->parts()) {
    std::string text;
    for (const std::string& line : part.lines) text += line + "\n";
    parts[part.name] = hash_bytes(text);
  }
  for (const auto& [name, hash] : parts_) {
    const auto now = parts.find(name);
    if (now == parts.end() && !may_take_back)
      complaints.push_back(cat("the committed file ", name, " has vanished"));
    if (now != parts.end() && now->second != hash)
      complaints.push_back(cat("the committed file ", name, " has changed"));
  }
  parts_ = std::move(parts);
  return complaints;
}

void FileWatch::place_on_lines() {
  std::vector<std::pair<int64_t, int64_t>> complete;
  for (const auto& [id, seen] : seen_) {
    if (seen.there) complete.emplace_back(id, seen.start);
  }
  const RecordedLines lines = RecordedLines::read(checkpoints_.raw(), job_directory_);
  for (auto& [id, seen] : seen_) {
    seen.lives = lines.lives(id, seen.start, complete);
    seen.on_a_line = lines.on_a_line(id, seen.start);
  }
}

std::vector<std::string> FileWatch::check_snapshot(int64_t id, const std::string& directory) const {
  MemoryFileSystem& disk = checkpoints_.raw();
  const auto sidecar = read_file(disk, directory + "/_weir");
  if (!sidecar.ok()) return {cat(directory, " has _metadata but no _weir")};
  const nlohmann::json json = sidecar_json(*sidecar);
  if (!json.is_object() || json.value("checkpoint", int64_t{-1}) != id)
    return {cat(directory, "/_weir is not of checkpoint ", id)};
  std::vector<std::string> complaints;
  const auto check_file = [&](const std::string& name, const nlohmann::json& expected) {
    const auto bytes = read_file(
        disk, name.starts_with("../") ? job_directory_ + name.substr(2) : directory + "/" + name);
    if (!bytes.ok()) {
      complaints.push_back(cat(directory, " is complete, but ", name, " is not there"));
    } else if (static_cast<int64_t>(bytes->size()) != expected.value("length", int64_t{-1})) {
      complaints.push_back(cat(directory, " is complete, but ", name, " has ", bytes->size(),
                               " bytes instead of ", expected.value("length", int64_t{-1})));
    } else if (hex16(XXH3_64bits(bytes->data(), bytes->size())) !=
               expected.value("xxh3", std::string())) {
      complaints.push_back(
          cat(directory, " is complete, but ", name, " has other bytes than were written"));
    }
  };
  check_file("_metadata", json["metadata"]);
  for (const nlohmann::json& file : json["files"])
    check_file(file.value("name", std::string()), file);
  return complaints;
}

std::vector<std::string> FileWatch::look_finished(int num_retained, bool late_effects,
                                                  bool calm_start, bool alone) {
  std::vector<std::string> complaints = look(false);
  const std::vector<int64_t> kept = complete();
  if (kept.empty()) complaints.push_back("the job has finished and no checkpoint is there");
  // A start deletes nothing any more once a later one is recorded, even if that one then dies.
  if (!alone) return complaints;
  int64_t completed = 0;
  for (const auto& [id, seen] : seen_) completed += seen.there && !seen.damaged && seen.lives;
  if (completed > num_retained)
    complaints.push_back(
        cat(completed, " checkpoints are there; ", num_retained, " are to be kept"));
  for (const FileInfo& entry : entries_of(checkpoints_.raw(), job_directory_)) {
    const std::string_view name = base_name(entry.path);
    const auto id = checkpoint_number(name);
    if (!id) {
      if (name != "shared" && name != "taskowned" && name != "lineage" && calm_start &&
          !late_effects)
        complaints.push_back(cat(entry.path, " lies about"));
      continue;
    }
    const auto seen = seen_.find(*id);
    std::vector<FileInfo> files = entries_of(checkpoints_.raw(), entry.path);
    if (late_effects) std::erase_if(files, [](const FileInfo& file) { return file.size == 0; });
    if (seen == seen_.end() || !seen->second.there) {
      // The empty directory of a checkpoint that failed last stays, so that its id is not used
      // again.
      if (!files.empty())
        complaints.push_back(
            cat(entry.path, " is not complete, and holds ", base_name(files[0].path)));
      else if (!kept.empty() && *id < kept.back() && !late_effects)
        complaints.push_back(cat(entry.path, " is empty and superfluous"));
      continue;
    }
    const auto sidecar = read_file(checkpoints_.raw(), entry.path + "/_weir");
    const nlohmann::json json = sidecar.ok() ? sidecar_json(*sidecar) : nlohmann::json();
    if (seen->second.damaged || !json.is_object()) continue;
    std::set<std::string> needed = {"_metadata", "_weir"};
    for (const nlohmann::json& file : json["files"])
      needed.insert(file.value("name", std::string()));
    for (const FileInfo& file : files) {
      if (!needed.contains(std::string(base_name(file.path))))
        complaints.push_back(
            cat(file.path, " is an orphan: no checkpoint and no commit refers to it"));
    }
  }
  for (std::string& complaint : look_at_shared(late_effects))
    complaints.push_back(std::move(complaint));
  for (const FileInfo& entry : files_below(output_.raw(), output_directory_)) {
    if (base_name(entry.path).starts_with(".") && !(late_effects && entry.size == 0))
      complaints.push_back(cat(entry.path, " is left over"));
  }
  return complaints;
}

std::vector<std::string> FileWatch::look_at_shared(bool late_effects) {
  std::set<std::string> needed;
  for (const auto& [id, seen] : seen_) {
    if (!seen.there) continue;
    if (seen.damaged) return {};  // it is not known what it refers to
    const auto sidecar = read_file(checkpoints_.raw(), cat(job_directory_, "/chk-", id, "/_weir"));
    const nlohmann::json json = sidecar.ok() ? sidecar_json(*sidecar) : nlohmann::json();
    if (!json.is_object()) return {};
    for (const nlohmann::json& file : json["files"])
      needed.insert(std::string(base_name(file.value("name", std::string()))));
  }
  std::vector<std::string> complaints;
  for (const FileInfo& file : entries_of(checkpoints_.raw(), job_directory_ + "/shared")) {
    if (needed.contains(std::string(base_name(file.path))) || (late_effects && file.size == 0))
      continue;
    complaints.push_back(cat(file.path, " is leaked: no checkpoint refers to it"));
  }
  return complaints;
}

std::vector<int64_t> FileWatch::complete() const {
  std::vector<int64_t> ids;
  for (const auto& [id, seen] : seen_) {
    if (seen.there && !seen.damaged && seen.lives) ids.push_back(id);
  }
  return ids;
}

std::vector<int64_t> FileWatch::abandoned() const {
  std::vector<int64_t> ids;
  for (const auto& [id, seen] : seen_) {
    if (seen.there && !seen.damaged && !seen.on_a_line) ids.push_back(id);
  }
  return ids;
}

void FileWatch::damage(int64_t id, SimRandom& random) {
  const std::string directory = cat(job_directory_, "/chk-", id);
  const std::vector<FileInfo> files = entries_of(checkpoints_.raw(), directory);
  if (files.empty()) return;
  if (checkpoints_.flip_bit(files[random.below(files.size())].path)) seen_[id].damaged = true;
}

std::vector<OutputPart> FileWatch::parts() const {
  std::vector<OutputPart> parts;
  for (const FileInfo& entry : files_below(output_.raw(), output_directory_)) {
    if (base_name(entry.path).starts_with(".")) continue;
    OutputPart part{entry.path.substr(output_directory_.size() + 1), {}};
    const std::string text = read_file(output_.raw(), entry.path).value();
    for (const std::string_view line : split(text, '\n')) part.lines.emplace_back(line);
    // Files hold whole lines only, so nothing follows the last line break.
    if (part.lines.back().empty()) part.lines.pop_back();
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace weir::sim
