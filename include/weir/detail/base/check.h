#pragma once

#include <sstream>
#include <string>

namespace weir::detail {

[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& operands);

template <class A, class B>
[[noreturn]] __attribute__((noinline, cold)) void check_failed_op(const char* file, int line,
                                                                  const char* condition, const A& a,
                                                                  const B& b) {
  std::ostringstream text;
  text << a << " against " << b;
  check_failed(file, line, condition, text.str());
}

}  // namespace weir::detail

/// Checks for bugs in weir, never for data from disk, network or users. Always enabled.
#define WEIR_CHECK(condition)         \
  (__builtin_expect(!!(condition), 1) \
       ? (void)0                      \
       : ::weir::detail::check_failed(__FILE__, __LINE__, #condition, ""))

#define WEIR_CHECK_OP_(a, op, b)                                                                \
  do {                                                                                          \
    auto&& weir_a_ = (a);                                                                       \
    auto&& weir_b_ = (b);                                                                       \
    if (__builtin_expect(!(weir_a_ op weir_b_), 0))                                             \
      ::weir::detail::check_failed_op(__FILE__, __LINE__, #a " " #op " " #b, weir_a_, weir_b_); \
  } while (false)
#define WEIR_CHECK_EQ(a, b) WEIR_CHECK_OP_(a, ==, b)
#define WEIR_CHECK_LE(a, b) WEIR_CHECK_OP_(a, <=, b)
#define WEIR_CHECK_LT(a, b) WEIR_CHECK_OP_(a, <, b)
#define WEIR_CHECK_GE(a, b) WEIR_CHECK_OP_(a, >=, b)
