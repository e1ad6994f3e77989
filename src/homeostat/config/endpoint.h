// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "homeostat/base/schema.h"

namespace homeostat::config {

/// Where a server listens: "127.0.0.1:4317", "[::1]:4317" or "localhost:4317"; port 0 lets the system choose.
struct ListenAddress {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;

    /// Whether only this machine can reach it.
    [[nodiscard]] bool is_loopback() const;
    friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

[[nodiscard]] std::string to_string(const ListenAddress& address);

struct TlsFiles {
    std::string certificate;  // PEM, the chain
    std::string key;          // PEM

    static constexpr auto schema() {
        return std::tuple{setting("certificate", &TlsFiles::certificate,
                                  "File with the certificate chain in PEM.", {.min = 1, .required = true}),
                          setting("key", &TlsFiles::key, "File with the private key in PEM.",
                                  {.min = 1, .required = true})};
    }
    friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

/// A server of ours. What other machines can reach needs TLS and a token.
struct Endpoint {
    bool enabled = true;
    ListenAddress listen;
    std::optional<TlsFiles> tls;
    std::string token_file;

    static constexpr auto schema() {
        return std::tuple{
            setting("enabled", &Endpoint::enabled, "Whether it listens at all."),
            setting("listen", &Endpoint::listen,
                    "Address and port. An address that other machines can reach needs tls and token_file."),
            setting("tls", &Endpoint::tls, "Certificate and key; without them it speaks plain text."),
            setting("token_file", &Endpoint::token_file,
                    "File with the bearer token that callers must show; none named: no token is asked for.")};
    }
    void check(Findings& findings) const;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace homeostat::config

template <>
struct homeostat::TextForm<homeostat::config::ListenAddress> {
    using Address = config::ListenAddress;
    static constexpr std::string_view kWanted = "an address and a port";
    static constexpr bool kNumeric = false;
    static std::string cure(std::string_view) { return "write it as in 127.0.0.1:4317 or [::1]:4317"; }
    static std::optional<Address> parse(std::string_view text);
    static json::Value show(const Address& value) { return to_string(value); }
    static json::Value schema() {
        return text_form::schema_of_text("^(\\[[0-9a-fA-F:.]+\\]|[^:\\[\\]]+):[0-9]+$");
    }
};
