// Commands for one snapshot, or two.

#include <algorithm>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/restore_plan.h"
#include "offline/snapshot_reader.h"
#include "tool/commands.h"
#include "tool/entry_text.h"
#include "tool/value_text.h"

namespace weir::tool {
namespace {

using Json = nlohmann::json;

/// Key groups are shown by size, the largest first.
constexpr size_t kGroupsShown = 5;
/// Elements of lists that are not text are shown up to here.
constexpr size_t kElementsShown = 20;

std::string name_of(const OperatorSnapshotState& op, const OperatorStateDescription& types) {
  if (!op.name.empty()) return op.name;
  return types.uid.empty() ? op.id.to_hex() : types.uid;
}

/// The state of one operator, without its entries.
StatusOr<Json> operator_json(SnapshotReader& reader, const OperatorSnapshotState& op) {
  WEIR_ASSIGN_OR_RETURN(const OperatorStateDescription types, reader.describe(op));
  WEIR_ASSIGN_OR_RETURN(const auto groups, reader.key_group_sizes(op));
  Json states = Json::array();
  for (const KeyedStateInfo& state : types.keyed_states) {
    states.push_back({{"name", state.name},
                      {"kind", kind_text(state.kind)},
                      {"type", state.value.to_string()},
                      {"namespace", state.name_space.to_string()}});
  }
  Json lists = Json::array();
  for (const ListStateInfo& list : types.lists) {
    size_t elements = 0;
    for (const auto& [index, subtask] : op.subtasks) {
      if (!subtask.operator_state) continue;
      const auto found = subtask.operator_state->lists.find(list.name);
      if (found != subtask.operator_state->lists.end()) elements += found->second.offsets.size();
    }
    lists.push_back({{"name", list.name},
                     {"mode", mode_name(list.mode)},
                     {"type", list.element.to_string()},
                     {"elements", elements}});
  }
  std::vector<std::pair<int64_t, int>> largest;
  int64_t total = 0;
  for (const auto& [group, bytes] : groups) {
    largest.emplace_back(bytes, group);
    total += bytes;
  }
  std::sort(largest.rbegin(), largest.rend());
  if (largest.size() > kGroupsShown) largest.resize(kGroupsShown);
  Json top = Json::array();
  for (const auto& [bytes, group] : largest) top.push_back({{"group", group}, {"bytes", bytes}});
  return Json{{"name", name_of(op, types)},
              {"uid", types.uid.empty() ? op.uid : types.uid},
              {"id", op.id.to_hex()},
              {"parallelism", op.parallelism},
              {"max_parallelism", op.max_parallelism},
              {"finished", op.finished},
              {"bytes", state_bytes(op)},
              {"key_type", types.key_type ? types.key_type->to_string() : ""},
              {"keyed_states", std::move(states)},
              {"lists", std::move(lists)},
              {"key_groups",
               {{"with_entries", groups.size()},
                {"bytes", total},
                {"largest", std::move(top)},
                // 1: all groups are equally large.
                {"skew", total == 0 ? 0.0
                                    : static_cast<double>(largest.front().first) *
                                          op.max_parallelism / static_cast<double>(total)}}}};
}

StatusOr<Json> snapshot_json(SnapshotReader& reader) {
  const LoadedCheckpoint& snapshot = reader.snapshot();
  Json json = {{"path", snapshot.directory.uri},
               {"checkpoint", snapshot.metadata->checkpoint_id},
               {"bytes", snapshot.bytes},
               {"operators", Json::array()},
               {"not_read", snapshot.left_out}};
  const bool own = snapshot.sidecar && snapshot.sidecar->metadata_length > 0;
  json["written_by"] = own ? cat("weir ", snapshot.sidecar->weir_version) : "Flink";
  if (own) {
    json["job_name"] = snapshot.sidecar->job_name;
    json["job_id"] = snapshot.sidecar->job_id.to_hex();
    json["files"] = snapshot.sidecar->files.size();
  }
  for (const OperatorSnapshotState& op : reader.operators()) {
    WEIR_ASSIGN_OR_RETURN(Json shown, operator_json(reader, op));
    json["operators"].push_back(std::move(shown));
  }
  return json;
}

std::string text_of(const Json& op) {
  std::string text =
      cat("\n", op["name"].get<std::string>(), "\n  uid ", op["uid"].get<std::string>(), "  id ",
          op["id"].get<std::string>(), "\n  parallelism ", op["parallelism"].get<int>(), " of ",
          op["max_parallelism"].get<int>(), ", ", size_text(op["bytes"].get<int64_t>()),
          op["finished"].get<bool>() ? ", had finished" : "", "\n");
  if (!op["keyed_states"].empty()) text += cat("  key ", op["key_type"].get<std::string>(), "\n");
  for (const Json& state : op["keyed_states"]) {
    text += cat("  ", state["kind"].get<std::string>(), " ", state["name"].get<std::string>(), ": ",
                state["type"].get<std::string>(), "\n");
  }
  for (const Json& list : op["lists"]) {
    text += cat("  ", list["mode"].get<std::string>(), " list ", list["name"].get<std::string>(),
                ": ", list["elements"].get<size_t>(), " × ", list["type"].get<std::string>(), "\n");
  }
  const Json& groups = op["key_groups"];
  if (groups["with_entries"].get<size_t>() == 0) return text;
  text += cat("  ", groups["with_entries"].get<size_t>(), " key groups have entries; largest:");
  for (const Json& group : groups["largest"])
    text +=
        cat(" ", group["group"].get<int>(), " (", size_text(group["bytes"].get<int64_t>()), ")");
  char skew[32];
  std::snprintf(skew, sizeof skew, "%.1f", groups["skew"].get<double>());
  return text + cat("; the largest is ", skew, " × the mean\n");
}

std::string text_of_snapshot(const Json& json) {
  std::string text =
      cat(json["path"].get<std::string>(), "\ncheckpoint ", json["checkpoint"].get<int64_t>(), ", ",
          size_text(json["bytes"].get<int64_t>()), ", written by ",
          json["written_by"].get<std::string>(), "\n");
  if (json.contains("job_name"))
    text += cat("job ", json["job_name"].get<std::string>(), " (",
                json["job_id"].get<std::string>(), ")\n");
  for (const Json& op : json["operators"]) text += text_of(op);
  for (const Json& sentence : json["not_read"])
    text += cat("not read: ", sentence.get<std::string>(), "\n");
  return text;
}

/// A text as it is; other bytes as hexadecimal digits.
std::string element_text(const std::string& element) {
  TypeDescription bytes;
  bytes.kind = TypeKind::kBytes;
  BinaryReader in(element);
  const std::string_view inner = in.get_bytes();
  const bool whole = in.ok() && in.remaining() == 0;
  const std::string_view shown = whole ? inner : std::string_view(element);
  const bool printable = std::all_of(shown.begin(), shown.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f;
  });
  if (printable) return json_text(shown);
  BinaryWriter out;
  out.put_bytes(shown);
  BinaryReader hex(out.buffer());
  return value_text(bytes, hex);
}

/// Prints the entries or elements of "UID/NAME", one JSON object or text a line.
Status print_state(SnapshotReader& reader, const std::string& wanted) {
  const size_t slash = wanted.find('/');
  if (slash == std::string::npos)
    return invalid_argument(
        "--state needs the uid of an operator and the name of a state: UID/NAME");
  const std::string uid = wanted.substr(0, slash);
  const std::string name = wanted.substr(slash + 1);
  std::string known;
  for (const OperatorSnapshotState& op : reader.operators()) {
    WEIR_ASSIGN_OR_RETURN(const OperatorStateDescription types, reader.describe(op));
    const std::string& own = types.uid.empty() ? op.uid : types.uid;
    known += cat(known.empty() ? "" : ", ", own.empty() ? op.id.to_hex() : own);
    if (own != uid && op.id.to_hex() != uid && op.id != murmur3_128(uid)) continue;
    const bool is_list = std::any_of(types.lists.begin(), types.lists.end(),
                                     [&](const auto& list) { return list.name == name; });
    if (is_list) {
      WEIR_ASSIGN_OR_RETURN(const auto elements, reader.list_elements(op, name));
      for (const std::string& element : elements) print(element_text(element) + "\n");
      return {};
    }
    const bool is_keyed = std::any_of(types.keyed_states.begin(), types.keyed_states.end(),
                                      [&](const auto& state) { return state.name == name; });
    if (!is_keyed) {
      std::string states;
      for (const auto& state : types.keyed_states)
        states += cat(states.empty() ? "" : ", ", state.name);
      for (const auto& list : types.lists) states += cat(states.empty() ? "" : ", ", list.name);
      return not_found(cat("operator ", uid, " has no state ", name, "; it has ",
                           states.empty() ? "none" : states));
    }
    Status malformed;
    WEIR_RETURN_IF_ERROR(reader.for_each_entry(op, [&](const KeyedEntry& entry) {
      if (entry.state.name != name) return true;
      const auto text = entry_text(entry);
      malformed = text.status();
      if (text.ok()) print(*text + "\n");
      return text.ok();
    }));
    return malformed;
  }
  return not_found(cat("there is no operator with the uid ", uid, "; there are: ", known));
}

/// The entries of an operator by state: a hash of each key, and of its value.
using Entries = std::map<std::string, std::unordered_map<size_t, size_t>>;
StatusOr<Entries> entries_of(SnapshotReader& reader, const OperatorSnapshotState& op) {
  Entries entries;
  const std::hash<std::string_view> hash;
  WEIR_RETURN_IF_ERROR(reader.for_each_entry(op, [&](const KeyedEntry& entry) {
    entries[entry.state.name][hash(entry.key) * 31 + static_cast<size_t>(entry.key_group)] =
        hash(entry.value);
    return true;
  }));
  return entries;
}

std::string difference_of(const std::unordered_map<size_t, size_t>& a,
                          const std::unordered_map<size_t, size_t>& b) {
  size_t added = 0;
  size_t changed = 0;
  size_t same = 0;
  for (const auto& [key, value] : b) {
    const auto before = a.find(key);
    if (before == a.end()) ++added;
    else if (before->second != value) ++changed;
    else ++same;
  }
  const size_t removed = a.size() - changed - same;
  if (added + changed + removed == 0) return "";
  return cat(added, " entries more, ", removed, " fewer, ", changed, " changed, ", same, " equal");
}

/// One line per difference.
StatusOr<std::string> differences(SnapshotReader& a, SnapshotReader& b) {
  std::string text;
  const auto find = [](SnapshotReader& in, const OperatorId& id) -> const OperatorSnapshotState* {
    const auto found = std::find_if(in.operators().begin(), in.operators().end(),
                                    [&](const auto& each) { return each.id == id; });
    return found == in.operators().end() ? nullptr : &*found;
  };
  for (const OperatorSnapshotState& op : a.operators()) {
    if (find(b, op.id) != nullptr) continue;
    WEIR_ASSIGN_OR_RETURN(const auto types, a.describe(op));
    text += cat("only in the first: ", name_of(op, types), "\n");
  }
  for (const OperatorSnapshotState& op : b.operators()) {
    WEIR_ASSIGN_OR_RETURN(const auto types, b.describe(op));
    const std::string name = name_of(op, types);
    const OperatorSnapshotState* before = find(a, op.id);
    if (before == nullptr) {
      text += cat("only in the second: ", name, "\n");
      continue;
    }
    if (before->parallelism != op.parallelism)
      text += cat(name, ": parallelism ", before->parallelism, " and ", op.parallelism, "\n");
    if (before->max_parallelism != op.max_parallelism)
      text += cat(name, ": max parallelism ", before->max_parallelism, " and ", op.max_parallelism,
                  "\n");
    WEIR_ASSIGN_OR_RETURN(const auto types_before, a.describe(*before));
    for (const KeyedStateInfo& state : types.keyed_states) {
      for (const KeyedStateInfo& old : types_before.keyed_states) {
        if (old.name == state.name && !(old == state))
          text += cat(name, "/", state.name, ": ", old.value.to_string(), " and ",
                      state.value.to_string(), "\n");
      }
    }
    WEIR_ASSIGN_OR_RETURN(Entries first, entries_of(a, *before));
    WEIR_ASSIGN_OR_RETURN(Entries second, entries_of(b, op));
    for (const auto& [state, entries] : first) second[state];
    for (const auto& [state, entries] : second) {
      const std::string difference = difference_of(first[state], entries);
      if (!difference.empty()) text += cat(name, "/", state, ": ", difference, "\n");
    }
    for (const ListStateInfo& list : types.lists) {
      WEIR_ASSIGN_OR_RETURN(auto old, a.list_elements(*before, list.name));
      WEIR_ASSIGN_OR_RETURN(auto now, b.list_elements(op, list.name));
      std::sort(old.begin(), old.end());
      std::sort(now.begin(), now.end());
      if (old == now) continue;
      std::vector<std::string> added;
      std::set_difference(now.begin(), now.end(), old.begin(), old.end(),
                          std::back_inserter(added));
      text += cat(name, "/", list.name, ": ", old.size(), " and ", now.size(), " elements\n");
      for (size_t i = 0; i < std::min(added.size(), kElementsShown); ++i)
        text += cat("  now ", element_text(added[i]), "\n");
    }
  }
  return text;
}

}  // namespace

