#include "fs/hdfs/security/token_file.h"

#include <gtest/gtest.h>

#include "fs/hdfs/rpc/delimited.h"
#include "fs/hdfs/rpc/hadoop.pb.h"
#include "fs/testing/mutations.h"

namespace weir {
namespace {

/// A length or count as WritableUtils.writeVInt writes it.
std::string number(size_t value) {
  if (value < 128) return std::string(1, static_cast<char>(value));
  return {'\x8F', static_cast<char>(value)};  // -113: one byte follows
}
std::string text(const std::string& bytes) { return number(bytes.size()) + bytes; }

const std::string kLong(200, 'i');

/// Two tokens and a secret, in the format that YARN writes.
std::string writables() {
  return std::string("HDTS\0", 5) + number(2) + text("alias") + text("timeline") + text("p") +
         text("TIMELINE_DELEGATION_TOKEN") + text("") + text("ha-hdfs:ns") + text(kLong) +
         text(std::string("\xFF\0", 2)) + text("HDFS_DELEGATION_TOKEN") + text("ha-hdfs:ns") +
         number(1) + text("key") + text("secret");
}

std::string protobuf() {
  hadoop::Credentials credentials;
  auto* entry = credentials.add_tokens();
  entry->set_alias("alias");
  entry->mutable_token()->set_identifier(kLong);
  entry->mutable_token()->set_password(std::string("\xFF\0", 2));
  entry->mutable_token()->set_kind("HDFS_DELEGATION_TOKEN");
  entry->mutable_token()->set_service("ha-hdfs:ns");
  std::string bytes("HDTS\1", 5);
  append_delimited(credentials, &bytes);
  return bytes;
}

TEST(TokenFileTest, BothFormatsAreRead) {
  for (const std::string& bytes : {writables(), protobuf()}) {
    const auto tokens = parse_token_file(bytes);
    ASSERT_TRUE(tokens.ok()) << tokens.status().to_string();
    const HadoopToken& token = tokens->back();
    EXPECT_EQ(token.identifier, kLong);
    EXPECT_EQ(token.password, std::string("\xFF\0", 2));
    EXPECT_EQ(token.kind, "HDFS_DELEGATION_TOKEN");
    EXPECT_EQ(token.service, "ha-hdfs:ns");
  }
  EXPECT_EQ(parse_token_file(writables())->size(), 2u);
  EXPECT_TRUE(parse_token_file(std::string("HDTS\0\0\0", 7))->empty());
}

TEST(TokenFileTest, CutAndLongerFilesAreRefused) {
  for (const std::string& bytes : {writables(), protobuf()}) {
    for (size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(parse_token_file(bytes.substr(0, size)).ok()) << size;
    EXPECT_FALSE(parse_token_file(bytes + "x").ok());
  }
}

TEST(TokenFileTest, OtherFilesAreRefused) {
  for (const std::string& bytes :
       {std::string("{}"), std::string("HDTS\2\0\0", 7), std::string("HDTS\0\x80\0", 7),
        std::string("HDTS\0\x88\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 14),
        std::string("HDTS\0\x8C\x7F\xFF\xFF\xFF", 10)})
    EXPECT_EQ(parse_token_file(bytes).status().code(), StatusCode::kInvalidArgument);
}

TEST(TokenFileTest, DamagedFilesAreReadOrRefused) {
  Mutations mutations({writables(), protobuf()});
  for (std::string bytes; mutations.next(&bytes);) {
    const auto tokens = parse_token_file(bytes);
    if (!tokens.ok()) continue;
    for (const HadoopToken& token : *tokens)
      ASSERT_LE(token.identifier.size() + token.password.size(), bytes.size());
  }
}

TEST(TokenFileTest, TokenIsChosenByKindAndService) {
  const std::vector<HadoopToken> tokens = {{"a", "", "HDFS_DELEGATION_TOKEN", "10.0.0.1:8020"},
                                           {"b", "", "kms-dt", "ha-hdfs:ns"},
                                           {"c", "", "HDFS_DELEGATION_TOKEN", "ha-hdfs:ns"}};
  EXPECT_EQ(delegation_token_of(tokens, {"ha-hdfs:ns", "10.0.0.1:8020"})->identifier, "c");
  EXPECT_EQ(delegation_token_of(tokens, {"nn:8020", "10.0.0.1:8020"})->identifier, "a");
  EXPECT_EQ(delegation_token_of(tokens, {"ha-hdfs:other"}), nullptr);
}

TEST(TokenFileTest, OwnerIsTheShortNameOfThePrincipal) {
  const std::string version(1, '\0');
  EXPECT_EQ(owner_of_token(version + text("alice/host@REALM") + text("yarn")), "alice");
  EXPECT_EQ(owner_of_token(version + text("bob")), "bob");
  for (const std::string& identifier :
       {std::string(), version, "\1" + text("bob"), version + "\5b"})
    EXPECT_EQ(owner_of_token(identifier), "");
}

}  // namespace
}  // namespace weir
