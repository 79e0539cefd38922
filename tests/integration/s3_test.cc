// weir::s3 against a real server: what the conformance suite does not cover.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/strings.h"
#include "fs/probe.h"
#include "fs/s3/s3_file_system.h"
#include "http/curl_client.h"
#include "s3_fixture.h"

namespace weir {
namespace {

/// Runs each request, and loses the answers that the test chooses.
class LossyClient final : public HttpClient {
 public:
  std::vector<HttpAnswer> run(const std::vector<HttpRequest>& requests) override {
    std::vector<HttpAnswer> answers = inner_.run(requests);
    for (size_t i = 0; i < requests.size(); ++i) {
      if (requests[i].method == "HEAD") continue;
      log += cat(requests[i].method, " ", requests[i].url, "\n");
      if (++count != lose) continue;
      answers[i] = HttpAnswer{.outcome = HttpReply::Outcome::kUnknown, .problem = "lost"};
    }
    return answers;
  }
  int lose = 0;  ///< the number of a request, without those that only look
  int count = 0;
  std::string log;

 private:
  CurlClient inner_;
};

struct S3 : testing::Test {
  void SetUp() override {
    ASSERT_FALSE(test_s3().empty()) << "run.sh starts the server";
    static std::atomic<int> next{0};
    root = cat("/case-", ::getpid(), "-", next++);
    auto location = files->resolve(cat("s3://weir-test", root));
    ASSERT_TRUE(location.ok()) << location.status().to_string();
    fs = location->fs;
  }
  void TearDown() override {
    if (!fs) return;
    EXPECT_TRUE(fs->remove_all(root).ok());
  }
  std::string at(std::string_view name) const { return join_path(root, name); }

  static S3Options options() {
    S3Options made{.bucket = "weir-test", .endpoint = test_s3(), .path_style = true};
    made.parallel = 1;  // files of more than one part are uploads
    made.wall_ms = [] { return RealClock().wall_ms(); };
    return made;
  }
  static std::shared_ptr<S3Client> client(std::shared_ptr<HttpClient> http) {
    auto credentials = std::make_shared<S3CredentialChain>(
        S3CredentialSources{.config = [](std::string_view key) -> std::optional<std::string> {
                              if (key == "s3.access-key")
                                return variable("WEIR_TEST_S3_ACCESS_KEY");
                              if (key == "s3.secret-key")
                                return variable("WEIR_TEST_S3_SECRET_KEY");
                              return std::nullopt;
                            },
                            .environment = {},
                            .read_file = {},
                            .wall_ms = [] { return RealClock().wall_ms(); },
                            .region = "us-east-1"},
        http);
    return std::make_shared<S3Client>(options(), std::move(credentials), std::move(http));
  }
  /// The refusal of a look at a file, with other settings.
  static std::string refusal(std::map<std::string, std::string> config,
                             const std::string& uri = "s3://weir-test/nothing") {
    const auto other = s3_files(std::move(config));
    const auto location = other->resolve(uri);
    if (!location.ok()) return location.status().to_string();
    return location->fs->stat(location->path).status().to_string();
  }

