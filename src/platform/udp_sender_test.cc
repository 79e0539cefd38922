#include "platform/udp_sender.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "platform/tcp_socket.h"

namespace weir {
namespace {

TEST(UdpSender, SendsEachDatagramWhole) {
  const UniqueFd receiver(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(receiver.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
  auto sender = UdpSender::open(local_address(receiver.get()).to_address());
  ASSERT_TRUE(sender.ok()) << sender.status().message();
  for (const std::string_view sent : {"first:1|g", "second:2|g\nthird:3|g"}) {
    ASSERT_TRUE(sender->send(sent).ok());
    char buffer[100];
    const ssize_t length = ::recv(receiver.get(), buffer, sizeof buffer, 0);
    ASSERT_GT(length, 0);
    EXPECT_EQ(std::string_view(buffer, static_cast<size_t>(length)), sent);
  }
}

TEST(UdpSender, ADatagramThatIsTooLargeIsAnError) {
  auto sender = UdpSender::open({"127.0.0.1", 9});
  ASSERT_TRUE(sender.ok());
  EXPECT_FALSE(sender->send(std::string(70'000, 'x')).ok());
}

TEST(UdpSender, RefusesAHostThatDoesNotExist) {
  EXPECT_FALSE(UdpSender::open({"no-such-host.invalid", 8125}).ok());
}

}  // namespace
}  // namespace weir
