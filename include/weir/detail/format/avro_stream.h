#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::detail {

/// Reads the parts of one message in Avro's binary encoding, from untrusted bytes. After the first
/// failure the rest of the message must not be read. Thread: one at a time.
class AvroInput {
 public:
  /// Records that contain records of the same kind may be nested this deep.
  static constexpr size_t kMaxDepth = 200;
  /// Elements that have no bytes, such as nulls, in one message, and records at one place.
  static constexpr uint64_t kMaxEmptyElements = 1 << 16;

  explicit AvroInput(std::string_view bytes)
      : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  /// Returns false after a failure, as all calls that read.
  bool read_long(int64_t& value) {
    uint64_t raw = 0;
    for (int shift = 0; shift < 64 && next_ != end_; shift += 7) {
      const auto byte = static_cast<uint8_t>(*next_++);
      if (shift == 63 && byte > 1) return fail_integer(true);
      raw |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) {
        value = static_cast<int64_t>((raw >> 1) ^ (0 - (raw & 1)));
        return true;
      }
    }
    return fail_integer(false);
  }
  bool read_raw(size_t count, std::string_view& bytes) {
    if (count > remaining()) return fail_short(count);
    bytes = {next_, count};
    next_ += count;
    return true;
  }
  template <class T>
  bool read_fixed(T& value) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    std::string_view bytes;
    if (!read_raw(sizeof value, bytes)) return false;
    std::memcpy(&value, bytes.data(), sizeof value);
    return true;
  }
  bool read_bytes(std::string_view& bytes) {
    int64_t length = 0;
    if (!read_long(length)) return false;
    if (length < 0) return fail("a negative length");
    return read_raw(static_cast<size_t>(length), bytes);
  }
  /// Bytes that are UTF-8.
  bool read_text(std::string_view& text);
  bool read_bool(bool& value);
  /// The next block of an array or a map: its number of elements, 0 at the end. An element has at
  /// least `min_bytes`.
  bool next_block(size_t min_bytes, uint64_t& count);
  /// The same; but a block that states its length is skipped.
  bool next_block_to_skip(size_t min_bytes, uint64_t& count);
  bool expect_end();

  size_t remaining() const { return static_cast<size_t>(end_ - next_); }
  bool enter() {
    records_here_ = next_ == here_ ? records_here_ + 1 : 1;
    here_ = next_;
    if (records_here_ > kMaxEmptyElements) return fail_empty();
    return ++depth_ <= kMaxDepth || fail_deep();
  }
  void leave() { --depth_; }

  bool fail(std::string why);
  /// Add the place to a failure, from the innermost part to the outermost. Return false.
  bool in_field(std::string_view name);
  bool in_element(size_t index);
  std::string problem() const;

 private:
  bool fail_integer(bool too_long);
  bool fail_short(size_t wanted);
  bool fail_deep();
  bool fail_empty();
  bool read_count(size_t min_bytes, uint64_t& count, bool skip);

  const char* next_;
  const char* const end_;
  size_t depth_ = 0;
  uint64_t empty_elements_ = 0;
  const char* here_ = nullptr;  ///< where the last record began
  uint64_t records_here_ = 0;
  std::string problem_;
  std::string path_;
};

/// Appends the parts of one message in Avro's binary encoding to a text. Thread: one at a time.
class AvroOutput {
 public:
  explicit AvroOutput(std::string& out) : out_(out) {}

  void put_long(int64_t value) {
    uint64_t raw = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
    for (; raw >= 0x80; raw >>= 7) out_ += static_cast<char>(raw | 0x80);
    out_ += static_cast<char>(raw);
  }
  void put_raw(std::string_view bytes) { out_.append(bytes); }
  template <class T>
  void put_fixed(T value) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out_.append(bytes, sizeof value);
  }
  void put_bytes(std::string_view bytes) {
    put_long(static_cast<int64_t>(bytes.size()));
    put_raw(bytes);
  }
  /// Fails unless it is UTF-8.
  bool put_text(std::string_view text);
  void put_bool(bool value) { out_ += value ? '\1' : '\0'; }

  bool enter() { return ++depth_ <= AvroInput::kMaxDepth || fail_deep(); }
  void leave() { --depth_; }

  bool fail(std::string why);
  bool in_field(std::string_view name);
  bool in_element(size_t index);
  std::string problem() const;

 private:
  bool fail_deep();

  std::string& out_;
  size_t depth_ = 0;
  std::string problem_;
  std::string path_;
};

}  // namespace weir::detail
