#include "weir/types/bytes.h"

#include <gtest/gtest.h>

#include "weir/detail/types/serialize_scalars.h"

namespace weir {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789ABCDEF"[byte >> 4];
    text += "0123456789ABCDEF"[byte & 15];
  }
  return text;
}
std::string bytes(std::string_view digits) {
  std::string out;
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return out;
}
std::string utf(std::string_view text) {
  BinaryWriter out;
  out.put_utf(text);
  return hex(out.buffer());
}
std::string flink_string(std::string_view text) {
  BinaryWriter out;
  out.put_flink_string(text);
  return hex(out.buffer());
}
std::string read_back(std::string_view text) {
  BinaryWriter out;
  out.put_flink_string(text);
  BinaryReader in(out.buffer());
  std::string result = in.get_flink_string();
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.remaining(), 0u);
  return result;
}

// "a", NUL, é, 漢, U+1D11E: a character of every width.
constexpr std::string_view kMixed("a\0\xC3\xA9\xE6\xBC\xA2\xF0\x9D\x84\x9E", 11);

TEST(Bytes, NumbersAreBigEndian) {
  BinaryWriter out;
  out.put_i16(-2);
  out.put_i32(0x01020304);
  out.put_i64(-7);
  out.put_f64(1.5);
  out.put_bool(true);
  EXPECT_EQ(hex(out.buffer()),
            "FFFE"
            "01020304"
            "FFFFFFFFFFFFFFF9"
            "3FF8000000000000"
            "01");
}

TEST(Bytes, NamesAreModifiedUtf8) {
  EXPECT_EQ(utf(kMixed),
            "000E"
            "61"
            "C080"
            "C3A9"
            "E6BCA2"
            "EDA0B4EDB49E");
  EXPECT_EQ(utf(""), "0000");
}

TEST(Bytes, StringsAreVarintsOfUtf16Units) {
  EXPECT_EQ(flink_string(kMixed),
            "07"
            "61"
            "00"
            "E901"
            "A2DE01"
            "B4B003"
            "9EBA03");
  EXPECT_EQ(flink_string(""), "01");
  EXPECT_EQ(flink_string("carol"), "066361726F6C");
}

TEST(Bytes, LongAsciiStringsHaveALongerCount) {
  EXPECT_EQ(flink_string(std::string(126, 'x')).substr(0, 4), "7F78");
  EXPECT_EQ(flink_string(std::string(127, 'x')).substr(0, 6), "800178");
  EXPECT_EQ(read_back(std::string(20000, 'y')), std::string(20000, 'y'));
}

TEST(Bytes, TextRoundTrips) {
  EXPECT_EQ(read_back(kMixed), kMixed);
  BinaryWriter out;
  out.put_utf(kMixed);
  BinaryReader in(out.buffer());
  EXPECT_EQ(in.get_utf(), kMixed);
  EXPECT_TRUE(in.ok());
}

TEST(Bytes, LengthThatDoesNotFitIsNeverWritten) {
  BinaryWriter out;
  EXPECT_THROW(out.put_count(size_t{1} << 31), std::length_error);
  EXPECT_THROW(out.put_bytes(std::string_view(kMixed.data(), size_t{1} << 32)), std::length_error)
      << "looks at the length alone";
  EXPECT_EQ(out.size(), 0u);
  out.put_count((size_t{1} << 31) - 1);
  EXPECT_EQ(hex(out.buffer()), "7FFFFFFF");
  EXPECT_THROW(out.put_utf(std::string(65536, 'x')), std::length_error);
  out.put_utf(std::string(65535, 'x'));
}

