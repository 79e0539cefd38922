#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace weir::rest {

/// A JSON value that is built and written, never read. Members stay in the order in which they were
/// made. A list in braces is an object if all its elements are pairs that begin with a string, and
/// an array otherwise.
class Json {
 public:
  Json(std::nullptr_t = nullptr) {}  // NOLINT: values convert, so that bodies read like JSON
  Json(bool value) : kind_(Kind::kBool), whole_(value ? 1 : 0) {}
  Json(std::integral auto value) : kind_(Kind::kWhole), whole_(static_cast<int64_t>(value)) {}
  Json(double value) : kind_(Kind::kNumber), number_(value) {}
  Json(std::string_view text) : kind_(Kind::kText), text_(text) {}
  Json(const std::string& text) : Json(std::string_view(text)) {}
  Json(const char* text) : Json(std::string_view(text)) {}
  Json(std::initializer_list<Json> list);
  static Json array(std::initializer_list<Json> elements = {});
  static Json object();

  /// The member of that name, which is made if there is none. Makes an object of null.
  Json& operator[](std::string_view name);
  /// Sets all members of another object.
  void update(const Json& other);
  void push_back(Json element);
  /// The last element of an array that is not empty.
  Json& last() { return elements_.back(); }

  size_t size() const { return elements_.size(); }
  bool empty() const { return elements_.empty(); }
  bool is_number() const { return kind_ == Kind::kWhole || kind_ == Kind::kNumber; }
  double number() const { return kind_ == Kind::kWhole ? static_cast<double>(whole_) : number_; }
  /// Of an object, in the order of elements().
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<Json>& elements() const { return elements_; }

  /// As text. Bytes that are no UTF-8 become the replacement character.
  std::string text() const;

 private:
  enum class Kind : uint8_t { kNull, kBool, kWhole, kNumber, kText, kArray, kObject };
  void write(std::string* out) const;

  Kind kind_ = Kind::kNull;
  int64_t whole_ = 0;
  double number_ = 0;
  std::string text_;
  std::vector<std::string> names_;
  std::vector<Json> elements_;
};

}  // namespace weir::rest
