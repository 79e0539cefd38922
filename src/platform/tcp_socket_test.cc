#include "platform/tcp_socket.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace weir {
namespace {

TEST(TcpSocket, ConnectThatFailsAtOnceSaysWhy) {
  const auto broadcast = numeric_address({"255.255.255.255", 9});  // no peer of TCP
  ASSERT_TRUE(broadcast.has_value());
  int error = 0;
  (void)start_connect(*broadcast, &error);
  EXPECT_NE(error, 0);
  EXPECT_NE(error, EINPROGRESS);
}

}  // namespace
}  // namespace weir
