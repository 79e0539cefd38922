#include "platform/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "base/strings.h"
#include "platform/unique_fd.h"

namespace weir {
namespace {

TEST(ServiceManager, GetsTheStateAtASocketWithOrWithoutAFile) {
  for (const std::string& name :
       {cat("/tmp/weir-notify-", ::getpid()), cat("@weir-notify-", ::getpid())}) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
              0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    notify_service_manager("READY=1");
    ::unsetenv("NOTIFY_SOCKET");
    char text[64] = "";
    EXPECT_EQ(::recv(socket.get(), text, sizeof text, 0), 7) << name;
    EXPECT_STREQ(text, "READY=1");
    ::unlink(name.c_str());
  }
}

TEST(ServiceManager, IsNotNeeded) {
  ::unsetenv("NOTIFY_SOCKET");
  notify_service_manager("READY=1");
  for (const std::string& name : {std::string("/tmp/there/is/nobody"), std::string("relative"),
                                  std::string(), "/" + std::string(1000, 'x')}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    notify_service_manager("READY=1");
  }
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace weir
