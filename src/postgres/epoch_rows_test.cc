#include "postgres/epoch_rows.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace weir::postgres {
namespace {

EpochRows two_rows() {
  Rows rows;
  JdbcStatement row;
  rows.add(row.set(1, "a").set_null(2));
  row.clear();
  rows.add(row.set(1, "").set(2, 7));
  return {"totals",     name_of_nonce(1), name_of_writer(0xAB, 3), 9, "INSERT",
          rows.count(), rows.buffer()};
}

TEST(EpochRows, KeepTheirBytes) {
  // docs/formats/jdbc_sink.md shows them. Checkpoints have them, so they must not change.
  EXPECT_EQ(to_hex(two_rows().encode()),
            "00000001"
            "00000006746f74616c73"
            "0000001030303030303030303030303030303031"
            "0000001230303030303030303030303030306162"
            "2d33"
            "0000000000000009"
            "00000006494e53455254"
            "0000000000000002"
            "0000001d"
            "00000002000000026100ffffffff"
            "000000020000000100000000023700");
}

TEST(EpochRows, AreReadAsTheyWereWritten) {
  const auto epoch = EpochRows::decode(two_rows().encode());
  ASSERT_TRUE(epoch.ok()) << epoch.status().to_string();
  EXPECT_EQ(epoch->writer, "00000000000000ab-3");
  EXPECT_EQ(epoch->epoch, 9);
  EXPECT_EQ(epoch->count, 2);
  RowReader rows(epoch->rows);
  const auto first = rows.next();
  ASSERT_TRUE(first.ok());
  ASSERT_EQ((*first)->size(), 2U);
  EXPECT_STREQ((**first)[0], "a");
  EXPECT_EQ((**first)[1], nullptr);
  const auto second = rows.next();
  ASSERT_TRUE(second.ok());
  EXPECT_STREQ((**second)[0], "");
  EXPECT_STREQ((**second)[1], "7");
  EXPECT_TRUE(rows.at_end());
}

TEST(EpochRows, DamagedBytesAreNoticed) {
  const std::string bytes = two_rows().encode();
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(EpochRows::decode(bytes.substr(0, length)).ok()) << length;
  EXPECT_EQ(EpochRows::decode("\0\0\0\7" + bytes.substr(4)).status().code(), StatusCode::kDataLoss);
  const std::string rows = two_rows().rows;
  for (size_t at = 0; at < rows.size(); ++at) {
    std::string damaged = rows;
    damaged[at] = '\x7f';
    RowReader reader(damaged);
    while (!reader.at_end() && reader.next().ok()) {}  // reads nothing outside of the bytes
  }
  RowReader open_end(std::string_view("\0\0\0\1\0\0\0\1x", 9));
  EXPECT_EQ(open_end.next().status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir::postgres
