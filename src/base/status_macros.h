#pragma once

#include "weir/status.h"

/// Returns the Status of `expr` from the calling function unless it is OK.
#define WEIR_RETURN_IF_ERROR(expr)                                                         \
  do {                                                                                     \
    if (::weir::Status weir_status_ = (expr); !weir_status_.ok()) { return weir_status_; } \
  } while (false)

#define WEIR_CONCAT_INNER_(a, b) a##b
#define WEIR_CONCAT_(a, b) WEIR_CONCAT_INNER_(a, b)

/// `WEIR_ASSIGN_OR_RETURN(auto x, f());`: assigns the value of f() to x, or returns its Status.
#define WEIR_ASSIGN_OR_RETURN(lhs, expr) \
  WEIR_ASSIGN_OR_RETURN_(WEIR_CONCAT_(weir_status_or_, __LINE__), lhs, expr)
#define WEIR_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                           \
  if (!tmp.ok()) return tmp.status();          \
  lhs = std::move(tmp).value()
