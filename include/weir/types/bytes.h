#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

namespace detail {
template <class U>
U big_endian(U value) {
  static_assert(std::is_unsigned_v<U>);
  if constexpr (std::endian::native == std::endian::big || sizeof(U) == 1) {
    return value;
  } else if constexpr (sizeof(U) == 2) {
    return __builtin_bswap16(value);
  } else if constexpr (sizeof(U) == 4) {
    return __builtin_bswap32(value);
  } else {
    return __builtin_bswap64(value);
  }
}

/// Throws std::length_error: `count` `what` ("bytes", "elements") exceed `most`, the maximum of
/// their length field.
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_too_long(size_t count, const char* what,
                                                                  size_t most) {
  throw std::length_error(std::to_string(count) + " " + what +
                          " follow a length that holds at most " + std::to_string(most));
}
inline constexpr size_t kMaxCount = std::numeric_limits<int32_t>::max();
}  // namespace detail

/// Appends values to a buffer, big-endian, as java.io.DataOutputStream does. Flink's formats
/// consist of these. A length or count that exceeds its field throws std::length_error, so that no
/// wrong length is ever written. Thread: one at a time.
class BinaryWriter {
 public:
  void put_u8(uint8_t v) { buffer_.push_back(static_cast<char>(v)); }
  void put_u16(uint16_t v) { put(v); }
  void put_u32(uint32_t v) { put(v); }
  void put_u64(uint64_t v) { put(v); }
  void put_i8(int8_t v) { put_u8(static_cast<uint8_t>(v)); }
  void put_i16(int16_t v) { put(static_cast<uint16_t>(v)); }
  void put_i32(int32_t v) { put(static_cast<uint32_t>(v)); }
  void put_i64(int64_t v) { put(static_cast<uint64_t>(v)); }
  // As java.io.DataOutput does: every NaN is written with the same bits.
  void put_f32(float v) { put(v == v ? std::bit_cast<uint32_t>(v) : 0x7FC00000u); }
  void put_f64(double v) { put(v == v ? std::bit_cast<uint64_t>(v) : 0x7FF8000000000000u); }
  void put_bool(bool v) { put_u8(v ? 1 : 0); }
  void put_raw(std::string_view bytes) { buffer_.append(bytes); }
  /// Writes the number of elements that follow, as an i32.
  void put_count(size_t count, const char* what = "elements") {
    if (count > detail::kMaxCount) [[unlikely]]
      detail::throw_too_long(count, what, detail::kMaxCount);
    put_i32(static_cast<int32_t>(count));
  }
  /// Writes the length as an i32, then the bytes.
  void put_bytes(std::string_view bytes) {
    put_count(bytes.size(), "bytes");
    put_raw(bytes);
  }
  /// Writes as java.io.DataOutput.writeUTF: u16 length, then modified UTF-8. For names in headers.
  /// Maximum: 65535 bytes.
  void put_utf(std::string_view text);
  /// Writes as Flink's StringSerializer: a varint of the number of UTF-16 units + 1, then a varint
  /// per unit. For values and keys. Bytes that are not UTF-8 become the lone surrogates
  /// U+DC80…U+DCFF, and reading restores the same bytes.
  void put_flink_string(std::string_view text);

  /// Adds `count` bytes at the end. The caller must fill them before the next call.
  char* grow(size_t count) {
    const size_t before = buffer_.size();
    buffer_.resize(before + count);
    return buffer_.data() + before;
  }
  void reserve(size_t bytes) { buffer_.reserve(bytes); }

  size_t size() const { return buffer_.size(); }
  const std::string& buffer() const { return buffer_; }
  std::string take() { return std::move(buffer_); }
  void clear() { buffer_.clear(); }
  char* mutable_at(size_t position) { return buffer_.data() + position; }
  void overwrite_i32(size_t position, int32_t v) {
    const uint32_t big = detail::big_endian(static_cast<uint32_t>(v));
    std::memcpy(buffer_.data() + position, &big, sizeof big);
  }
  /// Sets the i32 at `position` to the number of bytes after it.
  void close_length(size_t position) {
    const size_t length = size() - position - sizeof(int32_t);
    if (length > detail::kMaxCount) [[unlikely]]
      detail::throw_too_long(length, "bytes", detail::kMaxCount);
    overwrite_i32(position, static_cast<int32_t>(length));
  }

