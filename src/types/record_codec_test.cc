#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "weir/detail/types/record_codec_of.h"

namespace weir {
namespace {

enum class Colour : uint8_t { kRed = 1, kBlue = 200 };

/// A struct of fixed-width fields only.
struct Tick {
  int64_t id = 0;
  double price = 0;
  bool buy = false;
  Colour colour = Colour::kRed;
  std::pair<int16_t, float> rest;
  bool operator==(const Tick&) const = default;
  WEIR_FIELDS(Tick, id, price, buy, colour, rest)
};

struct Order {
  std::string customer;
  Tick tick;
  std::vector<std::string> tags;
  std::optional<int> limit;
  bool operator==(const Order&) const = default;
  WEIR_FIELDS(Order, customer, tick, tags, limit)
};

struct Opaque {
  int* pointer = nullptr;
};
struct HoldsOpaque {
  int id = 0;
  Opaque opaque;
  WEIR_FIELDS(HoldsOpaque, id, opaque)
};
struct NoDefault {
  explicit NoDefault(int v) : value(v) {}
  int value;
  WEIR_FIELDS(NoDefault, value)
};
struct Throws {
  int value = 0;
};

}  // namespace

template <>
struct UserSerializer<Throws> {
  static void write(BinaryWriter& out, const Throws& v) { out.put_i32(v.value); }
  static void read(BinaryReader& in, Throws& v) {
    v.value = in.get_i32();
    if (v.value == 13) throw std::runtime_error("thirteen");
  }
  static TypeDescription describe() { return {}; }
};

namespace {

template <class T>
std::string encode(const BatchOf<T>& batch) {
  BinaryWriter out;
  detail::record_codec<T>()->encode(batch, out);
  return out.take();
}

template <class T>
BatchOf<T> batch_of(std::vector<StoredRecord<T>> records, std::vector<Timestamp> timestamps = {},
                    std::vector<int32_t> hashes = {}) {
  BatchOf<T> batch;
  batch.records = std::move(records);
  batch.timestamps = std::move(timestamps);
  batch.key_hashes = std::move(hashes);
  return batch;
}

template <class T>
void expect_round_trip(const BatchOf<T>& batch) {
  const auto codec = detail::record_codec<T>();
  ASSERT_NE(codec, nullptr);
  const std::unique_ptr<Batch> read = codec->make();
  const Status status = codec->decode(encode(batch), *read);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(static_cast<BatchOf<T>&>(*read).records, batch.records);
  EXPECT_EQ(read->timestamps, batch.timestamps);
  EXPECT_EQ(read->key_hashes, batch.key_hashes);
}

const Tick kTick{-5, 1.25, true, Colour::kBlue, {-300, 0.5f}};

TEST(RecordCodec, RoundTrips) {
  expect_round_trip(batch_of<int>({1, -2, 3}));
  expect_round_trip(batch_of<int>({1, -2, 3}, {10, kMinWatermark + 1, INT64_MAX}));
  expect_round_trip(batch_of<int>({1, -2, 3}, {10, 20, 30}, {7, -7, INT32_MIN}));
  expect_round_trip(batch_of<int>({1}, {}, {7}));
  expect_round_trip(batch_of<bool>({true, false, true}, {1, 2, 3}));
  expect_round_trip(batch_of<double>({0.5, -0.0, 1e300}));
  expect_round_trip(batch_of<std::string>({"", "weir", std::string("\0\xff\xfe", 3)}, {1, 2, 3}));
  expect_round_trip(batch_of<Tick>({kTick, Tick{}}, {1, 2}, {3, 4}));
  expect_round_trip(batch_of<Order>({{"ann", kTick, {"a", ""}, 4}, Order{}}));
  expect_round_trip(batch_of<std::map<std::string, int>>({{{"x", 1}}, {}}));
  expect_round_trip(batch_of<std::tuple<>>({{}, {}}));
  expect_round_trip(batch_of<std::monostate>({{}, {}}));
}

TEST(RecordCodec, NumbersAreLittleEndianAfterTheColumns) {
  EXPECT_EQ(encode(batch_of<int32_t>({1, 258}, {3, 4}, {-1, 5})), std::string("\3"
                                                                              "\0\0\0\2"
                                                                              "\3\0\0\0\0\0\0\0"
                                                                              "\4\0\0\0\0\0\0\0"
                                                                              "\xff\xff\xff\xff"
                                                                              "\5\0\0\0"
                                                                              "\1\0\0\0"
                                                                              "\2\1\0\0",
                                                                              1 + 4 + 16 + 8 + 8));
}

TEST(RecordCodec, StructsOfNumbersHaveAFixedWidth) {
  EXPECT_EQ(detail::Wire<Tick>::kFixedBytes, 8u + 8 + 1 + 1 + 2 + 4);
  EXPECT_EQ(detail::Wire<Order>::kFixedBytes, 0u);
}

TEST(RecordCodec, NamesTheTypeOfItsRecords) {
  EXPECT_EQ(detail::record_codec<Order>()->type(), Serializer<Order>::describe());
  EXPECT_EQ(detail::record_codec<bool>()->type(), Serializer<bool>::describe());
}

TEST(RecordCodec, TypesWithoutASerializerHaveNone) {
  EXPECT_EQ(detail::record_codec<Opaque>(), nullptr);
  EXPECT_EQ(detail::record_codec<HoldsOpaque>(), nullptr);
  EXPECT_EQ(detail::record_codec<std::vector<Opaque>>(), nullptr);
  EXPECT_EQ(detail::record_codec<NoDefault>(), nullptr);
}

TEST(RecordCodec, EveryOtherLengthIsRefusedAndLeavesTheBatchEmpty) {
  const auto check = [](const auto& batch) {
    using T = std::decay_t<decltype(batch.records[0])>;
    const auto codec = detail::record_codec<T>();
    const std::string bytes = encode(batch);
    for (size_t length = 0; length < bytes.size(); ++length) {
      const auto read = codec->make();
      EXPECT_EQ(codec->decode(std::string_view(bytes).substr(0, length), *read).code(),
                StatusCode::kDataLoss)
          << length;
      EXPECT_TRUE(read->empty() && read->timestamps.empty() && read->key_hashes.empty()) << length;
    }
    const auto read = codec->make();
    EXPECT_FALSE(codec->decode(bytes + '\0', *read).ok());
    EXPECT_TRUE(read->empty());
  };
  check(batch_of<Tick>({kTick, kTick}, {1, 2}, {3, 4}));
  check(batch_of<Order>({{"ann", kTick, {"a", ""}, 4}}, {1}));
  check(batch_of<std::string>({"one", "two"}));
}

TEST(RecordCodec, MalformedBatchesAreNamed) {
  struct Case {
    const char* what;
    std::string bytes;
    const char* says;
  };
  const Case cases[] = {
      {"a flag that there is not", std::string("\4\0\0\0\1\1\0\0\0", 9), "unknown columns"},
      {"no records", std::string("\0\0\0\0\0", 5), "impossible count"},
      {"more records than bytes", std::string("\0\xff\xff\xff\xff\1\0\0\0", 9), "impossible count"},
      {"a column longer than the bytes", std::string("\1\0\0\0\2\1\0\0\0", 9), "column"},
      {"a record too few", std::string("\0\0\0\0\2\1\0\0\0", 9), "another number of bytes"},
  };
  for (const Case& c : cases) {
    const auto codec = detail::record_codec<int>();
    const auto read = codec->make();
    const Status status = codec->decode(c.bytes, *read);
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << c.what;
    EXPECT_NE(status.message().find(c.says), std::string_view::npos)
        << c.what << ": " << status.message();
  }
}

TEST(RecordCodec, ExceptionOfASerializerIsTheReason) {
  const auto codec = detail::record_codec<Throws>();
  BatchOf<Throws> batch;
  batch.add({1});
  batch.add({13});
  const auto read = codec->make();
  const Status status = codec->decode(encode(batch), *read);
  EXPECT_NE(status.message().find("threw: thirteen"), std::string_view::npos) << status.message();
  EXPECT_TRUE(read->empty());
}

TEST(RecordCodec, FlippedBitsAreReadOrRefused) {
  const auto codec = detail::record_codec<Order>();
  const std::string bytes = encode(
      batch_of<Order>({{"ann", kTick, {"a", "bc"}, 4}, {"bob", kTick, {}, {}}}, {1, 2}, {3, 4}));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto read = codec->make();
    if (codec->decode(flipped, *read).ok()) EXPECT_EQ(read->size(), 2u);
    else EXPECT_EQ(read->size(), 0u);
  }
}

/// The first record of a batch that takes more than these bytes.
template <class T>
size_t first_larger(std::vector<T> records, size_t bytes) {
  BatchOf<T> batch;
  for (T& record : records) batch.add(std::move(record));
  return detail::record_codec<T>()->find_larger(batch, bytes);
}

TEST(RecordCodec, FindsTheFirstRecordThatTakesMoreThanALimit) {
  EXPECT_EQ(first_larger<std::string>({"1234", "12345", "123456"}, 8), 1u);
  EXPECT_EQ(first_larger<std::string>({"1234", "12345"}, 9), 2u);
  EXPECT_EQ(first_larger<int64_t>({1, 2}, 8), 2u) << "all have the same size";
  EXPECT_EQ(first_larger<int64_t>({1, 2}, 7), 0u);
}

TEST(RecordCodec, FindsLargePartsWhereverTheyAreInARecord) {
  const std::string large(1000, 'x');
  const Order small{"c", {}, {"a", "b"}, 3};
  Order tags = small, customer = small;
  tags.tags.push_back(large);  // the first tag is small
  customer.customer = large;
  EXPECT_EQ(first_larger<Order>({small, tags}, 500), 1u);
  EXPECT_EQ(first_larger<Order>({small, customer}, 500), 1u);
  using Nested = std::map<std::string, std::optional<std::vector<std::string>>>;
  EXPECT_EQ(first_larger<Nested>({{{"a", std::nullopt}},
                                  {{"a", std::vector<std::string>{"", large}}, {"b", std::nullopt}},
                                  {}},
                                 500),
            1u);
  EXPECT_EQ(first_larger<std::vector<int64_t>>({{1}, std::vector<int64_t>(100, 1)}, 500), 1u);
}

}  // namespace
}  // namespace weir
