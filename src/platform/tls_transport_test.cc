#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <future>

#include "platform/tcp_transport.h"
#include "platform/tcp_world_test.h"
#include "platform/transport_conformance.h"

namespace weir {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

/// A key and its certificate, signed by `issuer` or by the key itself.
class Identity {
 public:
  explicit Identity(const char* name, const Identity* issuer = nullptr)
      : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")), certificate_(X509_new()) {
    X509* const made = certificate_.get();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(
        made, X509_get_subject_name(issuer != nullptr ? issuer->certificate_.get() : made));
    X509_set_pubkey(made, key_.get());
    X509_EXTENSION* const authority =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints,
                            issuer != nullptr ? "CA:FALSE" : "critical,CA:TRUE");
    X509_add_ext(made, authority, -1);
    X509_EXTENSION_free(authority);
    EXPECT_GT(X509_sign(made, issuer != nullptr ? issuer->key_.get() : key_.get(), EVP_sha256()),
              0);
  }

  std::string certificate_pem() const {
    return text_of([this](BIO* bio) { return PEM_write_bio_X509(bio, certificate_.get()); });
  }
  /// The certificate followed by the key.
  std::string pem(const char* password = nullptr) const {
    return certificate_pem() + text_of([&](BIO* bio) {
             return PEM_write_bio_PrivateKey(bio, key_.get(),
                                             password != nullptr ? EVP_aes_256_cbc() : nullptr,
                                             nullptr, 0, nullptr, const_cast<char*>(password));
           });
  }
  std::string pkcs12(const char* password) const {
    return pkcs12_of(password, key_.get(), certificate_.get(), nullptr);
  }
  std::string pkcs12_without_key(const char* password) const {
    STACK_OF(X509)* const certificates = sk_X509_new_null();
    sk_X509_push(certificates, certificate_.get());
    std::string bytes = pkcs12_of(password, nullptr, nullptr, certificates);
    sk_X509_free(certificates);
    return bytes;
  }

 private:
  template <class Write>
  static std::string text_of(Write write) {
    const std::unique_ptr<BIO, Deleter<BIO_free_all>> bio(BIO_new(BIO_s_mem()));
    EXPECT_EQ(write(bio.get()), 1);
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<size_t>(length)};
  }
  static std::string pkcs12_of(const char* password, EVP_PKEY* key, X509* own,
                               STACK_OF(X509) * others) {
    const std::unique_ptr<PKCS12, Deleter<PKCS12_free>> store(
        PKCS12_create(password, "weir", key, own, others, 0, 0, 0, 0, 0));
    return text_of([&](BIO* bio) { return i2d_PKCS12_bio(bio, store.get()); });
  }

  static inline int serial = 0;
  std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>> key_;
  std::unique_ptr<X509, Deleter<X509_free>> certificate_;
};

struct Certificates {
  TestDirectory directory;
  Identity authority{"an authority"};
  Identity other_authority{"another authority"};
  Identity member{"a member", &authority};
  Identity outsider{"an outsider", &other_authority};

  /// Presents `own`, trusts certificates that `trusted` signed.
  TransportSecurity security(const Identity& own, const Identity& trusted) const {
    TransportSecurity security;
    security.tls = true;
    security.keystore = directory.file("own.pem", own.pem());
    security.truststore = directory.file("trusted.pem", trusted.certificate_pem());
    return security;
  }
};

/// Makes the transports read the files of `security` while they exist.
std::unique_ptr<TcpWorld> world_of(const TransportSecurity& security) {
  auto world = std::make_unique<TcpWorld>(security);
  for (Transport* one : {&world->dialing(), &world->listening()}) {
    const auto listener = one->listen(world->address(), nullptr);
    EXPECT_TRUE(listener.ok()) << listener.status().to_string();
  }
  return world;
}

TransportSecurity with_secret(const TestDirectory& directory) {
  TransportSecurity security;
  security.shared_secret_file = directory.file("secret", "0123456789abcdef");
  return security;
}

TransportSecurity with_secret_too(const Certificates& certificates) {
  TransportSecurity security = certificates.security(certificates.member, certificates.authority);
  security.shared_secret_file = certificates.directory.file("secret", "0123456789abcdef");
  return security;
}

INSTANTIATE_TEST_SUITE_P(
    Tcp, TransportConformance,
    testing::Values(TransportUnderTest{"plain", [] { return world_of({}); }},
                    TransportUnderTest{"secret",
                                       [] { return world_of(with_secret(TestDirectory())); }},
                    TransportUnderTest{"tls",
                                       [] {
                                         const Certificates certificates;
                                         return world_of(certificates.security(
                                             certificates.member, certificates.authority));
                                       }},
                    TransportUnderTest{"tls_and_secret",
                                       [] { return world_of(with_secret_too(Certificates())); }}),
    [](const auto& info) { return info.param.name; });