 private:
  template <class U>
  void put(U v) {
    v = detail::big_endian(v);
    buffer_.append(reinterpret_cast<const char*>(&v), sizeof v);
  }
  std::string buffer_;
};

/// Reads the output of BinaryWriter from untrusted bytes. A read past the end or a malformed value
/// makes the reader fail; from then on all reads return zeros and empty strings. Check ok() before
/// using the values. Does not own the bytes. Thread: one at a time.
class BinaryReader {
 public:
  explicit BinaryReader(std::string_view bytes) : bytes_(bytes) {}

  uint8_t get_u8() { return get<uint8_t>(); }
  uint16_t get_u16() { return get<uint16_t>(); }
  uint32_t get_u32() { return get<uint32_t>(); }
  uint64_t get_u64() { return get<uint64_t>(); }
  int8_t get_i8() { return static_cast<int8_t>(get<uint8_t>()); }
  int16_t get_i16() { return static_cast<int16_t>(get<uint16_t>()); }
  int32_t get_i32() { return static_cast<int32_t>(get<uint32_t>()); }
  int64_t get_i64() { return static_cast<int64_t>(get<uint64_t>()); }
  float get_f32() { return std::bit_cast<float>(get<uint32_t>()); }
  double get_f64() { return std::bit_cast<double>(get<uint64_t>()); }
  bool get_bool() { return get_u8() != 0; }
  std::string_view get_raw(size_t length) {
    if (length > remaining()) {
      fail("needs more bytes than there are");
      return {};
    }
    const std::string_view taken = bytes_.substr(position_, length);
    position_ += length;
    return taken;
  }
  std::string_view get_bytes() {
    const int32_t length = get_i32();
    if (length < 0) {
      fail("a negative length");
      return {};
    }
    return get_raw(static_cast<size_t>(length));
  }
  std::string get_utf();
  std::string get_flink_string();
  /// Reads a count of elements of at least `min_element_bytes` each. Fails if the remaining bytes
  /// cannot hold them.
  size_t get_count(size_t min_element_bytes) {
    const int32_t count = get_i32();
    if (count < 0 ||
        (min_element_bytes > 0 && static_cast<size_t>(count) > remaining() / min_element_bytes)) {
      fail("an impossible count");
      return 0;
    }
    return static_cast<size_t>(count);
  }

  bool ok() const { return failure_ == nullptr; }
  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  void seek(size_t position) {
    if (position > bytes_.size()) fail("a position past the end");
    else position_ = position;
  }
  void fail(const char* why) {
    if (failure_ == nullptr) {
      failure_ = why;
      failed_at_ = position_;
    }
    position_ = bytes_.size();
  }
  /// Call after the last read. Fails if bytes remain.
  void expect_end() {
    if (remaining() != 0) fail("bytes after the end");
  }
  /// Returns OK, or DATA_LOSS with `what`, the malformed part and its position.
  Status status(std::string_view what) const;
  /// Like status(), but remaining bytes also are an error.
  Status end(std::string_view what) {
    expect_end();
    return status(what);
  }

 private:
  template <class U>
  U get() {
    if (remaining() < sizeof(U)) {
      fail("needs more bytes than there are");
      return 0;
    }
    U v;
    std::memcpy(&v, bytes_.data() + position_, sizeof v);
    position_ += sizeof v;
    return detail::big_endian(v);
  }

  std::string_view bytes_;
  size_t position_ = 0;
  const char* failure_ = nullptr;
  size_t failed_at_ = 0;
};

}  // namespace weir
