#include "fs/hdfs/security/gssapi_mechanism.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/security/digest_md5.h"

namespace weir {
namespace {

constexpr uint32_t kBufferBytes = 64 << 10;  // of a wrapped message, as announced to the server

std::string display(OM_uint32 code, int type) {
  std::string text;
  OM_uint32 more = 0;
  do {
    OM_uint32 minor = 0;
    gss_buffer_desc part = GSS_C_EMPTY_BUFFER;
    if (gss_display_status(&minor, code, type, const_cast<gss_OID>(gss_mech_krb5), &more, &part) !=
        GSS_S_COMPLETE)
      break;
    text +=
        (text.empty() ? "" : ": ") + std::string(static_cast<const char*>(part.value), part.length);
    gss_release_buffer(&minor, &part);
  } while (more != 0);
  return text;
}

Status failure(std::string_view what, OM_uint32 major, OM_uint32 minor) {
  std::string text = minor != 0 ? display(minor, GSS_C_MECH_CODE) : "";
  if (text.empty()) text = display(major, GSS_C_GSS_CODE);
  const std::string_view advice = kerberos_advice(text);
  const bool may_pass = text.find("Cannot contact any KDC") != std::string::npos;
  return Status(may_pass ? StatusCode::kUnavailable : StatusCode::kPermissionDenied,
                cat(what, ": ", text, advice.empty() ? "" : "; ", advice));
}

gss_buffer_desc buffer_of(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

std::string taken(gss_buffer_desc* buffer) {
  std::string bytes(static_cast<const char*>(buffer->value), buffer->length);
  OM_uint32 minor = 0;
  gss_release_buffer(&minor, buffer);
  return bytes;
}

StatusOr<gss_name_t> import_name(const std::string& text, gss_OID type) {
  gss_buffer_desc buffer = buffer_of(text);
  gss_name_t name = GSS_C_NO_NAME;
  OM_uint32 minor = 0;
  const OM_uint32 major = gss_import_name(&minor, &buffer, type, &name);
  if (GSS_ERROR(major) != 0)
    return failure(cat("\"", text, "\" is not a name of Kerberos"), major, minor);
  return name;
}

class GssapiMechanism final : public SaslMechanism {
 public:
  GssapiMechanism(std::string service, std::vector<Protection> accepted, gss_OID mechanism)
      : service_(std::move(service)), accepted_(std::move(accepted)), mechanism_(mechanism) {}
  ~GssapiMechanism() override {
    OM_uint32 minor = 0;
    gss_delete_sec_context(&minor, &context_, GSS_C_NO_BUFFER);
    gss_release_cred(&minor, &credential_);
    gss_release_name(&minor, &target_);
  }

  Status log_in(const KerberosLogin& login) {
    const bool is_principal = service_.find('/') != std::string::npos;
    WEIR_ASSIGN_OR_RETURN(
        target_,
        import_name(service_, is_principal ? const_cast<gss_OID>(GSS_KRB5_NT_PRINCIPAL_NAME)
                                           : GSS_C_NT_HOSTBASED_SERVICE));
    gss_name_t name = GSS_C_NO_NAME;
    if (!login.principal.empty()) {
      WEIR_ASSIGN_OR_RETURN(
          name, import_name(login.principal, const_cast<gss_OID>(GSS_KRB5_NT_PRINCIPAL_NAME)));
    }
    // With a keytab the library fetches tickets, and fetches them again before they expire. All
    // logins of one principal share a cache, so one ticket serves all connections.
    const std::string cache = cat("MEMORY:weir-", login.principal);
    gss_key_value_element_desc elements[] = {{"client_keytab", login.keytab.c_str()},
                                             {"ccache", cache.c_str()}};
    gss_key_value_set_desc store{2, elements};
    gss_OID_set_desc mechanisms{1, mechanism_};
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_acquire_cred_from(
        &minor, name, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
        login.keytab.empty() ? nullptr : &store, &credential_, nullptr, nullptr);
    OM_uint32 ignored = 0;
    gss_release_name(&ignored, &name);
    if (GSS_ERROR(major) == 0) return {};
    return failure(
        cat("cannot log in to Kerberos as ",
            login.principal.empty() ? "the ticket cache's principal" : login.principal,
            login.keytab.empty() ? " by the ticket cache" : cat(" with the keytab ", login.keytab)),
        major, minor);
  }

  StatusOr<std::string> answer(std::string_view challenge) override {
    if (established_) return choose_layer(challenge);
    gss_buffer_desc input = buffer_of(challenge);
    gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor = 0, flags = 0;
    const OM_uint32 major = gss_init_sec_context(
        &minor, credential_, &context_, target_, mechanism_,
        GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG | GSS_C_CONF_FLAG | GSS_C_SEQUENCE_FLAG, 0,
        GSS_C_NO_CHANNEL_BINDINGS, &input, nullptr, &output, &flags, nullptr);
    std::string token = taken(&output);
    if (GSS_ERROR(major) != 0)
      return failure(cat("cannot prove this process's identity to ", service_), major, minor);
    established_ = major == GSS_S_COMPLETE;
    if (established_ && (flags & GSS_C_MUTUAL_FLAG) == 0)
      return permission_denied(cat(service_, " has not proven its own identity"));
    return token;
  }

  Status finish(std::string_view) override {
    if (layer_chosen_) return {};
    return permission_denied(cat(service_, " ended the authentication by Kerberos too early"));
  }
  bool wraps() const override { return protection_ != Protection::kAuthentication; }

  StatusOr<std::string> wrap(std::string_view bytes) override {
    return wrap_with(bytes, protection_ == Protection::kPrivacy);
  }
  StatusOr<std::string> unwrap(std::string_view token) override {
    std::lock_guard lock(mutex_);
    gss_buffer_desc input = buffer_of(token);
    gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor = 0;
    int encrypted = 0;
    const OM_uint32 major = gss_unwrap(&minor, context_, &input, &output, &encrypted, nullptr);
    if (GSS_ERROR(major) != 0)
      return failure(cat("cannot verify what ", service_, " sent"), major, minor);
    std::string bytes = taken(&output);
    if (layer_chosen_ && protection_ == Protection::kPrivacy && encrypted == 0)
      return permission_denied(cat(service_, " sent bytes that are not encrypted"));
    return bytes;
  }

 private:
  StatusOr<std::string> wrap_with(std::string_view bytes, bool encrypt) {
    std::lock_guard lock(mutex_);
    gss_buffer_desc input = buffer_of(bytes);
    gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor = 0;
    const OM_uint32 major =
        gss_wrap(&minor, context_, encrypt ? 1 : 0, GSS_C_QOP_DEFAULT, &input, nullptr, &output);
    if (GSS_ERROR(major) != 0)
      return failure(cat("cannot protect bytes for ", service_), major, minor);
    return taken(&output);
  }

  /// RFC 4752, 3.1: the server offers layers as bits, the client chooses one.
  StatusOr<std::string> choose_layer(std::string_view challenge) {
    if (layer_chosen_)
      return permission_denied(cat(service_, " asks for more after the authentication"));
    WEIR_ASSIGN_OR_RETURN(const std::string offer, unwrap(challenge));
    if (offer.size() != 4)
      return permission_denied(cat(service_, " offered protection in ", offer.size(), " bytes"));
    const int offered = static_cast<unsigned char>(offer[0]);
    static constexpr Protection kAll[] = {Protection::kAuthentication, Protection::kIntegrity,
                                          Protection::kPrivacy};
    std::vector<Protection> liked = accepted_;
    if (liked.empty()) liked.assign(std::begin(kAll), std::end(kAll));
    const auto found = std::find_if(liked.begin(), liked.end(), [offered](Protection protection) {
      return (offered & bit_of(protection)) != 0;
    });
    if (found == liked.end()) {
      return permission_denied(
          cat(service_,
              " and this process have no level of protection in common: set "
              "hadoop.rpc.protection in core-site.xml to the NameNode's value"));
    }
    protection_ = *found;
    std::string choice;
    const uint32_t size = protection_ == Protection::kAuthentication ? 0 : kBufferBytes;
    choice.push_back(static_cast<char>(bit_of(protection_)));
    for (int shift = 16; shift >= 0; shift -= 8) choice.push_back(static_cast<char>(size >> shift));
    WEIR_ASSIGN_OR_RETURN(std::string token, wrap_with(choice, false));
    layer_chosen_ = true;
    return token;
  }
  static int bit_of(Protection protection) { return 1 << static_cast<int>(protection); }

  const std::string service_;
  const std::vector<Protection> accepted_;
  const gss_OID mechanism_;
  gss_name_t target_ = GSS_C_NO_NAME;
  gss_cred_id_t credential_ = GSS_C_NO_CREDENTIAL;
  gss_ctx_id_t context_ = GSS_C_NO_CONTEXT;
  bool established_ = false;
  bool layer_chosen_ = false;
  Protection protection_ = Protection::kAuthentication;
  std::mutex mutex_;  ///< the library's contexts are not for two threads at a time
};

}  // namespace

StatusOr<std::unique_ptr<SaslMechanism>> gssapi_mechanism(const KerberosLogin& login,
                                                          const std::string& service,
                                                          std::vector<Protection> accepted) {
  auto mechanism = std::make_unique<GssapiMechanism>(service, std::move(accepted),
                                                     const_cast<gss_OID>(gss_mech_krb5));
  WEIR_RETURN_IF_ERROR(mechanism->log_in(login));
  return std::unique_ptr<SaslMechanism>(std::move(mechanism));
}

StatusOr<std::string> negotiate_header(const KerberosLogin& login, const std::string& service) {
  static char kSpnego[] = "\x2b\x06\x01\x05\x05\x02";  // 1.3.6.1.5.5.2
  static gss_OID_desc spnego{6, kSpnego};
  const auto token_by = [&](gss_OID oid) -> StatusOr<std::string> {
    GssapiMechanism mechanism(service, {}, oid);
    WEIR_RETURN_IF_ERROR(mechanism.log_in(login));
    return mechanism.answer("");
  };
  const auto token = token_by(&spnego);
  if (token.ok()) return cat("Negotiate ", base64(*token));
  // SPNEGO hides the reason, which Kerberos itself tells.
  const auto plain = token_by(const_cast<gss_OID>(gss_mech_krb5));
  return plain.ok() ? token.status() : plain.status();
}

}  // namespace weir
