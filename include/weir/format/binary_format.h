#pragma once

#include <string>
#include <string_view>

#include "weir/format/schema.h"
#include "weir/types/types.h"

namespace weir {

/// The bytes of weir's serializer of T, which are also those of Flink's serializer for the same
/// type (docs/formats/types.md). Flink's TypeInformationSerializationSchema. The bytes do not
/// describe themselves: both sides need the same T.
template <class T>
class BinaryFormat final : public Format<T> {
 public:
  StatusOr<T> deserialize(std::string_view message) override {
    detail::require_serializable<T>();
    BinaryReader in(message);
    T record{};
    Serializer<T>::read(in, record);
    if (Status read = in.end("the message"); !read.ok())
      return invalid_argument(std::string(read.message()));
    return record;
  }
  Status serialize(const T& record, std::string& out) override {
    scratch_.clear();
    Serializer<T>::write(scratch_, record);
    out += scratch_.buffer();
    return {};
  }

 private:
  BinaryWriter scratch_;
};

}  // namespace weir
