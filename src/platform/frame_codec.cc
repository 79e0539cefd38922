#include "platform/frame_codec.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "base/strings.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

constexpr size_t kBelievedBytes = 1 << 20;

uint32_t checksum_of(std::string_view frame) {
  return static_cast<uint32_t>(XXH3_64bits(frame.data(), frame.size()));
}

void put_u32(char* at, uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<char>(value >> (8 * i));
}

uint32_t get_u32(const char* at) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i)
    value |= static_cast<uint32_t>(static_cast<unsigned char>(at[i])) << (8 * i);
  return value;
}

}  // namespace

FrameHeader frame_header(std::string_view frame) {
  WEIR_CHECK_LE(frame.size(), UINT32_MAX);
  FrameHeader header;
  put_u32(header.data(), static_cast<uint32_t>(frame.size()));
  put_u32(header.data() + 4, checksum_of(frame));
  return header;
}

Status FrameDecoder::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    if (header_bytes_ < kFrameHeaderBytes) {
      const size_t taken = std::min(kFrameHeaderBytes - header_bytes_, bytes.size());
      std::memcpy(header_.data() + header_bytes_, bytes.data(), taken);
      header_bytes_ += taken;
      bytes.remove_prefix(taken);
      if (header_bytes_ < kFrameHeaderBytes) return {};
    }
    const size_t length = get_u32(header_.data());
    if (length > max_frame_bytes_) {
      return data_loss(
          cat("a frame of ", length, " bytes was announced, and the limit is ", max_frame_bytes_));
    }
    const size_t taken = std::min(length - body_.size(), bytes.size());
    if (body_.size() + taken > body_.capacity()) {
      body_.reserve(
          std::min(length, std::max({kBelievedBytes, body_.size() + taken, 2 * body_.size()})));
    }
    body_.append(bytes.data(), taken);
    bytes.remove_prefix(taken);
    if (body_.size() < length) return {};
    if (checksum_of(body_) != get_u32(header_.data() + 4)) {
      return data_loss(cat("the checksum of a frame of ", length,
                           " bytes is wrong: bytes were damaged on the way"));
    }
    header_bytes_ = 0;
    sink(std::exchange(body_, std::string()));
  }
  return {};
}

}  // namespace weir
