#include "platform/own_executable.h"

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <fstream>
#include <iterator>

namespace weir {
namespace {

struct Loaded {
  std::string loader;
  std::vector<std::string> libraries;
};

int on_object(dl_phdr_info* info, size_t, void* context) {
  auto& loaded = *static_cast<Loaded*>(context);
  const std::string name = info->dlpi_name;
  if (name.empty()) {  // the executable itself
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      if (info->dlpi_phdr[i].p_type != PT_INTERP) continue;
      loaded.loader = reinterpret_cast<const char*>(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    }
  } else if (name.starts_with("/")) {  // the kernel's virtual library has no path
    loaded.libraries.push_back(name);
  }
  return 0;
}

}  // namespace

StatusOr<OwnExecutable> own_executable() {
  OwnExecutable own;
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  std::ifstream file("/proc/self/exe", std::ios::binary);
  if (length <= 0 || !file)
    return failed_precondition("cannot read this program's own executable: /proc is not there");
  own.path.assign(path, static_cast<size_t>(length));
  own.bytes.assign(std::istreambuf_iterator<char>(file), {});
  Loaded loaded;
  dl_iterate_phdr(&on_object, &loaded);
  own.loader = std::move(loaded.loader);
  std::erase(loaded.libraries, own.loader);
  own.libraries = std::move(loaded.libraries);
  return own;
}

}  // namespace weir
