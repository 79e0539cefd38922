#include "weir/detail/types/canonical.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace weir::detail {
namespace {

using namespace std::string_literals;
using Entries = std::vector<std::tuple<int, std::string, std::string>>;

Entries read_all(std::string_view bytes, int key_group, bool two_byte_prefix, bool* ok) {
  BinaryReader in(bytes);
  CanonicalGroupReader group(in, key_group, two_byte_prefix);
  Entries entries;
  for (CanonicalEntry entry; group.next(&entry);)
    entries.emplace_back(entry.state, entry.key, entry.value);
  *ok = in.ok() && in.remaining() == 0;
  return entries;
}

// Key group 15 of the file that Flink 2.3.0 wrote in
// tests/compat/flink-samples/flink-2.3.0/minimal: "carol" counts -7.
const std::string kCarol =
    "\0\0"
    "\0\0\0\x08"
    "\x8F"
    "\x06"
    "carol"
    "\0"
    "\0\0\0\x08"
    "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xF9"
    "\xFF\xFF"s;

TEST(Canonical, GroupIsWrittenInFlinksFormat) {
  BinaryWriter out;
  CanonicalGroupWriter group(out, 15, false);
  group.begin_state(0);
  BinaryWriter& key = group.begin_key();
  key.put_flink_string("carol");
  key.put_u8(0);
  group.begin_value().put_i64(-7);
  group.end_entry();
  group.end_group();
  EXPECT_EQ(out.buffer(), kCarol);
}

TEST(Canonical, GroupFromFlinkIsRead) {
  bool ok = false;
  EXPECT_EQ(read_all(kCarol, 15, false, &ok), (Entries{{0,
                                                        "\x06"
                                                        "carol\0"s,
                                                        "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xF9"}}));
  EXPECT_TRUE(ok);
}

TEST(Canonical, StatesAndTwoBytePrefixesRoundTrip) {
  const Entries entries{{2, "a", "1"}, {2, "b", ""}, {0, "", "x"}, {32766, "c", "3"}};
  for (const bool two_bytes : {false, true}) {
    const int key_group = two_bytes ? 32767 : 127;
    BinaryWriter out;
    CanonicalGroupWriter group(out, key_group, two_bytes);
    for (const auto& [state, key, value] : entries) {
      group.begin_state(state);
      group.begin_key().put_raw(key);
      group.begin_value().put_raw(value);
      group.end_entry();
    }
    group.begin_state(5);  // empty
    group.end_group();
    bool ok = false;
    EXPECT_EQ(read_all(out.buffer(), key_group, two_bytes, &ok), entries);
    EXPECT_TRUE(ok);
  }
}

TEST(Canonical, GroupWithoutEntriesHasNoBytes) {
  BinaryWriter out;
  CanonicalGroupWriter group(out, 3, false);
  group.begin_state(0);
  group.begin_state(1);
  group.end_group();
  EXPECT_EQ(out.size(), 0u);
  bool ok = false;
  EXPECT_TRUE(read_all("", 3, false, &ok).empty());
  EXPECT_TRUE(ok);
}

/// A group of two states with 40 entries of 10 kB each.
void write_large(CanonicalGroupWriter& group, int* written) {
  for (int state = 0; state < 2; ++state) {
    group.begin_state(state);
    for (int i = 0; i < 40 && group.accepts_more(); ++i, ++*written) {
      group.begin_key().put_raw("k" + std::to_string(i));
      group.begin_value().put_raw(std::string(10'000, static_cast<char>('a' + i % 20)));
      group.end_entry();
    }
  }
  group.end_group();
}

TEST(Canonical, LargeGroupIsDrainedInPieces) {
  int written = 0;
  BinaryWriter whole;
  CanonicalGroupWriter at_once(whole, 7, false);
  write_large(at_once, &written);

  BinaryWriter out;
  KeyGroupWriting writing;
  std::string pieces;
  size_t most = 0;
  writing.drain = [&](std::string_view bytes) {
    pieces += bytes;
    most = std::max(most, bytes.size());
    return true;
  };
  CanonicalGroupWriter group(out, 7, false, &writing);
  write_large(group, &written);
  pieces += out.buffer();
  EXPECT_TRUE(pieces == whole.buffer()) << "the bytes are the same";
  EXPECT_LT(most, KeyGroupWriting::kDrainBytes + 10'100);
  EXPECT_EQ(writing.largest.bytes, 10'000u);
  EXPECT_EQ(writing.largest.key_group, 7);
}

TEST(Canonical, WritingStopsWhenTheSinkWantsNoMore) {
  int written = 0;
  BinaryWriter out;
  KeyGroupWriting writing;
  writing.drain = [&](std::string_view) { return false; };
  CanonicalGroupWriter group(out, 7, false, &writing);
  write_large(group, &written);
  EXPECT_FALSE(group.accepts_more());
  EXPECT_LT(written, 10);
}

TEST(Canonical, KeyOrValueThatIsTooLongStopsTheGroup) {
  for (const bool key_is_long : {true, false}) {
    BinaryWriter out;
    KeyGroupWriting writing;
    writing.max_part_bytes = 100;
    CanonicalGroupWriter group(out, 7, false, &writing);
    group.begin_state(3);
    // One byte for the group precedes it.
    group.begin_key().put_raw(std::string(key_is_long ? 100 : 99, 'k'));
    group.begin_value().put_raw(std::string(key_is_long ? 1 : 101, 'v'));
    group.end_entry();
    EXPECT_FALSE(group.accepts_more());
    EXPECT_EQ(group.too_long().state, 3);
    EXPECT_EQ(group.too_long().key_group, 7);
    EXPECT_EQ(group.too_long().bytes, 101u);
  }
  BinaryWriter out;
  KeyGroupWriting writing;
  writing.max_part_bytes = 100;
  CanonicalGroupWriter group(out, 7, false, &writing);
  group.begin_state(3);
  group.begin_key().put_raw(std::string(99, 'k'));
  group.begin_value().put_raw(std::string(100, 'v'));
  group.end_entry();
  EXPECT_TRUE(group.accepts_more()) << "exactly as much as fits";
}

TEST(Canonical, ReaderStopsWhereTheGroupEnds) {
  const std::string two = kCarol + kCarol;
  BinaryReader in(two);
  for (int i = 1; i <= 2; ++i) {
    CanonicalGroupReader group(in, 15, false);
    CanonicalEntry entry;
    EXPECT_TRUE(group.next(&entry));
    EXPECT_FALSE(group.next(&entry));
    EXPECT_EQ(in.position(), kCarol.size() * i);
  }
}

TEST(Canonical, ForeignOrDamagedBytesAreRefused) {
  bool ok = true;
  read_all(kCarol, 16, false, &ok);
  EXPECT_FALSE(ok) << "another key group";
  for (size_t length = 1; length < kCarol.size(); ++length) {
    read_all(kCarol.substr(0, length), 15, false, &ok);
    EXPECT_FALSE(ok) << length;
  }
}

}  // namespace
}  // namespace weir::detail
