#pragma once

#include <cstddef>
#include <string_view>

#include "platform/unique_fd.h"
#include "weir/status.h"

namespace weir {

/// A two-way pipe to the parent process. Blocks. Thread: one.
class BytePipe {
 public:
  /// Takes over standard input and output before anyone has used them. From then on, other code in
  /// this process prints to standard error and finds standard input empty.
  static StatusOr<BytePipe> claim_standard_streams();
  BytePipe(UniqueFd in, UniqueFd out) : in_(std::move(in)), out_(std::move(out)) {}

  /// Reads the available bytes: at least one, at most `room`. 0 at the end of input.
  StatusOr<size_t> read_some(char* to, size_t room);
  Status write(std::string_view bytes);

 private:
  UniqueFd in_;
  UniqueFd out_;
};

}  // namespace weir
