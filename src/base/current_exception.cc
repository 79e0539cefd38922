#include "base/current_exception.h"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <new>

#include "base/strings.h"

namespace weir {
namespace {

/// For example "int"; "" if the type is not known.
std::string type_of_current_exception() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type->name();
}

}  // namespace

std::string describe_current_exception() {
  try {
    throw;
  } catch (const abi::__forced_unwind&) { throw; } catch (const std::bad_alloc& e) {
    return cat("ran out of memory (", e.what(), ")");
  } catch (const std::exception& e) {
    const char* const what = e.what();
    return cat("threw: ", what != nullptr ? what : type_of_current_exception().c_str());
  } catch (...) {
    return cat("threw an object of type ", type_of_current_exception(),
               ", which is not a std::exception");
  }
}

}  // namespace weir
