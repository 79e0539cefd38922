#include "weir/detail/types/held_bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "weir/types/fields.h"
#include "weir/types/types.h"

namespace weir::detail {
namespace {

template <class T>
size_t held(const T& value) {
  return HeldBytes<T>::of(value);
}

struct Listed {
  int64_t id = 0;
  std::string text;
  std::vector<std::string> words;
  WEIR_FIELDS(Listed, id, text, words)
};
struct Outside {
  int64_t id = 0;
  std::string text;
};
WEIR_FIELDS_OF(Outside, id, text)

TEST(HeldBytes, NumbersCountTheirSize) {
  EXPECT_EQ(held(int64_t{5}), 8u);
  EXPECT_EQ(held(std::array<int32_t, 100>{}), 400u);
  EXPECT_TRUE(HeldBytes<int64_t>::kFixed);
  EXPECT_FALSE(HeldBytes<std::string>::kFixed);
}

TEST(HeldBytes, NestedTextsAndContainersAreCounted) {
  const std::string text(1000, 'x');
  EXPECT_EQ(held(text), sizeof text + 1000);
  EXPECT_EQ(held(Listed{1, text, {text, text}}), sizeof(Listed) + 1000 + 2 * (sizeof text + 1000));
  EXPECT_EQ(held(Outside{1, text}), sizeof(Outside) + 1000);
  EXPECT_EQ(held(std::pair<const int, std::string>(1, text)),
            sizeof(std::pair<const int, std::string>) + 1000);
  EXPECT_EQ(held(std::tuple<int, std::string>(1, text)),
            sizeof(std::tuple<int, std::string>) + 1000);
  EXPECT_EQ(held(std::optional<std::string>(text)), sizeof(std::optional<std::string>) + 1000);
  EXPECT_EQ(held(std::optional<std::string>()), sizeof(std::optional<std::string>));
  EXPECT_EQ(held(std::variant<int, std::string>(text)),
            sizeof(std::variant<int, std::string>) + 1000);
  EXPECT_EQ(held(std::vector<uint8_t>(1000)), sizeof(std::vector<uint8_t>) + 1000);
  EXPECT_EQ(held(std::map<int, std::string>{{1, text}}),
            sizeof(std::map<int, std::string>) + sizeof(std::pair<const int, std::string>) + 1000);
  EXPECT_EQ(held(std::shared_ptr<int>()), sizeof(std::shared_ptr<int>));
}

}  // namespace
}  // namespace weir::detail
