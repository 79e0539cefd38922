// Damages what servers of HDFS may send: the client refuses or reads it.

#include <gtest/gtest.h>

#include "fs/hdfs/data/block_pipeline.h"
#include "fs/hdfs/data/block_reader.h"
#include "fs/hdfs/data/transfer_protection.h"
#include "fs/hdfs/rpc/delimited.h"
#include "fs/hdfs/rpc/hadoop.pb.h"
#include "fs/hdfs/rpc/rpc_authentication.h"
#include "fs/hdfs/rpc/rpc_connection.h"
#include "fs/hdfs/security/digest_md5.h"
#include "fs/testing/mutations.h"

namespace weir {
namespace {

constexpr std::chrono::seconds kSecond{1};
const std::string kClient = "client";

/// A server that sends its bytes after so many writes, whatever it is asked, in pieces, and closes.
class Monologue final : public TcpClient {
 public:
  explicit Monologue(std::string bytes, int after_writes = 0, size_t piece = SIZE_MAX)
      : bytes_(std::move(bytes)), piece_(piece), missing_writes_(after_writes) {}
  Status read(size_t max, std::chrono::milliseconds, std::string* bytes, bool* end) override {
    *bytes = missing_writes_ > 0 ? "" : bytes_.substr(at_, std::min(max, piece_));
    at_ += bytes->size();
    *end = bytes->empty() && missing_writes_ <= 0;
    return {};
  }
  Status write(std::string_view, std::chrono::milliseconds) override {
    --missing_writes_;
    return {};
  }