/// The dialer's result when it dials the listener; OK if the connection was accepted.
Status outcome_of(const TransportSecurity& dialing, const TransportSecurity& listening) {
  TcpWorld world(dialing, listening);
  TransportAcceptor acceptor(world);
  const auto listener = world.listening().listen(world.address(), acceptor.acceptor());
  if (!listener.ok()) return listener.status();
  TransportInbox inbox(world);
  const auto connection =
      world.dialing().dial({"127.0.0.1", (*listener)->port()}, inbox.endpoint());
  EXPECT_TRUE(world.run_until([&] { return acceptor.count() > 0 || !inbox.breaks().empty(); }));
  if (inbox.breaks().empty()) return {};
  EXPECT_EQ(acceptor.count(), 0u);
  return inbox.breaks()[0];
}

TEST(TlsTransport, ListenerRefusesACertificateOfAnotherAuthority) {
  const Certificates made;
  const Certificates more;  // the same file names in another directory
  const Status status = outcome_of(more.security(made.outsider, made.authority),
                                   made.security(made.member, made.authority));
  EXPECT_TRUE(has(status, "the peer refuses TLS with this process")) << status.to_string();
  EXPECT_TRUE(has(status, "127.0.0.1:")) << status.to_string();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
}

TEST(TlsTransport, DialerRefusesACertificateOfAnotherAuthority) {
  const Certificates made;
  const Certificates more;
  const Status status = outcome_of(more.security(made.member, made.other_authority),
                                   made.security(made.member, made.authority));
  EXPECT_TRUE(has(status, "the peer's certificate is not trusted") &&
              has(status, "security.ssl.internal.truststore"))
      << status.to_string();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
}

TEST(TlsTransport, PeerWithoutACertificateIsRefused) {
  const Certificates made;
  TcpWorld world(made.security(made.member, made.authority));
  Listening listening(world);
  Stranger peer(listening.address().port);
  const std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
  const std::unique_ptr<SSL, Deleter<SSL_free>> ssl(SSL_new(context.get()));
  ASSERT_EQ(SSL_set_fd(ssl.get(), peer.socket()), 1);
  // With TLS 1.3 the peer considers itself connected before the listener has checked it.
  if (SSL_connect(ssl.get()) == 1) {
    const std::string greeting = Handshake(Handshake::Role::kDialer, "", "", {}).greeting();
    (void)SSL_write(ssl.get(), greeting.data(), static_cast<int>(greeting.size()));
    char byte = 0;
    EXPECT_LE(SSL_read(ssl.get(), &byte, 1), 0) << "the listener answers";
  }
  EXPECT_TRUE(peer.is_closed());
  EXPECT_EQ(listening.acceptor.count(), 0u);
}

