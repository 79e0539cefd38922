#pragma once

#include <string>
#include <type_traits>

#include "platform/crash_report.h"
#include "weir/status.h"

namespace weir {

/// Call it in a `catch (...)`. Returns ABORTED "<label> threw: …" for an exception of the user code
/// that `label` names. Lets the unwinding of a canceled thread pass through.
Status status_of_current_exception(const std::string& label);

/// Names the user code that runs on this thread, for a crash report.
class LabeledScope final : private CrashSubject {
 public:
  /// `label` outlives the scope.
  explicit LabeledScope(const std::string& label) : label_(label), scope_(*this) {}

 private:
  const char* crash_label() const override { return label_.c_str(); }
  const std::string& label_;
  const CrashScope scope_;
};

/// Calls user code, directly or indirectly, and returns its Status or StatusOr. A failure gets the
/// label before its message, an exception becomes ABORTED with the label, and a crash report names
/// it. All user code runs here, or where a chain is driven: Task and ChainHost.
template <class Call>
std::invoke_result_t<Call&> call_user_code(const std::string& label, Call&& call) {
  const LabeledScope scope(label);
  try {
    auto result = call();
    if (result.ok()) return result;
    if constexpr (std::is_same_v<decltype(result), Status>) {
      return result.with_context(label);
    } else {
      return result.status().with_context(label);
    }
  } catch (...) { return status_of_current_exception(label); }
}

}  // namespace weir
