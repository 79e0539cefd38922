// Writes checkpoints that cover everything that weir stores, and for each the lines that Flink must
// read from it.
// usage: weir_write_checkpoint DIRECTORY     makes DIRECTORY/<case>/_metadata and
// DIRECTORY/<case>.txt

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/strings.h"
#include "checkpoint/data_file.h"
#include "checkpoint/keyed_stream.h"
#include "checkpoint/metadata.h"
#include "checkpoint/operator_stream.h"
#include "checkpoint/testing/memory_keyed_state.h"
#include "types/utf16.h"
#include "weir/types/types.h"

namespace weir {
namespace {

using Kind = KeyedStateInfo::Kind;

// The types of the states. Reader.java declares the same types for Flink.

enum class Color : int8_t { kRed = 1, kBlue = -3 };
struct Reading {  // Tuple3<String, Double, Long>
  std::string sensor;
  double value = 0;
  int64_t at = 0;
  WEIR_FIELDS(Reading, sensor, value, at)
};
struct Wide {  // more fields than Flink's tuples allow: byte[]
  int8_t f1 = 1, f2 = 2, f3 = 3, f4 = 4, f5 = 5, f6 = 6, f7 = 7, f8 = 8, f9 = 9, f10 = 10, f11 = 11,
         f12 = 12, f13 = 13, f14 = 14, f15 = 15, f16 = 16, f17 = 17, f18 = 18, f19 = 19, f20 = 20,
         f21 = 21, f22 = 22, f23 = 23, f24 = 24, f25 = 25, f26 = 26;
  WEIR_FIELDS(Wide, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18,
              f19, f20, f21, f22, f23, f24, f25, f26)
};
struct Money {  // only its serializer knows the bytes: byte[]
  int64_t cents = 0;
};
using Choice = std::variant<int64_t, std::string>;  // Tuple2<Integer, byte[]>

}  // namespace

template <>
struct UserSerializer<Money> {
  static void write(BinaryWriter& out, const Money& v) { out.put_i64(v.cents); }
  static void read(BinaryReader& in, Money& v) { v.cents = in.get_i64(); }
  static TypeDescription describe() { return {TypeKind::kUser, "Money", {}, {}, 1}; }
};

namespace {

struct Case {
  std::string name;
  int parallelism;
  bool inline_state;
  MetadataVersion version;
  StateCompression compression;  ///< of keyed state
};

TypeDescription of_kind(TypeKind kind) {
  TypeDescription type;
  type.kind = kind;
  return type;
}
const TypeDescription kVoid = of_kind(TypeKind::kVoid);
const TypeDescription kWindow = of_kind(TypeKind::kTimeWindow);

template <class T>
std::string bytes_of(const T& value) {
  BinaryWriter out;
  Serializer<T>::write(out, value);
  return out.take();
}

std::string text(const std::string& value) {
  std::string result = "\"";
  for_each_utf16_unit(value, [&](uint16_t unit) {
    char escaped[8];
    if (unit >= 0x20 && unit < 0x7F) {
      result += static_cast<char>(unit);
    } else {
      std::snprintf(escaped, sizeof escaped, "\\u%04x", unit);
      result += escaped;
    }
  });
  return result + "\"";
}
std::string text(double value) {
  BinaryWriter out;
  out.put_f64(value);
  return to_hex(out.buffer());
}
/// Flink's value of a byte[]: the bytes after the length.
std::string bytes_text(const std::string& written) {
  return to_hex(std::string_view(written).substr(4));
}

/// One checkpoint being written.
class Checkpoint {
 public:
  Checkpoint(const std::filesystem::path& root, Case c)
      : case_(std::move(c)),
        directory_(root / case_.name),
        expected_(root / (case_.name + ".txt")) {
    std::filesystem::create_directories(directory_);
  }

  const Case& config() const { return case_; }
  void expect(const std::string& line) { lines_.push_back(line); }

  OperatorSnapshotState& add_operator(const std::string& uid, int max_parallelism) {
    metadata_.operators.push_back(
        {uid, uid, murmur3_128(uid), case_.parallelism, max_parallelism, {}, false});
    return metadata_.operators.back();
  }

  StateStream place(std::string bytes) {
    if (case_.inline_state) return InlineBytes{std::move(bytes)};
    const FileSegment segment{"data-0-1", static_cast<int64_t>(data_.size()),
                              static_cast<int64_t>(bytes.size())};
    data_ += bytes;
    return segment;
  }

