#include "runtime/user_code.h"

#include "base/current_exception.h"
#include "base/strings.h"

namespace weir {

Status status_of_current_exception(const std::string& label) {
  return aborted(cat(label, " ", describe_current_exception()));
}

}  // namespace weir
