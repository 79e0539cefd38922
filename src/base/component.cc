#include "base/component.h"

#include "base/strings.h"

namespace weir {

Status component_missing(std::string_view what, std::string_view component) {
  return failed_precondition(cat(what, " needs the component weir::", component,
                                 ", which this program is not linked with: name it in the "
                                 "program's target_link_libraries, or weir::weir, which has all"));
}

}  // namespace weir