  bool finish() {
    metadata_.checkpoint_id = 5;
    const auto bytes = encode_metadata(metadata_, "file://" + directory_.string(), case_.version);
    if (!bytes.ok()) return fail(bytes.status());
    std::ofstream(directory_ / "_metadata", std::ios::binary) << bytes.value();
    if (!data_.empty()) {
      BlockChecksums checksums;
      checksums.add(data_);
      std::ofstream(directory_ / "data-0-1", std::ios::binary) << data_ << checksums.trailer();
    }
    std::sort(lines_.begin(), lines_.end());
    std::ofstream out(expected_);
    for (const std::string& line : lines_) out << line << '\n';
    return ok_ && out.good();
  }

  bool fail(const Status& status) {
    std::cerr << case_.name << ": " << status.to_string() << '\n';
    ok_ = false;
    return false;
  }

 private:
  const Case case_;
  const std::filesystem::path directory_;
  const std::filesystem::path expected_;
  CheckpointMetadata metadata_;
  std::string data_;
  std::vector<std::string> lines_;
  bool ok_ = true;
};

/// The keyed state of one operator in all its subtasks.
template <class K>
class KeyedOperator {
 public:
  KeyedOperator(Checkpoint& checkpoint, const std::string& uid, int max_parallelism,
                std::vector<KeyedStateInfo> states)
      : checkpoint_(checkpoint), state_(checkpoint.add_operator(uid, max_parallelism)) {
    for (int i = 0; i < state_.parallelism; ++i) {
      snapshots_.emplace_back(Serializer<K>::describe(), states,
                              key_groups_of_subtask(i, state_.parallelism, max_parallelism),
                              max_parallelism);
    }
  }

  void add(int state, const K& key, std::string name_space, std::string value,
           std::string user_key = {}) {
    put(state, key, bytes_of(key) + std::move(name_space) + std::move(user_key), std::move(value));
  }
  void add_timer(int state, const K& key, const std::string& name_space, int64_t timestamp) {
    BinaryWriter out;
    out.put_u64(static_cast<uint64_t>(timestamp) ^ uint64_t{1} << 63);
    put(state, key, out.take() + bytes_of(key) + name_space, {});
  }

  void finish() {
    for (int i = 0; i < state_.parallelism; ++i) {
      const MemoryKeyedSnapshot& snapshot = snapshots_[static_cast<size_t>(i)];
      KeyedStateHandle handle;
      handle.range = snapshot.range();
      std::string bytes;
      const Status status = write_keyed_state(
          snapshot,
          [&](std::string_view piece) {
            bytes += piece;
            return Status();
          },
          &handle.offsets, nullptr, checkpoint_.config().compression);
      if (!status.ok()) checkpoint_.fail(status);
      handle.stream = checkpoint_.place(std::move(bytes));
      state_.subtasks[i].keyed_state = std::move(handle);
    }
  }

 private:
  void put(int state, const K& key, std::string composite, std::string value) {
    const int group = key_group_of(Serializer<K>::hash(key), state_.max_parallelism);
    for (MemoryKeyedSnapshot& snapshot : snapshots_) snapshot.add(state, group, composite, value);
  }

