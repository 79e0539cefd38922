#include "platform/handshake.h"

#include <gtest/gtest.h>

#include <vector>

#include "platform/splitmix.h"

namespace weir {
namespace {

using Role = Handshake::Role;

constexpr size_t kHello = 44;
constexpr size_t kProof = 32;
const char* const kSecret = "a secret of more than 16 bytes";

Handshake::Nonce nonce(char fill) {
  Handshake::Nonce nonce;
  nonce.fill(fill);
  return nonce;
}

struct Outcome {
  Status status;
  bool done = false;
  std::string sent;
};

/// Feeds `input` to one side of a handshake in pieces of `step` bytes.
Outcome hear(Handshake& side, std::string_view input, size_t step = 1000) {
  Outcome outcome;
  for (; !input.empty() && outcome.status.ok() && !side.done();
       input.remove_prefix(std::min(step, input.size()))) {
    std::string_view piece = input.substr(0, step);
    outcome.status = side.receive(&piece, &outcome.sent);
  }
  outcome.done = side.done();
  return outcome;
}

struct Meeting {
  Outcome dialer;
  Outcome listener;
  std::string to_listener;
  std::string to_dialer;
};

/// Runs both sides until nothing is in flight. The functions can change the bytes on their way to
/// the listener or dialer.
Meeting meet(Handshake dialer, Handshake listener, size_t step = 1000) {
  Meeting meeting;
  std::string to_listener = dialer.greeting();
  std::string to_dialer = listener.greeting();
  while ((!to_listener.empty() && meeting.listener.status.ok()) ||
         (!to_dialer.empty() && meeting.dialer.status.ok())) {
    meeting.to_listener += to_listener;
    if (meeting.listener.status.ok())
      meeting.listener = hear(listener, std::exchange(to_listener, {}), step);
    to_dialer += std::exchange(meeting.listener.sent, {});
    meeting.to_dialer += to_dialer;
    if (meeting.dialer.status.ok())
      meeting.dialer = hear(dialer, std::exchange(to_dialer, {}), step);
    to_listener = std::exchange(meeting.dialer.sent, {});
  }
  return meeting;
}

Handshake dialer(std::string secret, std::string binding = "") {
  return {Role::kDialer, std::move(secret), std::move(binding), nonce('d')};
}
Handshake listener(std::string secret, std::string binding = "") {
  return {Role::kListener, std::move(secret), std::move(binding), nonce('l')};
}

TEST(Handshake, WithoutASecretBothAreDoneAfterTheirGreetings) {
  const Meeting meeting = meet(dialer(""), listener(""));
  EXPECT_TRUE(meeting.dialer.done && meeting.listener.done);
  EXPECT_EQ(meeting.to_listener, std::string("WEIR\r\n\x1a\n\x01\0D\0", 12) + std::string(32, 'd'));
  EXPECT_EQ(meeting.to_dialer, std::string("WEIR\r\n\x1a\n\x01\0L\0", 12) + std::string(32, 'l'));
}

TEST(Handshake, WithTheSameSecretBothAreDoneHoweverTheBytesAreCut) {
  for (const size_t step : {1, 5, 44, 1000}) {
    const Meeting meeting = meet(dialer(kSecret), listener(kSecret), step);
    EXPECT_TRUE(meeting.dialer.done && meeting.listener.done) << step;
    EXPECT_EQ(meeting.to_listener.size(), kHello + kProof);
    EXPECT_EQ(meeting.to_dialer.size(), kHello + kProof);
  }
}

TEST(Handshake, LeavesFollowingBytesForTheFrames) {
  Handshake side = listener("");
  const std::string input = dialer("").greeting() + "rest";
  std::string_view bytes = input;
  std::string answer;
  ASSERT_TRUE(side.receive(&bytes, &answer).ok());
  EXPECT_TRUE(side.done());
  EXPECT_EQ(bytes, "rest");
}

TEST(Handshake, WrongSecretIsRefusedAndTheListenerProvesNothing) {
  const Meeting meeting = meet(dialer("another secret of 16 bytes"), listener(kSecret));
  EXPECT_EQ(meeting.listener.status.code(), StatusCode::kPermissionDenied);
  EXPECT_NE(meeting.listener.status.message().find("security.shared-secret.file"),
            std::string::npos);
  EXPECT_EQ(meeting.to_dialer.size(), kHello)
      << "a proof would let a stranger guess secrets at leisure";
  EXPECT_FALSE(meeting.dialer.done);
}

TEST(Handshake, ListenerWithoutTheSecretIsRefused) {
  Handshake side = dialer(kSecret);
  const Outcome outcome =
      hear(side, listener(kSecret).greeting() +
                     hear(*std::make_unique<Handshake>(listener(kSecret)), side.greeting()).sent +
                     std::string(kProof, '\0'));
  EXPECT_EQ(outcome.status.code(), StatusCode::kPermissionDenied);
}

TEST(Handshake, PeerWithoutASecretLearnsThatOneIsRequired) {
  const Meeting none_at_dialer = meet(dialer(""), listener(kSecret));
  EXPECT_NE(none_at_dialer.listener.status.message().find("the peer has no shared secret"),
            std::string::npos);
  EXPECT_NE(none_at_dialer.dialer.status.message().find("this process has none"),
            std::string::npos);
  const Meeting none_at_listener = meet(dialer(kSecret), listener(""));
  EXPECT_NE(none_at_listener.listener.status.message().find("this process has none"),
            std::string::npos);
  EXPECT_NE(none_at_listener.dialer.status.message().find("the peer has no shared secret"),
            std::string::npos);
  EXPECT_FALSE(none_at_listener.dialer.done || none_at_dialer.listener.done);
}

TEST(Handshake, ReflectedBytesDoNotAuthenticate) {
  Handshake side = dialer(kSecret);
  EXPECT_NE(hear(side, side.greeting()).status.message().find("leads back to where it began"),
            std::string::npos);

  // Reflects the hello with the role changed.
  Handshake second = dialer(kSecret);
  std::string reflected = second.greeting();
  reflected[10] = 'L';
  EXPECT_NE(hear(second, reflected).status.message().find("own challenge"), std::string::npos);

  // The listener's nonce is a different one, and the dialer's own proof comes back.
  Handshake third = dialer(kSecret);
  std::string foreign = reflected;
  foreign.back() ^= 1;
  const Outcome proof = hear(third, foreign);
  ASSERT_EQ(proof.sent.size(), kProof);
  EXPECT_EQ(hear(third, proof.sent).status.code(), StatusCode::kPermissionDenied);
}

TEST(Handshake, ProofOfAnEarlierHandshakeIsRefused) {
  const Meeting earlier = meet(dialer(kSecret), listener(kSecret));
  Handshake later(Role::kListener, kSecret, "", nonce('m'));
  EXPECT_EQ(hear(later, earlier.to_listener).status.code(), StatusCode::kPermissionDenied);
}

TEST(Handshake, ProofForAnotherTlsConnectionIsRefused) {
  const Meeting meeting = meet(dialer(kSecret, "connection 1"), listener(kSecret, "connection 2"));
  EXPECT_EQ(meeting.listener.status.code(), StatusCode::kPermissionDenied);
}

TEST(Handshake, StrangersAreRefusedAtTheFirstWrongByteWithoutAnAnswer) {
  const std::vector<std::pair<std::string, std::string>> strangers = {
      {"GET / HTTP/1.1\r\n\r\n", "speaks HTTP"},
      {std::string("\x16\x03\x01\x02\x00\x01", 6), "speaks TLS"},
      {std::string(1, '\0'), "begins with the bytes 00"},
      {"WEIRD", "begins with the bytes 57454952"},
      {"SSH-2.0-OpenSSH", "not a transport of weir"}};
  for (const auto& [bytes, expected] : strangers) {
    Handshake side = listener(kSecret);
    const Outcome outcome = hear(side, bytes);
    EXPECT_FALSE(outcome.status.ok());
    EXPECT_NE(outcome.status.message().find(expected), std::string::npos)
        << outcome.status.to_string();
    EXPECT_EQ(outcome.sent, "");
  }
}

TEST(Handshake, AnotherVersionIsNamed) {
  Handshake side = listener("");
  std::string hello = dialer("").greeting();
  hello[8] = 7;
  EXPECT_NE(hear(side, hello).status.message().find("version 7"), std::string::npos);
}

TEST(Handshake, EveryPrefixIsUnfinishedAndEveryFlippedBitRefused) {
  const Meeting good = meet(dialer(kSecret), listener(kSecret));
  for (const bool of_listener : {true, false}) {
    const std::string& input = of_listener ? good.to_listener : good.to_dialer;
    for (size_t length = 0; length < input.size(); ++length) {
      Handshake side = of_listener ? listener(kSecret) : dialer(kSecret);
      const Outcome outcome = hear(side, std::string_view(input).substr(0, length), 1 + length % 9);
      EXPECT_TRUE(outcome.status.ok() && !outcome.done) << length;
    }
    for (size_t bit = 0; bit < input.size() * 8; ++bit) {
      std::string bad = input;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
      Handshake side = of_listener ? listener(kSecret) : dialer(kSecret);
      const Outcome outcome = hear(side, bad, 1 + bit % 50);
      EXPECT_FALSE(outcome.status.ok()) << "bit " << bit;
      EXPECT_FALSE(outcome.done) << "bit " << bit;
    }
  }
}

TEST(Handshake, RandomBytesAfterAValidBeginningAreRefused) {
  const std::string good = dialer(kSecret).greeting();
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    std::string bytes = good.substr(0, seed % (good.size() + 1));
    for (uint64_t i = 0; i < 20; ++i) {
      const uint64_t word = splitmix_output(seed * 100 + i);
      bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    Handshake side = listener(kSecret);
    const Outcome outcome = hear(side, bytes, 1 + seed % 97);
    EXPECT_FALSE(outcome.status.ok() || outcome.done) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir
