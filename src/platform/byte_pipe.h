#pragma once

#include <cstddef>
#include <string_view>

#include "platform/unique_fd.h"
#include "weir/status.h"

namespace weir {

/// The two directions of a conversation with the process that started this one. Blocks. Thread:
/// one.
class BytePipe {
 public:
  /// Takes standard input and output for it, before anyone has used them: what others in this
  /// process print goes to standard error from then on, and they have nothing to read.
  static StatusOr<BytePipe> claim_standard_streams();
  BytePipe(UniqueFd in, UniqueFd out) : in_(std::move(in)), out_(std::move(out)) {}

  /// What there is, at most `room` bytes, at least one: 0 at the end of input.
  StatusOr<size_t> read_some(char* to, size_t room);
  Status write(std::string_view bytes);

 private:
  UniqueFd in_;
  UniqueFd out_;
};

}  // namespace weir