TEST(Bytes, InvalidUtf8IsEscapedAndRoundTrips) {
  EXPECT_EQ(flink_string("\xFF"),
            "02"
            "FFB903");  // U+DCFF
  for (const char* text :
       {"\x80", "a\xFFz", "\xC3", "\xC3(", "\xE6\xBC", "\xED\xA0\x80\xED\xB0\x80", "\xC0\x80",
        "\xF0\x9D\x84", "\xF4\x90\x80\x80", "\xF0\x9D\x84\x9E\xB4", "\xE0\x80\xAF", "\xED\xA0\x80",
        "\xED\xBF\xBF"}) {
    EXPECT_EQ(read_back(text), text) << hex(text);
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(read_back(all), all);
}

TEST(Bytes, HashIsThatOfJavaStrings) {
  EXPECT_EQ(detail::java_string_hash(""), 0);
  EXPECT_EQ(detail::java_string_hash("alice"), 92903040);
  EXPECT_EQ(detail::java_string_hash("polygenelubricants"), INT32_MIN);
  EXPECT_EQ(detail::java_string_hash("\xF0\x9D\x84\x9E"), 0xD834 * 31 + 0xDD1E);
}

TEST(Bytes, MalformedStringsAreRefused) {
  for (const char* digits : {"", "00", "05616263", "FFFFFFFFFF", "FFFFFFFF1F", "0280", "02808004",
                             "0280B803", "03B4B00361", "028080808080"}) {
    const std::string raw = bytes(digits);
    BinaryReader in(raw);
    EXPECT_EQ(in.get_flink_string(), "") << digits;
    EXPECT_FALSE(in.ok()) << digits;
    EXPECT_EQ(in.get_u8(), 0) << digits;
  }
}

TEST(Bytes, MalformedNamesAreRefused) {
  for (const char* digits : {"", "00", "000161FF00", "0001C3", "0002C361", "000380", "0001FF",
                             "0003E6BC61", "0003EDA0B4"}) {
    const std::string raw = bytes(digits);
    BinaryReader in(raw);
    const std::string text = in.get_utf();
    EXPECT_EQ(in.ok(), text == "a") << digits;
  }
}

TEST(Bytes, FailureNamesTheValueAndThePosition) {
  BinaryReader in(std::string_view("\0\0\0\x09xyz", 7));
  EXPECT_EQ(in.get_bytes(), "");
  const Status status = in.status("reading checkpoint 7");
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(status.message(),
            "reading checkpoint 7: the bytes are malformed at offset 4 of 7: needs more bytes than "
            "there are");
  EXPECT_TRUE(BinaryReader("x").status("nothing").ok());
}

TEST(Bytes, CountOfMoreElementsThanTheBytesHoldIsMalformed) {
  const std::string_view two_of_four("\0\0\0\2AAAABBBB", 12);
  BinaryReader exact(two_of_four);
  EXPECT_EQ(exact.get_count(4), 2u);
  EXPECT_TRUE(exact.ok());
  BinaryReader short_of_one(two_of_four);
  EXPECT_EQ(short_of_one.get_count(5), 0u);
  EXPECT_FALSE(short_of_one.ok());
  BinaryReader negative(std::string_view("\xFF\xFF\xFF\xFF", 4));
  EXPECT_EQ(negative.get_count(0), 0u);
  EXPECT_FALSE(negative.ok());
}

TEST(Bytes, BytesAfterTheEndAreMalformed) {
  BinaryReader all(std::string_view("\x01\x02", 2));
  EXPECT_EQ(all.get_u16(), 0x0102);
  EXPECT_TRUE(all.end("a number").ok());
  BinaryReader more(std::string_view("\x01\x02", 2));
  EXPECT_EQ(more.get_u8(), 1);
  EXPECT_EQ(more.end("a number").message(),
            "a number: the bytes are malformed at offset 1 of 2: bytes after the end");
  BinaryReader less(std::string_view("\x01", 1));
  EXPECT_EQ(less.get_u16(), 0);
  EXPECT_EQ(less.end("a number").message(),
            "a number: the bytes are malformed at offset 0 of 1: needs more bytes than there are");
}

}  // namespace
}  // namespace weir
