#include "kafka/scram.h"

#include <gtest/gtest.h>

namespace weir::kafka {
namespace {

// The example of RFC 7677.
constexpr char kNonce[] = "rOprNGfwEbeRWgbNEkqO";
constexpr char kServerFirst[] =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr char kServerFinal[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

Scram client() { return {Scram::Hash::kSha256, "user", "pencil", kNonce}; }

TEST(KafkaScram, ProvesThePasswordAsInTheStandard) {
  Scram scram = client();
  EXPECT_EQ(scram.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(scram.final_to(kServerFirst).value(),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_TRUE(scram.verify(kServerFinal).ok());
}

TEST(KafkaScram, ServerWithoutThePasswordIsRefused) {
  Scram scram = client();
  EXPECT_FALSE(scram.verify(kServerFinal).ok()) << "before the exchange";
  ASSERT_TRUE(scram.final_to(kServerFirst).ok());
  EXPECT_FALSE(scram.verify("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").ok());
  EXPECT_FALSE(scram.verify("v=").ok());
  EXPECT_FALSE(scram.verify("").ok());
  EXPECT_EQ(scram.verify("e=invalid-proof").message(),
            "the broker refuses the SCRAM authentication: invalid-proof");
}

TEST(KafkaScram, BadServerMessagesAreRefused) {
  for (const char* message :
       {"", "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=rOprNGfwEbeRWgbNEkqO,s=YQ==,i=4096",
        "r=rOprNGfwEbeRWgbNEkqOx,s=YQ==,i=100", "r=rOprNGfwEbeRWgbNEkqOx,s=YQ==,i=2000000000",
        "r=rOprNGfwEbeRWgbNEkqOx,s=Y,i=4096", "r=rOprNGfwEbeRWgbNEkqOx,i=4096",
        "r=rOprNGfwEbeRWgbNEkqOx,s=====,i=4096"}) {
    EXPECT_EQ(client().final_to(message).status().code(), StatusCode::kPermissionDenied) << message;
  }
}

TEST(KafkaScram, NamesWithSeparatorsAreEscaped) {
  const Scram scram(Scram::Hash::kSha512, "a,b=c", "p", "n");
  EXPECT_EQ(scram.first(), "n,,n=a=2Cb=3Dc,r=n");
}

}  // namespace
}  // namespace weir::kafka
