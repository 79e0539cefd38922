#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace weir {

/// Says what the caller should do about a failure. The names and meanings are those of the
/// canonical RPC codes:
///   kUnavailable         retry the same call later
///   kAborted             the larger operation lost a race: restart it
///   kFailedPrecondition  do not retry until something outside is fixed
///   kDataLoss            bytes are damaged or missing; a retry cannot help
///   kInternal            a bug in weir itself
enum class StatusCode {
  kOk,
  kCancelled,
  kInvalidArgument,
  kDeadlineExceeded,
  kNotFound,
  kAlreadyExists,
  kPermissionDenied,
  kResourceExhausted,
  kFailedPrecondition,
  kAborted,
  kUnimplemented,
  kInternal,
  kUnavailable,
  kDataLoss,
};

std::string_view to_string(StatusCode code);

/// Success, or a code and a sentence that says what was tried, on what, and what to do. A value
/// type, one pointer wide, null on success. Thread: any, like a std::string.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message)
      : rep_(code == StatusCode::kOk ? nullptr
                                     : std::make_shared<const Rep>(Rep{code, std::move(message)})) {
  }

  bool ok() const { return rep_ == nullptr; }
  StatusCode code() const { return rep_ ? rep_->code : StatusCode::kOk; }
  std::string_view message() const {
    return rep_ ? std::string_view(rep_->message) : std::string_view();
  }
  /// Returns "UNAVAILABLE: cannot reach …" or "OK".
  std::string to_string() const;

  /// Returns the same code with `context: ` before the message.
  Status with_context(std::string_view context) const;

 private:
  struct Rep {
    StatusCode code;
    std::string message;
  };
  std::shared_ptr<const Rep> rep_;
};

inline Status invalid_argument(std::string m) {
  return {StatusCode::kInvalidArgument, std::move(m)};
}
inline Status not_found(std::string m) { return {StatusCode::kNotFound, std::move(m)}; }
inline Status already_exists(std::string m) { return {StatusCode::kAlreadyExists, std::move(m)}; }
inline Status permission_denied(std::string m) {
  return {StatusCode::kPermissionDenied, std::move(m)};
}
inline Status resource_exhausted(std::string m) {
  return {StatusCode::kResourceExhausted, std::move(m)};
}
inline Status failed_precondition(std::string m) {
  return {StatusCode::kFailedPrecondition, std::move(m)};
}
inline Status deadline_exceeded(std::string m) {
  return {StatusCode::kDeadlineExceeded, std::move(m)};
}
inline Status aborted(std::string m) { return {StatusCode::kAborted, std::move(m)}; }
inline Status cancelled(std::string m) { return {StatusCode::kCancelled, std::move(m)}; }
inline Status unavailable(std::string m) { return {StatusCode::kUnavailable, std::move(m)}; }
inline Status unimplemented(std::string m) { return {StatusCode::kUnimplemented, std::move(m)}; }
inline Status data_loss(std::string m) { return {StatusCode::kDataLoss, std::move(m)}; }
inline Status internal_error(std::string m) { return {StatusCode::kInternal, std::move(m)}; }

namespace detail {
[[noreturn]] void die_bad_status_access(const Status& status);
}

/// A value, or the reason why there is none. Taking the value of a failure is a bug in the caller,
/// and ends the process with the failure's message.
template <class T>
class [[nodiscard]] StatusOr {
 public:
  StatusOr(Status status)
      : rep_(std::move(status)) {}  // NOLINT: implicit, so that `return not_found(…)` reads well
  StatusOr(T value) : rep_(std::in_place_index<1>, std::move(value)) {}  // NOLINT
  template <class U>
  requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Status> &&
           !std::is_same_v<std::remove_cvref_t<U>, StatusOr<T>>)
  StatusOr(U&& value) : rep_(std::in_place_index<1>, std::forward<U>(value)) {}  // NOLINT

  bool ok() const { return rep_.index() == 1; }
  Status status() const { return ok() ? Status() : std::get<0>(rep_); }

  T& value() & {
    check();
    return *std::get_if<1>(&rep_);
  }
  const T& value() const& {
    check();
    return *std::get_if<1>(&rep_);
  }
  T&& value() && {
    check();
    return std::move(*std::get_if<1>(&rep_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void check() const {
    if (!ok()) detail::die_bad_status_access(std::get<0>(rep_));
  }
  std::variant<Status, T> rep_;
};

}  // namespace weir
