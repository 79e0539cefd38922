#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

/// The functions of an ELF file, by address in the file. Thread: one at a time.
class ElfSymbols {
 public:
  /// Empty if the file cannot be read, or was stripped.
  static ElfSymbols read(const std::string& path);

  /// The name, as the linker knows it, of the function that contains the address; empty: none.
  std::string name_at(uint64_t address) const;
  size_t size() const { return functions_.size(); }

 private:
  struct Function {
    uint64_t begin = 0;
    uint64_t size = 0;
    uint32_t name = 0;  ///< in names_
  };
  std::vector<Function> functions_;  ///< by begin
  std::string names_;
};

}  // namespace weir