 private:
  const std::string bytes_;
  const size_t piece_;
  int missing_writes_;
  size_t at_ = 0;
};

DataNodeDialer dialer_to(const std::string& bytes) {
  DataNodeDialer dialer;
  dialer.connect = [bytes](const std::string&, int, std::chrono::milliseconds) {
    return StatusOr<std::unique_ptr<TcpClient>>(std::make_unique<Monologue>(bytes));
  };
  return dialer;
}

hadoop::LocatedBlock some_block() {
  hadoop::LocatedBlock block;
  block.mutable_b()->set_poolid("pool");
  block.mutable_b()->set_blockid(1);
  block.mutable_b()->set_generationstamp(1);
  block.mutable_b()->set_numbytes(3000);
  block.set_offset(0);
  block.set_corrupt(false);
  for (std::string* text :
       {block.mutable_blocktoken()->mutable_identifier(),
        block.mutable_blocktoken()->mutable_password(), block.mutable_blocktoken()->mutable_kind(),
        block.mutable_blocktoken()->mutable_service()})
    text->clear();
  hadoop::DatanodeId* id = block.add_locs()->mutable_id();
  id->set_ipaddr("10.0.0.1");
  id->set_hostname("dn");
  id->set_datanodeuuid("uuid");
  id->set_xferport(9866);
  id->set_infoport(0);
  id->set_ipcport(0);
  return block;
}

std::string delimited(const google::protobuf::MessageLite& message) {
  std::string bytes;
  append_delimited(message, &bytes);
  return bytes;
}

std::string framed(const std::string& body) {
  std::string bytes;
  append_be32(static_cast<uint32_t>(body.size()), &bytes);
  return bytes + body;
}

std::string reply(uint32_t id, hadoop::RpcResponseHeader::RpcStatus status,
                  const std::string& body) {
  hadoop::RpcResponseHeader header;
  header.set_callid(id);
  header.set_status(status);
  if (status != hadoop::RpcResponseHeader::SUCCESS) {
    header.set_exceptionclassname("java.io.FileNotFoundException");
    header.set_errormsg("no such file\n\tat x");
  }
  return framed(delimited(header) + body);
}

TEST(HostileServersTest, RepliesToCalls) {
  hadoop::DeleteResponse response;
  response.set_result(true);
  const std::string good = reply(5, hadoop::RpcResponseHeader::SUCCESS, delimited(response));
  Mutations mutations({good, reply(5, hadoop::RpcResponseHeader::ERROR, ""),
                       reply(UINT32_MAX, hadoop::RpcResponseHeader::FATAL, ""),
                       reply(4, hadoop::RpcResponseHeader::SUCCESS, "x") + good});
  constexpr int kOpeningAndCall = 2;
  int answered = 0;
  for (std::string bytes; mutations.next(&bytes);) {
    const auto connection = RpcConnection::open(std::make_unique<Monologue>(bytes, kOpeningAndCall),
                                                {std::string(16, 'c'), {"bob"}}, false,
                                                [] { return MonotonicTime(0); });
    ASSERT_TRUE(connection.ok());
    const RpcReply got = (*connection)->call({.id = 5, .method = "delete", .request = ""}, kSecond);
    if (got.outcome == RpcReply::Outcome::kAnswered) ++answered;
    ASSERT_LE(got.body.size() + got.message.size(), bytes.size() + 100);
  }
  EXPECT_GT(answered, 0);
}

TEST(HostileServersTest, AuthenticationOfCalls) {
  const auto step = [](hadoop::RpcSasl::State state, const std::string& token, bool offers) {
    hadoop::RpcSasl message;
    message.set_state(state);
    if (!token.empty()) message.set_token(token);
    if (offers) {
      auto* auth = message.add_auths();
      auth->set_method("TOKEN");
      auth->set_mechanism("DIGEST-MD5");
      auth->set_protocol("");
      auth->set_serverid("default");
      auth->set_challenge(
          "realm=\"default\",nonce=\"n\",qop=\"auth,auth-int\",charset=utf-8,algorithm=md5-sess");
    }
    return reply(static_cast<uint32_t>(-33), hadoop::RpcResponseHeader::SUCCESS,
                 delimited(message));
  };
  const std::string offer = step(hadoop::RpcSasl::NEGOTIATE, "", true);
  Mutations mutations({offer + step(hadoop::RpcSasl::SUCCESS, "rspauth=0", false),
                       offer + step(hadoop::RpcSasl::CHALLENGE, "more", false),
                       reply(static_cast<uint32_t>(-33), hadoop::RpcResponseHeader::FATAL, "")});
  RpcAuthentication authentication;
  authentication.token = [](const std::string& uri) -> RpcAuthentication::Mechanism {
    return digest_md5_mechanism({"u", "p", uri}, {}, "n");
  };
  for (std::string bytes; mutations.next(&bytes);) {
    const auto done =
        authenticate_rpc(std::make_unique<Monologue>(bytes), authentication, "nn", kSecond);
    ASSERT_FALSE(done.ok()) << "a server that has proven nothing";
  }
}

TEST(HostileServersTest, AuthenticationOfDataNodes) {
  hadoop::DataTransferEncryptorMessage challenge, proof;
  challenge.set_status(hadoop::DataTransferEncryptorMessage::SUCCESS);
  challenge.set_payload("realm=\"0\",nonce=\"n\",qop=\"auth-conf\",cipher=\"rc4\",charset=utf-8");
  proof.set_status(hadoop::DataTransferEncryptorMessage::SUCCESS);
  proof.set_payload("rspauth=0");
  proof.add_cipheroption()->set_suite(2);
  hadoop::DataTransferEncryptorMessage refusal;
  refusal.set_status(hadoop::DataTransferEncryptorMessage::ERROR_UNKNOWN_KEY);
  const std::string with_cipher = delimited(challenge) + delimited(proof);
  proof.clear_cipheroption();
  Mutations mutations({with_cipher, delimited(challenge) + delimited(proof), delimited(refusal)});
  for (std::string bytes; mutations.next(&bytes);) {
    bool key_unknown = false;  // byte by byte: a DataNode waits for the answer to its challenge
    ASSERT_FALSE(protect_transfer(std::make_unique<Monologue>(bytes, 0, 1), {"u", "p", "hdfs/0"},
                                  Protection::kPrivacy, "n", kSecond, &key_unknown)
                     .ok())
        << "a server that has proven nothing";
  }
}

TEST(HostileServersTest, BytesOfBlocks) {
  hadoop::BlockOpResponse begin;
  begin.set_status(hadoop::DATA_SUCCESS);
  auto* sums = begin.mutable_readopchecksuminfo();
  sums->mutable_checksum()->set_type(hadoop::CHECKSUM_CRC32C);
  sums->mutable_checksum()->set_bytesperchecksum(512);
  sums->set_chunkoffset(0);
  std::string good = delimited(begin);
  for (int i = 0; i < 3; ++i) {
    OutgoingPacket packet(1024);
    packet.reset(1024 * i);
    packet.append(std::string(1024, static_cast<char>('a' + i)));
    packet.seal();
    good += packet.encode(i, false, false);
  }
  hadoop::BlockOpResponse refusal;
  refusal.set_status(hadoop::DATA_ERROR);
  refusal.set_message("no such block");
  Mutations mutations({good, delimited(refusal)});
  const hadoop::LocatedBlock block = some_block();
  int complete = 0;
  for (std::string bytes; mutations.next(&bytes);) {
    ReadFault fault;
    const auto reader = BlockReader::open(
        dialer_to(bytes), kSecond,
        {.block = block, .node = 0, .offset = 10, .length = 2990, .client_name = kClient}, &fault);
    if (!reader) continue;
    std::string memory(2990, '\0');
    if (!reader->read(2990, memory.data(), &fault)) {
      ASSERT_FALSE(fault.status.ok());
      ASSERT_GT(reader->left(), 0);
      continue;
    }
    ++complete;
    ASSERT_EQ(reader->left(), 0);
  }
  EXPECT_GT(complete, 0);
}

TEST(HostileServersTest, Acknowledgements) {
  hadoop::BlockOpResponse begin;
  begin.set_status(hadoop::DATA_SUCCESS);
  std::string good = delimited(begin);
  for (int i = 0; i < 4; ++i) {
    hadoop::PipelineAck ack;
    ack.set_seqno(i);
    ack.add_reply(hadoop::DATA_SUCCESS);
    good += delimited(ack);
  }
  Mutations mutations({good});
  const hadoop::LocatedBlock block = some_block();
  for (std::string bytes; mutations.next(&bytes);) {
    PipelineFault fault;
    const auto pipeline = BlockPipeline::open(dialer_to(bytes), kSecond,
                                              {.block = block, .client_name = kClient}, &fault);
    if (!pipeline) continue;
    int64_t sequence = 0;
    for (int64_t next = 0; pipeline->receive(kSecond, &sequence) && sequence >= 0; ++next)
      ASSERT_EQ(sequence, next);
  }
}

}  // namespace
}  // namespace weir
