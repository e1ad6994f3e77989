// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "homeostat/adapters/http/server.h"

namespace homeostat::http {

/// A key and a certificate for it that it has signed itself, in files that are gone with the object.
class SelfSigned {
public:
    /// `name` is what the certificate is for, such as "IP:127.0.0.1" or "DNS:example.org".
    explicit SelfSigned(const char* name = "IP:127.0.0.1")
        : folder_(std::filesystem::temp_directory_path() /
                  ("homeostat-tls-" + std::to_string(::getpid()) + "-" + std::to_string(++made_))) {
        std::filesystem::create_directories(folder_);
        const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
        const Certificate certificate = sign(key.get(), name);
        with_file(files().private_key, [&](std::FILE* file) {
            return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
        with_file(files().certificate_chain,
                  [&](std::FILE* file) { return PEM_write_X509(file, certificate.get()); });
    }
    ~SelfSigned() { std::filesystem::remove_all(folder_); }
    SelfSigned(const SelfSigned&) = delete;
    SelfSigned& operator=(const SelfSigned&) = delete;

    [[nodiscard]] TlsFiles files() const {
        return {.certificate_chain = (folder_ / "certificate.pem").string(),
                .private_key = (folder_ / "key.pem").string()};
    }

private:
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

    static Certificate sign(EVP_PKEY* key, const char* name) {
        constexpr long kDay = 24L * 3600;
        Certificate certificate(X509_new(), X509_free);
        X509_set_version(certificate.get(), X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay);
        X509_set_pubkey(certificate.get(), key);
        auto* owner = X509_get_subject_name(certificate.get());
        X509_NAME_add_entry_by_txt(owner, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>("homeostat test"), -1, -1, 0);
        X509_set_issuer_name(certificate.get(), owner);
        const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> names(
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, name), X509_EXTENSION_free);
        X509_add_ext(certificate.get(), names.get(), -1);
        EXPECT_GT(X509_sign(certificate.get(), key, EVP_sha256()), 0);
        return certificate;
    }

    template <class Write>
    static void with_file(const std::string& path, Write&& write) {
        const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "w"),
                                                                      std::fclose);
        ASSERT_NE(file, nullptr) << path;
        EXPECT_EQ(write(file.get()), 1) << path;
    }

    static inline int made_ = 0;
    std::filesystem::path folder_;
};

}  // namespace homeostat::http
