#pragma once

#include <string>
#include <utility>

namespace weir {

/// The name of a side output and the type of its records. A function emits to it with
/// `context.output(tag, record)`, and `stream.get_side_output(tag)` reads it. Tags of the same name
/// mean the same side output of an operator.
template <class T>
class OutputTag {
 public:
  using Record = T;
  explicit OutputTag(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

}  // namespace weir
