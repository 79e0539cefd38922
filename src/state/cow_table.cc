#include "weir/detail/state/cow_table.h"

namespace weir::detail {

alignas(64) const uintptr_t kNoPages[512] = {};

}  // namespace weir::detail
