#include "platform/elf_symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "platform/unique_fd.h"

namespace weir {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{1} << 30;  ///< of one table

/// Reads `count` objects at `offset`; empty if the file does not have them.
template <class T>
std::vector<T> read_at(int file, uint64_t offset, uint64_t count) {
  if (count > kMaxBytes / sizeof(T)) return {};
  std::vector<T> all(count);
  char* at = reinterpret_cast<char*>(all.data());
  size_t left = count * sizeof(T);
  while (left > 0) {
    const ssize_t got = ::pread(file, at, left, static_cast<off_t>(offset));
    if (got <= 0) return {};
    at += got;
    offset += static_cast<uint64_t>(got);
    left -= static_cast<size_t>(got);
  }
  return all;
}

}  // namespace

ElfSymbols ElfSymbols::read(const std::string& path) {
  ElfSymbols symbols;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return symbols;
  const auto header = read_at<Elf64_Ehdr>(file.get(), 0, 1);
  if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0 ||
      header[0].e_ident[EI_CLASS] != ELFCLASS64 || header[0].e_shentsize != sizeof(Elf64_Shdr))
    return symbols;
  const auto sections = read_at<Elf64_Shdr>(file.get(), header[0].e_shoff, header[0].e_shnum);
  const auto table = std::find_if(sections.begin(), sections.end(), [](const Elf64_Shdr& section) {
    return section.sh_type == SHT_SYMTAB;
  });
  if (table == sections.end() || table->sh_link >= sections.size()) return symbols;
  const Elf64_Shdr& strings = sections[table->sh_link];
  const auto names = read_at<char>(file.get(), strings.sh_offset, strings.sh_size);
  if (names.empty() || names.back() != '\0') return symbols;
  for (const Elf64_Sym& symbol :
       read_at<Elf64_Sym>(file.get(), table->sh_offset, table->sh_size / sizeof(Elf64_Sym))) {
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_value == 0 ||
        symbol.st_name >= names.size())
      continue;
    symbols.functions_.push_back({symbol.st_value, symbol.st_size, symbol.st_name});
  }
  symbols.names_.assign(names.begin(), names.end());
  std::sort(symbols.functions_.begin(), symbols.functions_.end(),
            [](const Function& a, const Function& b) { return a.begin < b.begin; });
  return symbols;
}

std::string ElfSymbols::name_at(uint64_t address) const {
  auto after = std::upper_bound(
      functions_.begin(), functions_.end(), address,
      [](uint64_t value, const Function& function) { return value < function.begin; });
  if (after == functions_.begin()) return "";
  const Function& function = *--after;
  // Assembly may have no size.
  if (function.size > 0 && address - function.begin >= function.size) return "";
  return names_.c_str() + function.name;
}

}  // namespace weir
