#include "weir/connector/print_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "connectors/test_host.h"

namespace weir {
namespace {

/// Redirects standard output to another file.
class StandardOutput {
 public:
  explicit StandardOutput(int fd) : before_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    dup2(fd, STDOUT_FILENO);
    close(fd);
  }
  ~StandardOutput() {
    dup2(before_, STDOUT_FILENO);
    close(before_);
    std::clearerr(stdout);
  }

 private:
  const int before_;
};

/// The failure of a task that printed a record.
Status failure_of_printing(int fd) {
  const auto writer = PrintSink<std::string>().create_writer();
  TestHost host(std::make_shared<MemoryFileSystem>(), {});
  EXPECT_TRUE(writer->open(host).ok());
  BatchOf<std::string> batch;
  batch.add("a line");
  const StandardOutput output(fd);
  writer->write(batch);
  return host.failure;
}

TEST(PrintSink, WrittenRecordIsPrinted) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  EXPECT_TRUE(failure_of_printing(pipe[1]).ok());
  char text[16];
  EXPECT_EQ(std::string(text, static_cast<size_t>(read(pipe[0], text, sizeof text))), "a line\n");
  close(pipe[0]);
}

TEST(PrintSink, FullDeviceFailsTheTask) {
  EXPECT_EQ(failure_of_printing(open("/dev/full", O_WRONLY)).to_string(),
            "FAILED_PRECONDITION: cannot write to standard output: No space left on device");
}

TEST(PrintSink, ClosedPipeFailsTheTask) {
  signal(SIGPIPE, SIG_IGN);  // as the process of a job does
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  close(pipe[0]);
  EXPECT_EQ(failure_of_printing(pipe[1]).to_string(),
            "CANCELLED: the program that read standard output has ended, so nothing more "
            "can be printed");
}

}  // namespace
}  // namespace weir