  Checkpoint& checkpoint_;
  OperatorSnapshotState& state_;
  std::vector<MemoryKeyedSnapshot> snapshots_;
};

const std::string kNoNamespace(1, '\0');

std::vector<std::string> keys() {
  std::vector<std::string> keys = {"alice",
                                   "bob",
                                   "carol",
                                   "",
                                   std::string("nul\0", 4),
                                   "\xC3\xA9\xE6\xBC\xA2\xF0\x9D\x84\x9E",
                                   "\xFF no text",
                                   std::string(300, 'x')};
  for (int i = 0; i < 200; ++i) keys.push_back(cat("key-", i));
  return keys;
}

void write_states(Checkpoint& checkpoint) {
  KeyedOperator<std::string> op(
      checkpoint, "states", 128,
      {{Kind::kValue, "count", kVoid, Serializer<int64_t>::describe()},
       {Kind::kValue, "reading", kVoid, Serializer<Reading>::describe()},
       {Kind::kValue, "tags", kVoid, Serializer<std::set<std::string>>::describe()},
       {Kind::kValue, "choice", kVoid, Serializer<Choice>::describe()},
       {Kind::kValue, "money", kVoid, Serializer<Money>::describe()},
       {Kind::kValue, "wide", kVoid, Serializer<Wide>::describe()},
       {Kind::kValue, "color", kVoid, Serializer<Color>::describe()},
       {Kind::kValue, "table", kVoid,
        Serializer<std::unordered_map<std::string, uint32_t>>::describe()},
       {Kind::kMap, "scores", kVoid, Serializer<std::map<std::string, double>>::describe()},
       {Kind::kList, "history", kVoid, Serializer<int32_t>::describe()},
       {Kind::kReducing, "total", kVoid, Serializer<std::chrono::milliseconds>::describe()},
       {Kind::kTimers, "_timer_state/event_user-timers", kVoid, kVoid},
       {Kind::kTimers, "_timer_state/processing_user-timers", kVoid, kVoid}});
  int64_t n = -3;
  for (const std::string& key : keys()) {
    const std::string who = "states " + text(key) + " ";
    op.add(0, key, kNoNamespace, bytes_of<int64_t>(n));
    const Reading reading{key + "!", static_cast<double>(n) / 8, n * 1000};
    op.add(1, key, kNoNamespace, bytes_of(reading));
    const std::set<std::string> tags = {"t", cat("tag-", n)};
    op.add(2, key, kNoNamespace, bytes_of(tags));
    const Choice choice = n % 2 == 0 ? Choice(n) : Choice(key);
    op.add(3, key, kNoNamespace, bytes_of(choice));
    op.add(4, key, kNoNamespace, bytes_of(Money{n}));
    op.add(5, key, kNoNamespace, bytes_of(Wide{}));
    op.add(6, key, kNoNamespace, bytes_of(n % 2 == 0 ? Color::kRed : Color::kBlue));
    op.add(7, key, kNoNamespace,
           bytes_of(std::unordered_map<std::string, uint32_t>{{"a", 1}, {"b", UINT32_MAX}}));
    std::string scores;
    for (int i = 0; i < 3; ++i) {
      const std::string inner = cat("m", i);
      op.add(8, key, kNoNamespace, bytes_of(false) + bytes_of(static_cast<double>(n) + i),
             bytes_of(inner));
      scores += cat(" ", inner, "=", text(static_cast<double>(n) + i));
    }
    op.add(9, key, kNoNamespace, bytes_of<int32_t>(7) + "," + bytes_of(static_cast<int32_t>(n)));
    op.add(10, key, kNoNamespace, bytes_of(std::chrono::milliseconds(n * 10)));
    checkpoint.expect(cat(who, "count=", n));
    checkpoint.expect(
        cat(who, "reading=", text(reading.sensor), " ", text(reading.value), " ", reading.at));
    // Shorter strings have the smaller first byte, and come first.
    checkpoint.expect(cat(who, "tags= ", text("t"), " ", text(cat("tag-", n))));
    checkpoint.expect(cat(who, "choice=", choice.index(), " ",
                          choice.index() == 0 ? to_hex(bytes_of(n)) : to_hex(bytes_of(key))));
    checkpoint.expect(cat(who, "money=", bytes_text(bytes_of(Money{n}))));
    checkpoint.expect(cat(who, "wide=", bytes_text(bytes_of(Wide{}))));
    checkpoint.expect(cat(who, "color=", n % 2 == 0 ? 1 : -3));
    checkpoint.expect(cat(who, "table= a=1 b=-1"));
    checkpoint.expect(cat(who, "scores=", scores));
    checkpoint.expect(cat(who, "history= 7 ", n));
    checkpoint.expect(cat(who, "total=", n * 10));
    for (const int64_t timestamp : {n * 100, int64_t{1700000000000} + n}) {
      op.add_timer(11, key, kNoNamespace, timestamp);
      checkpoint.expect(cat(who, "event-timer=", timestamp));
    }
    op.add_timer(12, key, kNoNamespace, 4000000000000 + n);
    checkpoint.expect(cat(who, "processing-timer=", 4000000000000 + n));
    ++n;
  }
  op.finish();
}

void write_windows(Checkpoint& checkpoint) {
  KeyedOperator<std::string> op(
      checkpoint, "windows", 128,
      {{Kind::kReducing, "window-contents", kWindow, Serializer<int64_t>::describe()},
       {Kind::kTimers, "_timer_state/event_window-timers", kWindow, kVoid},
       {Kind::kTimers, "_timer_state/processing_window-timers", kWindow, kVoid}});
  for (int i = 0; i < 50; ++i) {
    const std::string key = cat("sensor-", i);
    for (int64_t start = 0; start < 3000; start += 1000) {
      const std::string window = bytes_of(start) + bytes_of(start + 1000);
      op.add(0, key, window, bytes_of(start + i));
      op.add_timer(1, key, window, start + 999);
      checkpoint.expect(
          cat("windows ", text(key), " [", start, ",", start + 1000, ")=", start + i));
    }
  }
  op.finish();
}

void write_other_keys(Checkpoint& checkpoint) {
  // A key group prefix of two bytes.
  KeyedOperator<int64_t> longs(checkpoint, "long-keys", 1000,
                               {{Kind::kValue, "count", kVoid, Serializer<int64_t>::describe()}});
  for (const int64_t key :
       {int64_t{0}, int64_t{-1}, INT64_MIN, INT64_MAX, int64_t{123456789012345}}) {
    longs.add(0, key, kNoNamespace, bytes_of(key / 2));
    checkpoint.expect(cat("long-keys ", key, " count=", key / 2));
  }
  for (int64_t key = 1; key < 500; ++key) {
    longs.add(0, key, kNoNamespace, bytes_of(key));
    checkpoint.expect(cat("long-keys ", key, " count=", key));
  }
  longs.finish();

  using Pair = std::pair<std::string, int64_t>;
  KeyedOperator<Pair> pairs(checkpoint, "pair-keys", 128,
                            {{Kind::kValue, "count", kVoid, Serializer<int64_t>::describe()}});
  for (int64_t i = -20; i < 60; ++i) {
    const Pair key{cat("p", i % 7, "\xC3\xA9"), i * 77777777777};
    pairs.add(0, key, kNoNamespace, bytes_of(i));
    checkpoint.expect(cat("pair-keys ", text(key.first), " ", key.second, " count=", i));
  }
  pairs.finish();
}

void write_lists(Checkpoint& checkpoint) {
  OperatorSnapshotState& op = checkpoint.add_operator("lists", 128);
  for (int subtask = 0; subtask < op.parallelism; ++subtask) {
    std::vector<std::string> offsets;
    std::vector<std::string> names;
    std::vector<std::string> splits;
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t offset = subtask * 100 + i;
      offsets.push_back(bytes_of(offset));
      checkpoint.expect(cat("lists offsets ", offset));
      names.push_back(bytes_of(cat("subtask ", subtask, " of \xE6\xBC\xA2")));
      checkpoint.expect(cat("lists names ", text(cat("subtask ", subtask, " of \xE6\xBC\xA2"))));
      splits.push_back(
          bytes_of(std::vector<uint8_t>(static_cast<size_t>(i), static_cast<uint8_t>(subtask))));
      checkpoint.expect(cat("lists splits ", bytes_text(splits.back())));
    }
    const TypeDescription number = Serializer<int64_t>::describe();
    const TypeDescription string = Serializer<std::string>::describe();
    const TypeDescription bytes = Serializer<std::vector<uint8_t>>::describe();
    const std::vector<std::string> nothing;
    const std::vector<ListStateView> lists = {{"offsets", ListStateMode::kSplit, &number, &offsets},
                                              {"names", ListStateMode::kUnion, &string, &names},
                                              {"splits", ListStateMode::kSplit, &bytes, &splits},
                                              {"nothing", ListStateMode::kSplit, &bytes, &nothing}};
    OperatorStateHandle handle;
    std::string written;
    const Status status = write_operator_state(
        std::span<const ListStateView>(lists),
        [&](std::string_view piece) {
          written += piece;
          return Status();
        },
        &handle.lists);
    if (!status.ok()) checkpoint.fail(status);
    handle.stream = checkpoint.place(std::move(written));
    op.subtasks[subtask].operator_state = std::move(handle);
  }
}

bool write_case(const std::filesystem::path& root, const Case& each) {
  Checkpoint checkpoint(root, each);
  write_states(checkpoint);
  write_windows(checkpoint);
  write_other_keys(checkpoint);
  write_lists(checkpoint);
  checkpoint.add_operator("stateless", 128);
  return checkpoint.finish();
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: weir_write_checkpoint DIRECTORY\n";
    return 2;
  }
  const std::filesystem::path root = std::filesystem::absolute(argv[1]);
  using enum weir::MetadataVersion;
  using enum weir::StateCompression;
  for (const auto& [parallelism, inline_state, version, compression] :
       {std::tuple{1, true, k4, kNone},
        {3, false, k4, kNone},
        {3, false, k4, kSnappy},
        {1, false, k6, kNone},
        {3, true, k6, kNone},
        {1, true, k6, kSnappy}}) {
    const std::string name =
        weir::cat("p", parallelism, inline_state ? "-inline" : "-file",
                  compression == kSnappy ? "-snappy" : "", "-v", static_cast<int>(version));
    if (!weir::write_case(root, {name, parallelism, inline_state, version, compression})) return 1;
  }
  return 0;
}
