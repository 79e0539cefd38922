#include "weir/detail/types/canonical.h"

namespace weir::detail {
namespace {

constexpr char kLastOfState = static_cast<char>(0x80);
constexpr uint16_t kEndOfGroup = 0xFFFF;

}  // namespace

void CanonicalGroupWriter::change_state() {
  if (written_state_ >= 0) mark_last_key();
  out_.put_i16(static_cast<int16_t>(state_));
  written_state_ = state_;
}

/// Called before the first byte of an entry, when the buffered bytes no longer change.
void CanonicalGroupWriter::drain() {
  if (!writing_->drain(out_.buffer())) stopped_ = true;
  out_.clear();
}

void CanonicalGroupWriter::mark_last_key() { *out_.mutable_at(last_key_at_) |= kLastOfState; }

void CanonicalGroupWriter::end_group() {
  if (written_state_ < 0 || stopped_) return;
  mark_last_key();
  out_.put_u16(kEndOfGroup);
  written_state_ = -1;
}

CanonicalGroupReader::CanonicalGroupReader(BinaryReader& in, int key_group, bool two_byte_prefix)
    : in_(in), key_group_(key_group), two_byte_prefix_(two_byte_prefix) {
  if (in_.remaining() == 0) {
    at_end_ = true;
  } else {
    state_ = in_.get_u16();
  }
}

bool CanonicalGroupReader::next(CanonicalEntry* entry) {
  if (at_end_ || !in_.ok()) return false;
  const std::string_view composite = in_.get_bytes();
  const std::string_view value = in_.get_bytes();
  const size_t prefix = two_byte_prefix_ ? 2 : 1;
  if (!in_.ok() || composite.size() < prefix) {
    in_.fail("an entry whose key is too short for its key group");
    return false;
  }
  const auto first = static_cast<uint8_t>(composite[0]);
  const int group =
      two_byte_prefix_ ? (first & 0x7F) << 8 | static_cast<uint8_t>(composite[1]) : first & 0x7F;
  if (group != key_group_) {
    in_.fail("an entry of another key group");
    return false;
  }
  *entry = {state_, composite.substr(prefix), value};
  if ((first & 0x80) != 0) {
    const uint16_t next_state = in_.get_u16();
    if (!in_.ok()) return false;
    at_end_ = next_state == kEndOfGroup;
    state_ = next_state;
  }
  return true;
}

}  // namespace weir::detail
