#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weir/connector/file_sink_options.h"

namespace weir {

/// Compresses one file. Thread: one at a time.
class Compressor {
 public:
  virtual ~Compressor() = default;
  /// Takes bytes, and appends to `out` what is ready of their compressed form.
  virtual void add(std::string_view bytes, std::string& out) = 0;
  /// Appends the rest.
  virtual void finish(std::string& out) = 0;
};

/// Null for kNone.
std::unique_ptr<Compressor> make_compressor(Compression compression);
/// ".gz" and so on.
std::string_view suffix_of(Compression compression);

}  // namespace weir
