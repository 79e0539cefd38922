#pragma once

// A value as bytes of its own.

#include <string>
#include <string_view>

#include "weir/types/serializer.h"

namespace weir::detail {

template <class T>
std::string to_bytes(const T& value) {
  BinaryWriter out;
  Serializer<T>::write(out, value);
  return out.take();
}

/// DATA_LOSS, with `what`, if the bytes are not exactly a T.
template <class T>
StatusOr<T> from_bytes(std::string_view bytes, std::string_view what) {
  BinaryReader in(bytes);
  T value{};
  Serializer<T>::read(in, value);
  if (Status read = in.end(what); !read.ok()) return read;
  return value;
}

}  // namespace weir::detail
