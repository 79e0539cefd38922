// Reads every value of real Flink files, and compares with the values that Flink itself reported.

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "base/strings.h"
#include "checkpoint/flink_types.h"
#include "checkpoint/keyed_stream.h"
#include "checkpoint/metadata.h"
#include "checkpoint/operator_stream.h"
#include "checkpoint/testing/memory_keyed_state.h"
#include "checkpoint/testing/samples.h"

namespace weir {
namespace {

using Kind = KeyedStateInfo::Kind;

std::string type_name(const TypeDescription& type) {
  switch (type.kind) {
    case TypeKind::kString: return "String";
    case TypeKind::kInt64: return "Long";
    case TypeKind::kInt32: return "Int";
    case TypeKind::kDouble: return "Double";
    case TypeKind::kBool: return "Boolean";
    case TypeKind::kBytes: return "BytePrimitiveArray";
    case TypeKind::kVoid: return "VoidNamespace";
    case TypeKind::kTimeWindow: return "TimeWindow";
    case TypeKind::kList: return "List<" + type_name(type.children[0]) + ">";
    case TypeKind::kMap:
      return "Map<" + type_name(type.children[0]) + "," + type_name(type.children[1]) + ">";
    case TypeKind::kTuple: return type.name == kTtlTuple ? "Ttl" : "Tuple";
    default: return "?";
  }
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      result += text[i];
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x",
                    (text[i] & 0x1F) << 6 | (text[i + 1] & 0x3F));
      result += escaped;
      ++i;
    }
  }
  return result + "\"";
}

std::string value(const TypeDescription& type, BinaryReader& in) {
  switch (type.kind) {
    case TypeKind::kString: return quoted(in.get_flink_string());
    case TypeKind::kInt64: return std::to_string(in.get_i64());
    case TypeKind::kInt32: return std::to_string(in.get_i32());
    case TypeKind::kBool: return in.get_bool() ? "true" : "false";
    case TypeKind::kBytes: return "0x" + to_hex(in.get_bytes());
    case TypeKind::kDouble: {
      char text[32];
      std::snprintf(text, sizeof text, "%.1f", in.get_f64());
      return text;
    }
    case TypeKind::kTuple: {
      const bool set = in.get_i64() > 0;
      return "ttl(" + value(type.children[1], in) + ", lastAccess=" + (set ? "set" : "0") + ")";
    }
    default: return "?";
  }
}

class Printer {
 public:
  explicit Printer(const OperatorSnapshotState& op, std::vector<std::string>* lines)
      : op_(op), label_(op.uid.empty() ? op.id.to_hex() : op.uid), lines_(*lines) {}

  void print() {
    lines_.push_back(cat("operator id=", op_.id.to_hex(),
                         " uid=", op_.uid.empty() ? "null" : op_.uid,
                         " parallelism=", op_.parallelism, " maxParallelism=", op_.max_parallelism,
                         " finished=", op_.finished ? "true" : "false"));
    for (const auto& [index, subtask] : op_.subtasks) {
      if (subtask.keyed_state) print_keyed(*subtask.keyed_state);
      if (subtask.operator_state) print_lists(*subtask.operator_state);
    }
  }

 private:
  void print_keyed(const KeyedStateHandle& handle) {
    MemoryKeyedState state(op_.max_parallelism);
    const Status status = restore_keyed_state(handle, handle.range, read_inline(handle.stream),
                                              nullptr, false, state);
    ASSERT_TRUE(status.ok()) << label_ << ": " << status.to_string();
    static constexpr const char* kTypes[] = {"VALUE", "LIST", "MAP", "REDUCING", "AGGREGATING"};
    for (const KeyedStateInfo& info : state.states) {
      if (info.kind == Kind::kTimers) {
        lines_.push_back(cat("keyed-state ", label_, " name=", info.name,
                             " kind=PRIORITY_QUEUE type=null key=", type_name(state.key_type),
                             " namespace=null value=Timer"));
      } else {
        const std::string of = type_name(info.value);
        lines_.push_back(cat("keyed-state ", label_, " name=", info.name,
                             " kind=KEY_VALUE type=", kTypes[static_cast<int>(info.kind)], " key=",
                             type_name(state.key_type), " namespace=", type_name(info.name_space),
                             " value=", info.kind == Kind::kList ? "List<" + of + ">" : of));
      }
    }
    for (const auto& entry : state.entries) {
      const auto info = std::find_if(state.states.begin(), state.states.end(),
                                     [&](const auto& s) { return s.name == entry.state; });
      print_entry(state.key_type, *info, entry);
    }
  }

  void print_entry(const TypeDescription& key_type, const KeyedStateInfo& info,
                   const MemoryKeyedState::Entry& entry) {
    BinaryReader key(entry.key);
    BinaryReader in(entry.value);
    int64_t timestamp = 0;
    if (info.kind == Kind::kTimers) timestamp = static_cast<int64_t>(key.get_u64() ^ 1ull << 63);
    const std::string of = value(key_type, key);
    std::string window;
    if (info.name_space.kind == TypeKind::kTimeWindow) {
      const int64_t start = key.get_i64();
      const int64_t end = key.get_i64();
      window = cat(" [", start, ",", end, ")");
    } else {
      EXPECT_EQ(key.get_u8(), 0);
    }
    if (info.kind == Kind::kTimers) {
      const char* kind =
          info.name.find("event") != std::string::npos ? "event-timer " : "processing-timer ";
      lines_.push_back(window.empty()
                           ? cat("keyed ", label_, " ", kind, of, " -> ", timestamp)
                           : cat("window ", label_, " ", of, window, " ", kind, timestamp));
      EXPECT_TRUE(entry.value.empty());
    } else if (!window.empty()) {
      lines_.push_back(cat("window ", label_, " ", of, window, " -> ", value(info.value, in)));
    } else {
      std::string text;
      if (info.kind == Kind::kMap) {
        text = value(info.value.children[0], key) + " = ";
        EXPECT_FALSE(in.get_bool());
        text += value(info.value.children[1], in);
      } else if (info.kind == Kind::kList) {
        text = "[" + value(info.value, in);
        while (in.remaining() > 0) {
          EXPECT_EQ(in.get_u8(), ',');
          text += ", " + value(info.value, in);
        }
        text += "]";
      } else {
        text = value(info.value, in);
      }
      lines_.push_back(cat("keyed ", label_, " ", info.name, " ", of, " -> ", text));
    }
    EXPECT_TRUE(key.ok() && key.remaining() == 0) << label_ << " " << info.name;
    EXPECT_TRUE(in.ok() && in.remaining() == 0) << label_ << " " << info.name;
  }

