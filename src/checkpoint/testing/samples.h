#pragma once

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "base/testing/source_dir.h"
#include "checkpoint/byte_stream.h"
#include "checkpoint/snapshot_model.h"

namespace weir {

inline std::string read_test_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
/// A file written by Flink: "flink-2.3.0/minimal/_metadata".
inline std::string flink_sample(const std::string& name) {
  return read_test_file(source_dir() + "/tests/compat/flink-samples/" + name);
}

/// Reads a state stream that is stored inside `_metadata`.
inline ReadAt read_inline(const StateStream& stream) {
  return [&stream](int64_t offset, int64_t length, std::string*) -> StatusOr<std::string_view> {
    const auto* inlined = std::get_if<InlineBytes>(&stream);
    if (inlined == nullptr) return data_loss("the state is in a file");
    const auto size = static_cast<int64_t>(inlined->bytes.size());
    if (offset < 0 || length < 0 || length > size || offset > size - length)
      return data_loss("beyond the end of the stream");
    return std::string_view(inlined->bytes)
        .substr(static_cast<size_t>(offset), static_cast<size_t>(length));
  };
}

}  // namespace weir