/// Frames may wait in the kernel, and in OpenSSL, when the connection's budget is used up; no new
/// event announces them.
void expect_all_frames_by_turns(const TransportSecurity& security) {
  constexpr int kFrames = 12;
  TcpWorld world(security, TcpOptions{.read_budget = 5'000});
  Listening listening(world);
  std::promise<void> entered;
  std::promise<void> go_on;
  TransportInbox inbox(world);
  Endpoint keep = inbox.endpoint();
  const auto connection =
      world.dialing().dial(listening.address(), {[&](std::string frame) {
                                                   const bool first = frame == "first";
                                                   keep.on_frame(std::move(frame));
                                                   if (!first) return;
                                                   entered.set_value();
                                                   go_on.get_future().wait();
                                                 },
                                                 keep.on_break});
  auto* accepted = listening.acceptor.await(0);
  ASSERT_NE(accepted, nullptr);
  accepted->connection->send("first");
  entered.get_future().wait();
  std::vector<std::string> sent = {"first"};
  for (int i = 0; i < kFrames; ++i) {
    sent.push_back(std::string(4'000, static_cast<char>('a' + i)));
    accepted->connection->send(sent.back());
  }
  ASSERT_EQ(world.listening().counters().bytes_queued, 0) << "they are not all in the kernel";
  go_on.set_value();
  ASSERT_TRUE(inbox.await_frames(sent.size()))
      << inbox.frames().size() << " of " << sent.size() << " came";
  EXPECT_EQ(inbox.frames(), sent);
}

TEST(TlsTransport, ConnectionThatYieldsToOthersLosesNothing) {
  const Certificates made;
  expect_all_frames_by_turns(made.security(made.member, made.authority));
  expect_all_frames_by_turns({});
}

TEST(TlsTransport, TlsAtOneEndOnlyIsRefusedAndSaysSo) {
  const Certificates made;
  const TransportSecurity tls = made.security(made.member, made.authority);
  const Status plain_dialer = outcome_of({}, tls);
  EXPECT_TRUE(has(plain_dialer, "security.ssl.internal.enabled")) << plain_dialer.to_string();
  const Status plain_listener = outcome_of(tls, {});
  EXPECT_TRUE(has(plain_listener, "security.ssl.internal.enabled")) << plain_listener.to_string();
}

TEST(TlsTransport, SecretIsRequiredInsideTlsToo) {
  const Certificates made;
  const Status status =
      outcome_of(made.security(made.member, made.authority), with_secret_too(made));
  EXPECT_TRUE(has(status, "asks for a shared secret")) << status.to_string();
}

TEST(TlsTransport, KeystoresMayBePkcs12AndTrustTheirOwnCertificate) {
  const TestDirectory directory;
  const Identity own("shared by all, as in a Flink cluster");
  TransportSecurity security;
  security.tls = true;
  security.keystore = directory.file("own.p12", own.pkcs12("swordfish"));
  security.keystore_password = "swordfish";
  security.truststore = directory.file("trusted.p12", own.pkcs12_without_key("opensesame"));
  security.truststore_password = "opensesame";
  EXPECT_TRUE(outcome_of(security, security).ok()) << outcome_of(security, security).to_string();
  security.keystore_password = "wrong";
  EXPECT_TRUE(has(outcome_of(security, security), "own.p12 cannot be opened"))
      << outcome_of(security, security).to_string();
}

TEST(TlsTransport, CertificateThatIsNoRootMayBeTrusted) {
  const Certificates made;
  const TransportSecurity pinned = made.security(made.member, made.member);
  EXPECT_TRUE(outcome_of(pinned, pinned).ok()) << outcome_of(pinned, pinned).to_string();
}

TEST(TlsTransport, EncryptedKeyIsReadWithItsPassword) {
  const Certificates made;
  TransportSecurity security = made.security(made.member, made.authority);
  security.keystore = made.directory.file("encrypted.pem", made.member.pem("swordfish"));
  EXPECT_TRUE(has(outcome_of(security, security), "no private key that can be read"));
  security.key_password = "swordfish";
  EXPECT_TRUE(outcome_of(security, security).ok()) << outcome_of(security, security).to_string();
}

TEST(TlsTransport, UnusableFilesAreNamedWithTheirKey) {
  const Certificates made;
  const TransportSecurity good = made.security(made.member, made.authority);
  const auto reason = [](TransportSecurity security) {
    TcpTransport transport(std::move(security));
    return transport.listen({"127.0.0.1", 0}, nullptr).status();
  };
  TransportSecurity bad = good;
  bad.keystore = "/nowhere/own.pem";
  EXPECT_TRUE(has(reason(bad), "security.ssl.internal.keystore /nowhere/own.pem"));
  bad.keystore = "";
  EXPECT_TRUE(has(reason(bad), "security.ssl.internal.keystore is not set"));
  bad.keystore = made.directory.file("own.jks", "\xfe\xed\xfe\xed and so on");
  EXPECT_TRUE(has(reason(bad), "keytool -importkeystore"));
  bad.keystore = made.directory.file("noise", "noise");
  EXPECT_TRUE(has(reason(bad), "is neither PEM nor PKCS12"));
  bad.keystore =
      made.directory.file("mixed.pem", made.outsider.certificate_pem() + made.member.pem());
  EXPECT_TRUE(has(reason(bad), "cannot be used")) << reason(bad).to_string();
  bad = good;
  bad.truststore = made.directory.file("empty.pem", "-----BEGIN NOTHING-----");
  EXPECT_TRUE(has(reason(bad), "trusts nobody"));
}

TEST(TlsTransport, HandshakesOfDialedConnectionsDoNotWaitForTheThreadOfRecords) {
  const Certificates made;
  const auto world = world_of(made.security(made.member, made.authority));
  Listening listening(*world);
  std::promise<void> may_go_on, blocked;
  const auto first =
      world->dialing().dial(listening.address(), {[&, once = false](std::string) mutable {
                                                    if (std::exchange(once, true)) return;
                                                    blocked.set_value();
                                                    may_go_on.get_future().wait();
                                                  },
                                                  nullptr});
  auto* const accepted = listening.acceptor.await(0);
  ASSERT_NE(accepted, nullptr);
  accepted->connection->send("keeps the thread of records busy");
  blocked.get_future().wait();
  TransportInbox inbox(*world);
  const auto second = world->dialing().dial(listening.address(), inbox.endpoint());
  second->send("from the second");
  EXPECT_NE(listening.acceptor.await(1), nullptr) << "its handshake is complete";
  may_go_on.set_value();
  auto* const other = listening.acceptor.await(1);
  ASSERT_NE(other, nullptr);
  EXPECT_TRUE(other->inbox.await_frames(1));
  other->connection->send("to the second");
  EXPECT_TRUE(inbox.await_frames(1));
}

TEST(TlsTransport, FramesArriveOfAConnectionThatWasAbandonedInTheHandshake) {
  const Certificates made;
  const auto world = world_of(made.security(made.member, made.authority));
  Listening listening(*world);
  for (size_t i = 0; i < 20; ++i) {
    world->dialing().dial(listening.address(), Endpoint{})->send("the last words");
    auto* const accepted = listening.acceptor.await(i);
    ASSERT_NE(accepted, nullptr);
    EXPECT_TRUE(accepted->inbox.await_frames(1));
    EXPECT_TRUE(accepted->inbox.await_break()) << "the lingering ends";
  }
}

}  // namespace
}  // namespace weir
