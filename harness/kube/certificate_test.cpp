#include "harness/kube/certificate.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>

namespace stateproof::kube {
namespace {

/// A certificate that ends at that second.
std::string certificate_until(std::time_t end) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_TIME_set(X509_getm_notBefore(certificate), end - 3600);
  ASN1_TIME_set(X509_getm_notAfter(certificate), end);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  BIO* text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(text, certificate);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text, &bytes);
  std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(text);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pem;
}

TEST(CertificateEnd, IsRead) {
  const auto end = certificate_end(certificate_until(1'700'000'000));
  ASSERT_TRUE(end);
  EXPECT_EQ(format_rfc3339(*end), "2023-11-14T22:13:20.000Z");
}

TEST(CertificateEnd, IsUnknownWithoutACertificate) {
  EXPECT_FALSE(certificate_end(""));
  EXPECT_FALSE(certificate_end("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n"));
}

}  // namespace
}  // namespace stateproof::kube
