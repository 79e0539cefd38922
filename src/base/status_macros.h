#pragma once

#include "weir/status.h"

/// Leaves the calling function with `expr`'s Status unless it is OK.
#define WEIR_RETURN_IF_ERROR(expr)                                                         \
  do {                                                                                     \
    if (::weir::Status weir_status_ = (expr); !weir_status_.ok()) { return weir_status_; } \
  } while (false)

#define WEIR_CONCAT_INNER_(a, b) a##b
#define WEIR_CONCAT_(a, b) WEIR_CONCAT_INNER_(a, b)

/// `WEIR_ASSIGN_OR_RETURN(auto x, f());`: x is the value of f(), or the function is left with its
/// Status.
#define WEIR_ASSIGN_OR_RETURN(lhs, expr) \
  WEIR_ASSIGN_OR_RETURN_(WEIR_CONCAT_(weir_status_or_, __LINE__), lhs, expr)
#define WEIR_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                           \
  if (!tmp.ok()) return tmp.status();          \
  lhs = std::move(tmp).value()