  const std::unique_ptr<RealFileSystems> files = s3_files();
  std::shared_ptr<FileSystem> fs;
  std::string root;
};

std::string mb(size_t count) {
  std::string bytes(count << 20, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + (i >> 9));
  return bytes;
}

TEST_F(S3, AnotherProcessPublishesAStagedFile) {
  const StagedFile file{at(".f"), at("b/f")};
  const std::string bytes = mb(11);
  ASSERT_TRUE(stage_file(*fs, file, bytes).ok());
  const auto later = s3_files();
  const auto there = later->resolve(cat("s3://weir-test", root));
  ASSERT_TRUE(there.ok());
  EXPECT_EQ(*there->fs->staged_size(file), static_cast<int64_t>(bytes.size()));
  const Status published = there->fs->publish(file);
  EXPECT_TRUE(published.ok()) << published.to_string();
  EXPECT_TRUE(*read_file(*fs, at("b/f")) == bytes);
  EXPECT_EQ(there->fs->publish(file).code(), StatusCode::kNotFound);
  EXPECT_TRUE(fs->publish(file).ok()) << "it recognizes its own file";
  EXPECT_TRUE(fs->unfinished(root)->empty());
}

TEST_F(S3, WriterWhoseUploadWasAbortedPublishesNothing) {
  const StagedFile file{at(".f"), at("f")};
  ASSERT_TRUE(stage_file(*fs, file, "zombie").ok());
  const auto later = s3_files();
  const auto there = later->resolve(cat("s3://weir-test", root));
  ASSERT_TRUE(there->fs->remove(at("f")).ok());
  ASSERT_TRUE(write_file(*there->fs, at("f"), "newer.").ok());
  EXPECT_FALSE(fs->publish(file).ok());
  EXPECT_EQ(*read_file(*fs, at("f")), "newer.");

  auto slow = fs->stage({at(".g"), at("g")}, CreateMode::kExclusive);
  ASSERT_TRUE((*slow)->append(mb(6)).ok());
  ASSERT_TRUE(there->fs->remove(at("g")).ok());
  EXPECT_EQ((*slow)->close().code(), StatusCode::kAborted);
}

TEST_F(S3, LostAnswersNeitherLoseNorDoubleAnything) {
  const std::string big = mb(6);
  int requests = INT_MAX;
  for (int lose = 1; lose <= requests; ++lose) {
    const auto http = std::make_shared<LossyClient>();
    S3FileSystem lossy(client(http));
    http->lose = lose;
    const std::string place = at(cat(lose));
    const Status small = write_file(lossy, place + "/small", "small");
    const Status large = write_file(lossy, place + "/large", big);
    const StagedFile file{place + "/.f", place + "/f"};
    const Status staged = stage_file(lossy, file, big);
    const Status published = lossy.publish(file);
    for (const Status& status : {small, large, staged, published})
      EXPECT_TRUE(status.ok()) << lose << ": " << status.to_string();
    requests = std::min(requests, http->count);
    EXPECT_GE(requests, 11) << http->log;
    EXPECT_EQ(*read_file(*fs, place + "/small"), "small");
    EXPECT_TRUE(*read_file(*fs, place + "/large") == big);
    EXPECT_TRUE(*read_file(*fs, place + "/f") == big);
    EXPECT_EQ(fs->list(place)->size(), 3u);
    EXPECT_TRUE(fs->unfinished(place)->empty()) << lose;
  }
}

TEST_F(S3, ListingHasAllPages) {
  constexpr int kCount = 1205;  // a page has 1000
  const auto s3 = client(std::make_shared<CurlClient>());
  for (int from = 0; from < kCount; from += 50) {
    std::vector<S3Call> calls;
    for (int i = from; i < std::min(kCount, from + 50); ++i)
      calls.push_back({.method = "PUT",
                       .what = "write",
                       .key = cat(root.substr(1), "/d/", i),
                       .body = std::make_shared<const std::string>("x")});
    for (const S3Answer& answer : s3->call_all(std::move(calls)))
      ASSERT_TRUE(answer.status.ok()) << answer.status.to_string();
  }
  const auto entries = fs->list(at("d"));
  ASSERT_TRUE(entries.ok()) << entries.status().to_string();
  std::set<std::string> names;
  for (const FileInfo& entry : *entries) names.insert(entry.path);
  EXPECT_EQ(names.size(), static_cast<size_t>(kCount));
  EXPECT_TRUE(fs->remove_all(at("d")).ok());
  EXPECT_EQ(fs->list(at("d")).status().code(), StatusCode::kNotFound);
}

TEST_F(S3, ReadsInOrderFetchAhead) {
  const std::string bytes = mb(9);
  ASSERT_TRUE(write_file(*fs, at("f"), bytes).ok());
  const auto file = fs->open(at("f"));
  ASSERT_TRUE(file.ok());
  std::string all, piece;
  for (int64_t offset = 0; offset < (*file)->size(); offset += 100'003) {
    ASSERT_TRUE((*file)->read_at(offset, 100'003, &piece).ok());
    all += piece;
  }
  EXPECT_TRUE(all == bytes);
  ASSERT_TRUE((*file)->read_at(5, 3, &piece).ok());
  EXPECT_EQ(piece, bytes.substr(5, 3));
}

TEST_F(S3, FileThatIsReplacedWhileItIsReadIsNoticed) {
  ASSERT_TRUE(write_file(*fs, at("f"), "old").ok());
  const auto file = fs->open(at("f"));
  ASSERT_TRUE(fs->remove(at("f")).ok());
  ASSERT_TRUE(write_file(*fs, at("f"), "new").ok());
  std::string out;
  EXPECT_EQ((*file)->read_at(0, 3, &out).code(), StatusCode::kDataLoss);
}

TEST_F(S3, DirectoryCanBeProbed) {
  const Status probed = probe_directory({fs, at("d"), "s3://weir-test/d"}, "p");
  EXPECT_TRUE(probed.ok()) << probed.to_string();
  EXPECT_TRUE(fs->list(at("d"))->empty());
  EXPECT_TRUE(fs->unfinished(root)->empty());
}

TEST_F(S3, RefusalsSayWhichAndWhatToDo) {
  const auto has = [](const std::string& text, std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts)
      EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
  };
  has(refusal({{"s3.secret-key", "wrong"}}),
      {"PERMISSION_DENIED", "s3://weir-test/", "SignatureDoesNotMatch", "s3.secret-key"});
  has(refusal({{"s3.access-key", "nobody"}}), {"PERMISSION_DENIED", "check s3.access-key"});
  has(refusal({}, "s3://no-such-bucket/a"),
      {"FAILED_PRECONDITION", "s3://no-such-bucket/", "NoSuchBucket", "create the bucket"});
  has(refusal({}, "s3://Not_A_Bucket/a"), {"INVALID_ARGUMENT", "is no bucket"});
  has(refusal({{"s3.endpoint", "http://127.0.0.1:1"}}),
      {"UNAVAILABLE", "http://127.0.0.1:1 is not reachable", "s3.endpoint"});
  has(refusal({{"s3.endpoint", "ftp://x"}}), {"INVALID_ARGUMENT", "s3.endpoint"});
  has(refusal({{"s3.access-key", ""}, {"s3.secret-key", ""}}),
      {"FAILED_PRECONDITION", "no credentials", "AWS_ACCESS_KEY_ID"});
  has(refusal({{"s3.secret-key", ""}}),
      {"FAILED_PRECONDITION", "s3.access-key is set, but s3.secret-key is not"});
}

TEST_F(S3, WrongClockIsNamed) {
  S3Options skewed = options();
  skewed.wall_ms = [] { return RealClock().wall_ms() + 3600 * 1000; };
  auto credentials = std::make_shared<S3CredentialChain>(
      S3CredentialSources{.config = [](std::string_view key) -> std::optional<std::string> {
                            return variable(key == "s3.access-key"   ? "WEIR_TEST_S3_ACCESS_KEY"
                                            : key == "s3.secret-key" ? "WEIR_TEST_S3_SECRET_KEY"
                                                                     : "WEIR_TEST_S3_NOTHING");
                          },
                          .environment = {},
                          .read_file = {},
                          .wall_ms = skewed.wall_ms,
                          .region = "us-east-1"},
      std::make_shared<CurlClient>());
  S3Client client(skewed, credentials, std::make_shared<CurlClient>());
  const Status status = client.list("", true, 1).status();
  EXPECT_NE(status.to_string().find("RequestTimeTooSkewed"), std::string::npos)
      << status.to_string();
  EXPECT_NE(status.to_string().find("clock"), std::string::npos);
}

TEST_F(S3, CredentialsComeFromTheEnvironmentOrAProfile) {
  const std::map<std::string, std::string> none = {{"s3.access-key", ""}, {"s3.secret-key", ""}};
  const auto works = [&](std::map<std::string, std::string> variables) {
    const auto other = s3_files(none, std::move(variables));
    const auto location = other->resolve("s3://weir-test/");
    return location.ok() ? location->fs->list("/").status() : location.status();
  };
  EXPECT_TRUE(works({{"AWS_ACCESS_KEY_ID", variable("WEIR_TEST_S3_ACCESS_KEY")},
                     {"AWS_SECRET_ACCESS_KEY", variable("WEIR_TEST_S3_SECRET_KEY")}})
                  .ok());
  const std::string file =
      (std::filesystem::temp_directory_path() / cat("weir-s3-", ::getpid())).string();
  std::ofstream(file) << "[default]\naws_access_key_id = x\naws_secret_access_key = y\n"
                      << "[ weir ]\naws_access_key_id = " << variable("WEIR_TEST_S3_ACCESS_KEY")
                      << "\naws_secret_access_key=" << variable("WEIR_TEST_S3_SECRET_KEY") << "\n";
  EXPECT_TRUE(works({{"AWS_SHARED_CREDENTIALS_FILE", file}, {"AWS_PROFILE", "weir"}}).ok());
  EXPECT_EQ(works({{"AWS_SHARED_CREDENTIALS_FILE", file}}).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(works({{"AWS_SHARED_CREDENTIALS_FILE", file}, {"AWS_PROFILE", "other"}}).code(),
            StatusCode::kFailedPrecondition);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace weir