  void print_lists(const OperatorStateHandle& handle) {
    const auto header = read_operator_header(handle, read_inline(handle.stream));
    ASSERT_TRUE(header.ok()) << label_ << ": " << header.status().to_string();
    for (const ListStateInfo& list : header->lists) {
      if (list.mode == ListStateMode::kBroadcast) {
        print_broadcast(handle, list);
        continue;
      }
      lines_.push_back(cat("operator-state ", label_, " name=", list.name, " mode=",
                           list.mode == ListStateMode::kUnion ? "UNION" : "SPLIT_DISTRIBUTE",
                           " value=", type_name(list.element)));
      const auto found = handle.lists.find(list.name);
      if (found == handle.lists.end()) continue;
      for (size_t i = 0; i < found->second.offsets.size(); ++i) {
        const auto element = read_list_elements(handle, list.name, {static_cast<int>(i)},
                                                read_inline(handle.stream));
        ASSERT_TRUE(element.ok()) << element.status().to_string();
        BinaryReader in(element.value()[0]);
        lines_.push_back(cat("operator ", label_, " ", list.name, " ", value(list.element, in)));
        EXPECT_TRUE(in.ok() && in.remaining() == 0);
      }
    }
  }

  void print_broadcast(const OperatorStateHandle& handle, const ListStateInfo& state) {
    const TypeDescription& key = state.element.children[0];
    const TypeDescription& mapped = state.element.children[1];
    lines_.push_back(cat("operator-state ", label_, " name=", state.name,
                         " mode=BROADCAST key=", type_name(key), " value=", type_name(mapped)));
    const auto copy = read_list_elements(handle, state.name, {0}, read_inline(handle.stream));
    ASSERT_TRUE(copy.ok()) << copy.status().to_string();
    BinaryReader in(copy.value()[0]);
    for (size_t n = in.get_count(1); n > 0; --n) {
      const std::string of = value(key, in);
      lines_.push_back(
          cat("operator ", label_, " ", state.name, " ", of, " -> ", value(mapped, in)));
    }
    EXPECT_TRUE(in.ok() && in.remaining() == 0);
  }

  const OperatorSnapshotState& op_;
  const std::string label_;
  std::vector<std::string>& lines_;
};

std::vector<std::string> lines_of(const std::string& sample) {
  std::vector<std::string> left_out;
  const auto metadata =
      decode_metadata(flink_sample(sample + "/_metadata"), {"", nullptr, &left_out});
  EXPECT_TRUE(metadata.ok()) << metadata.status().to_string();
  std::vector<std::string> lines = {cat("checkpoint id=", metadata->checkpoint_id)};
  for (const OperatorSnapshotState& op : metadata->operators) Printer(op, &lines).print();
  std::sort(lines.begin(), lines.end());
  // Every subtask describes its states, and has a copy of a broadcast state; keep one.
  const auto same_description = [](const std::string& a, const std::string& b) {
    return a == b &&
           (a.find("-state ") != std::string::npos || a.find(" bcast-op ") != std::string::npos);
  };
  lines.erase(std::unique(lines.begin(), lines.end(), same_description), lines.end());
  return lines;
}

std::vector<std::string> expected_lines(const std::string& sample) {
  std::istringstream text(flink_sample(sample + ".txt"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    // Weir ignores the state of Flink's source coordinators.
    lines.push_back(std::regex_replace(line, std::regex(" coordinatorBytes=\\d+"), ""));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(FlinkSamples, ReadsEveryValueAsFlinkDoes) {
  for (const char* sample : {"flink-1.20.0/minimal", "flink-2.3.0/minimal",
                             "flink-2.3.0/canonical-inline", "flink-2.3.0/checkpoint-hashmap"}) {
    const auto expected = expected_lines(sample);
    ASSERT_GE(expected.size(), 5u);
    EXPECT_EQ(lines_of(sample), expected) << sample;
  }
}

// Two savepoints of one job with execution.checkpointing.snapshot-compression. The values are those
// that the job had set; its source and the rest are left out.
TEST(FlinkSamples, ReadsCompressedStateOfFlink) {
  const auto is_known = [](const std::string& line) {
    return !line.starts_with("operator id=") &&
           std::regex_search(line, std::regex(" (keyed|list|bcast)-op "));
  };
  const auto expected = expected_lines("flink-2.3.0/compressed");
  ASSERT_GE(expected.size(), 90u);
  for (const char* sample : {"flink-2.3.0/compressed-canonical", "flink-2.3.0/compressed-native"}) {
    std::vector<std::string> lines = lines_of(sample);
    std::erase_if(lines, [&](const std::string& line) { return !is_known(line); });
    EXPECT_EQ(lines, expected) << sample;
  }
}

}  // namespace
}  // namespace weir