int inspect(const Arguments& arguments, FileSystemRegistry& files) {
  auto reader = SnapshotReader::open(arguments.operands[0], files, /*read_all=*/false);
  if (!reader.ok()) return report(reader.status());
  if (arguments.has("state")) {
    const Status status = print_state(*reader, arguments.option("state"));
    return status.ok() ? kDone : report(status);
  }
  const auto json = snapshot_json(*reader);
  if (!json.ok()) return report(json.status());
  print(arguments.has("json") ? json->dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                              : text_of_snapshot(*json));
  return kDone;
}

int verify(const Arguments& arguments, FileSystemRegistry& files) {
  auto reader = SnapshotReader::open(arguments.operands[0], files, /*read_all=*/true);
  if (!reader.ok()) return report(reader.status());
  int64_t entries = 0;
  for (const OperatorSnapshotState& op : reader->operators()) {
    Status malformed;
    const Status status = reader->for_each_entry(op, [&](const KeyedEntry& entry) {
      ++entries;
      malformed = entry_text(entry).status();
      return malformed.ok();
    });
    if (!status.ok()) return report(status);
    if (!malformed.ok()) return report(malformed);
  }
  const LoadedCheckpoint& snapshot = reader->snapshot();
  const bool own = snapshot.sidecar && snapshot.sidecar->metadata_length > 0;
  if (own) {
    for (const DataFile& file : snapshot.sidecar->files)
      print(cat("ok  ", file.name, ", ", file.length, " bytes\n"));
  }
  print(cat("ok  ", snapshot.directory.uri, ": ", size_text(snapshot.bytes), ", ",
            reader->operators().size(), " operators, ", entries, " entries",
            own ? "; all checksums match" : "; Flink stores no checksums", "\n"));
  for (const std::string& sentence : snapshot.left_out) print(cat("not read: ", sentence, "\n"));
  return kDone;
}

int diff(const Arguments& arguments, FileSystemRegistry& files) {
  auto a = SnapshotReader::open(arguments.operands[0], files, /*read_all=*/false);
  if (!a.ok()) return report(a.status());
  auto b = SnapshotReader::open(arguments.operands[1], files, /*read_all=*/false);
  if (!b.ok()) return report(b.status());
  const auto text = differences(*a, *b);
  if (!text.ok()) return report(text.status());
  print(*text);
  return text->empty() ? kDone : kDiffers;
}

}  // namespace weir::tool
