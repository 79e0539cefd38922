#include "weir/detail/offline/offline_operator.h"

#include <stdexcept>

#include "base/status_macros.h"
#include "base/strings.h"
#include "platform/real_clock.h"
#include "state/restore_check.h"

namespace weir::detail {

Status OfflineContext::open(Operator& op) {
  WEIR_RETURN_IF_ERROR(op.open(*this));
  for (const auto& [name, list] : restored_) {
    if (list.elements.empty() || declared_.contains(name)) continue;
    return failed_precondition(cat("operator '", part_.operator_label, "' has the list state '",
                                   name, "', which the function does not declare: declare it"));
  }
  return failure_;
}

StatusOr<OfflineLists> OfflineContext::snapshot(Operator& op) {
  WEIR_RETURN_IF_ERROR(failure_);
  op.prepare_barrier(*this);
  WEIR_RETURN_IF_ERROR(op.snapshot(*this));
  for (const auto& work : work_) WEIR_RETURN_IF_ERROR(work());
  WEIR_RETURN_IF_ERROR(failure_);
  return declared_;
}

FileSystemRegistry& OfflineContext::files() {
  throw std::logic_error("an operator uses files while its state is made without a job");
}

int64_t OfflineContext::processing_time_ms() const { return RealClock().wall_ms(); }

void OfflineContext::run_blocking(std::function<std::function<void()>()> work) {
  if (const auto continuation = work()) continuation();
}

StatusOr<std::vector<std::string>> OfflineContext::declare(const std::string& name,
                                                           ListStateMode mode,
                                                           TypeDescription element) {
  OfflineList& declared = declared_[name];
  declared.mode = mode;
  declared.element = std::move(element);
  const auto found = restored_.find(name);
  if (found == restored_.end()) return std::vector<std::string>();
  if (found->second.mode != mode) {
    return failed_precondition(cat("list state '", name, "' of operator '", part_.operator_label,
                                   "' is declared in another mode than it is stored in"));
  }
  std::vector<std::string> elements = found->second.elements;
  std::vector<std::string> changes;
  WEIR_RETURN_IF_ERROR(
      convert_list(name, mode, found->second.element, declared.element, &elements, &changes));
  return elements;
}

void OfflineContext::put_list(const std::string& name, std::vector<std::string> elements) {
  const auto found = declared_.find(name);
  WEIR_CHECK(found != declared_.end());
  found->second.elements = std::move(elements);
}

}  // namespace weir::detail
